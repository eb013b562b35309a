"""What the commands share: the parser, the options of an agent, and reading of what a person typed."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from agents.agent import AgentOptions
    from agents.tasks import Task
    from planner.language import ModelOptions

MAX_ENVS = 65_536


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line instead of a page of usage."""

    def error(self, message: str) -> NoReturn:
        fail(f"{message}; see `{self.prog} --help`")


def fail(message: str) -> NoReturn:
    """End with one line about the user's mistake."""
    print(f"saycraft: {one_line(message)}", file=sys.stderr)
    raise SystemExit(2)


def one_line(message: object) -> str:
    """A message without line breaks."""
    return " ".join(str(message).split())


def add_command(commands: Any, name: str, function: Any, text: str) -> Parser:
    """A parser for one more command, which runs `function` (None: it has commands of its own)."""
    parser = commands.add_parser(name, help=text, description=text)
    if function is not None:
        parser.set_defaults(run=function)
        parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def add_agent_options(p: argparse.ArgumentParser) -> None:
    """The options that say which agent works, and where."""
    p.add_argument("--world", default="craft", help="craft (default), kitchen or minedojo")
    p.add_argument("--planner", default="hybrid", help="hybrid (default), saycan, generate, no-affordance or plan4mc")
    p.add_argument("--llm", default="embedded", metavar="SPEC",
                   help="embedded (default), hf:PATH_OR_ID, openai:MODEL or langchain:PROVIDER:MODEL")  # fmt: skip
    p.add_argument("--base-url", metavar="URL", help="of an OpenAI-compatible server, for --llm openai:MODEL")
    p.add_argument("--device", help="for --llm hf:...: cpu, cuda, cuda:1 (default: cuda where there is one)")
    p.add_argument("--dtype", help="for --llm hf:...: float32, bfloat16, float16")
    p.add_argument("--llm-cap", type=whole(1), metavar="TOKENS", help="stop when a server has used so many tokens")
    p.add_argument("--llm-price", type=float, nargs=2, default=(0.0, 0.0), metavar=("IN", "OUT"),
                   help="dollars per million tokens, for the cost shown")  # fmt: skip
    p.add_argument("--library", metavar="NAME|FILE", help="skill library (default: the world's own)")
    p.add_argument("--seed", type=whole(0), default=0, help="default 0")
    p.add_argument("--backend", default="minecraft", choices=("minecraft", "embedded"),
                   help="what --world minedojo runs on: Minecraft (default), or the embedded world behind its Python")  # fmt: skip


def agent_options(a: argparse.Namespace, **more: Any) -> AgentOptions:
    """The agent that the options of `add_agent_options` ask for."""
    from agents.agent import AgentOptions

    return AgentOptions(a.world, a.planner, a.llm, a.library, seed=a.seed, backend=a.backend,
                        llm_options=model_options(a), **more)  # fmt: skip


def model_options(a: argparse.Namespace) -> ModelOptions:
    """The language model's part of them."""
    from planner.language import ModelOptions

    return ModelOptions(a.base_url, a.device, a.dtype, a.llm_cap, tuple(a.llm_price))


def chosen_library(a: argparse.Namespace) -> Any:
    """The skill library that was named, or the world's own."""
    from agents.agent import AgentOptions, load_library

    return load_library(AgentOptions(world=a.world, library=a.library))


def read_task(a: argparse.Namespace, start: dict[str, Any]) -> tuple[Task, str]:
    """The command as a task, and how it was understood (empty when it was exact)."""
    from agents.agent import understand
    from agents.tasks import Task

    found = understand(a.command, chosen_library(a), start)
    note = "" if found.probability > 0.999 else f"   (understood: {found.text}; probability {found.probability:.2f})"
    return Task("command", a.command, tuple(found.goal), "command", a.world, start), note


def read_start(text: str | None) -> dict[str, Any]:
    """--start: a JSON object, or the path of a file that holds one."""
    if text is None:
        return {}
    source = "--start"
    if not text.lstrip().startswith("{"):
        if not Path(text).is_file():
            fail(f'--start: got \'{text}\', expected a JSON object such as {{"biome": "forest"}} or a file')
        source, text = text, Path(text).read_text(encoding="utf-8")
    try:
        start = json.loads(text)
    except json.JSONDecodeError as error:
        fail(f"{source}: not JSON at column {error.colno}: {error.msg}")
    if not isinstance(start, dict):
        fail(f"{source}: expected a JSON object, got {text[:40]}")
    return start


def check_known(name: str, known: Any, what: str) -> None:
    """End with near names unless the name is a known one."""
    if name not in known:
        from agents.tasks import near

        fail(f"unknown {what} '{name}'; near ones: {near(name, known)}")


def whole(low: int, high: int | None = None) -> Any:
    """A parser of whole numbers from `low` to `high`."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if value < low or (high is not None and value > high):
            most = f" and at most {high}" if high is not None else ""
            raise argparse.ArgumentTypeError(f"expected a whole number of at least {low}{most}, got '{text}'")
        return value

    return parse


def whole_list(text: str) -> list[int]:
    """Batch sizes, by commas."""
    return [whole(1, MAX_ENVS)(part) for part in text.split(",")]


def positive(text: str) -> float:
    """A number above zero."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a positive number, got '{text}'")
    return value
