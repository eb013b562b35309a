"""The command line of saycraft: parses, calls, prints; every heavy import waits until its command needs it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the rooms of this house come before namesakes elsewhere

if TYPE_CHECKING:
    from agents.agent import AgentOptions
    from agents.tasks import Task
    from agents.trace import Trace
    from planner.language import ModelOptions

VERSION = "0.1.0"
BENCHES = ("world", "policies", "scoring", "executor", "train")
MAX_ENVS = 65_536
KITCHENS = 8  # evaluated at once by default: each takes a quarter of a gigabyte


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line instead of a page of usage."""

    def error(self, message: str) -> NoReturn:
        _fail(f"{message}; see `{self.prog} --help`")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (2 = the user's mistake, 130 = interrupted)."""
    try:
        arguments = make_parser().parse_args(argv)
        return int(arguments.run(arguments) or 0)
    except SystemExit as stop:
        return int(stop.code or 0)
    except KeyboardInterrupt:
        print("saycraft: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `saycraft skills list | head`
        sys.stderr.close()
        return 0
    except ValueError as error:
        if type(error).__name__ != "UserError":
            raise
        print(f"saycraft: {_one_line(error)}", file=sys.stderr)
        return 2


def _fail(message: str) -> NoReturn:
    """End with one line about the user's mistake."""
    print(f"saycraft: {_one_line(message)}", file=sys.stderr)
    raise SystemExit(2)


def _one_line(message: object) -> str:
    return " ".join(str(message).split())


def make_parser() -> Parser:
    """Every command with its options."""
    parser = Parser(prog="saycraft", description="Plan and perform a typed command with reinforcement-learned skills.")
    parser.add_argument("--version", action="version", version=f"saycraft {VERSION}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    _add_run(commands)
    _add_plan(commands)
    _add_eval(commands)
    _add_train(commands)
    _add_skills(commands)
    _add_graph(commands)
    _add_bench(commands)
    _add_doctor(commands)
    return parser


# -- run, plan, eval ---------------------------------------------------------------------------------------------------


def _add_run(commands: Any) -> None:
    p = _command(commands, "run", run, "carry out one command")
    _agent_options(p)
    p.add_argument("command", help="what to do, such as 'make a wooden pickaxe'")
    p.add_argument("--start", metavar="JSON", help='how the episode begins, such as \'{"biome": "forest"}\', or a file')
    p.add_argument("--symbolic", action="store_true", help="apply the skills' declared effects instead of physics")
    p.add_argument("--replay", type=Path, metavar="OUT.html", help="write a self-contained page of the episode")
    p.add_argument("--video", type=Path, metavar="OUT.mp4", help="write a film of the episode (.mp4 or .gif)")


def run(a: argparse.Namespace) -> int:
    """Carry out one command, tell how it went; exit code 1 when it was not fulfilled."""
    from agents import replay
    from agents.agent import build
    from agents.evaluate import check_output
    from agents.executor import Job

    if a.replay:
        check_output(a.replay)
    if a.video:
        replay.check_video(a.video)
    start = _read_start(a.start)
    task, match = _task(a, start)
    films = bool(a.replay or a.video) and not a.symbolic
    agent = build(_options(a, symbolic=a.symbolic, goal="given", films=films))
    agent.check_start(start)
    if not a.json:
        print(f"goal: {_goal_text(task.goal)}{match}", file=sys.stderr)
    executor = agent.executor(camera=replay.make_camera(a.world) if films else None)
    (trace,) = executor.run([Job(task, 0, a.seed)])
    agent.world.close()
    _check_model(trace)
    if executor.camera_error:
        print(f"saycraft: no pictures: {executor.camera_error}", file=sys.stderr)
    if a.replay:
        replay.save_html(a.replay, trace, **replay.about(agent, trace))
    if a.video:
        replay.save_video(a.video, trace)
    _print_trace(a, trace)
    return 0 if trace.success else 1


def _add_plan(commands: Any) -> None:
    p = _command(commands, "plan", plan, "show the plan only, with the score of every candidate at each step")
    _agent_options(p)
    p.add_argument("command", help="what to plan for")
    p.add_argument("--start", metavar="JSON", help="what is there at the start: an object or a file")


def plan(a: argparse.Namespace) -> int:
    """Plan a command by applying the skills' effects, and print every decision."""
    from agents.agent import build
    from agents.executor import Job

    task, match = _task(a, _read_start(a.start))
    agent = build(_options(a, symbolic=True, goal="given"))
    agent.check_start(dict(task.start))
    (trace,) = agent.executor().run([Job(task, 0, a.seed)])
    _check_model(trace)
    decisions = [d for d in trace.decisions if d.skill]
    if a.json:
        shown = [{"skill": d.skill, "candidates": d.candidates} for d in decisions]
        _print_json({"goal": trace.goal, "decisions": shown, "success": trace.success, "reason": trace.reason})
    else:
        print(f"goal: {_goal_text(task.goal)}{match}")
        for number, d in enumerate(decisions, 1):
            print(f"{number:4d}  {d.skill}{_score_text(d)}")
        print(f"{'plan reaches the goal' if trace.success else 'no plan: ' + trace.reason}, {len(decisions)} skills")
    return 0 if trace.success else 1


def _check_model(trace: Any) -> None:
    """A language model that cannot be had is the user's to mend, not a failed episode."""
    if trace.reason.startswith("error: language model"):
        _fail(trace.reason.removeprefix("error: "))


def _add_eval(commands: Any) -> None:
    p = _command(commands, "eval", evaluate, "measure success over the tasks of a file or a suite")
    _agent_options(p)
    p.set_defaults(world=None)  # that of the tasks
    p.add_argument(
        "tasks", metavar="TASKS.jsonl|SUITE", help="a task file, a suite that comes with saycraft, or minedojo"
    )
    p.add_argument("--episodes", type=_whole(1), default=10, metavar="K", help="episodes per task (default 10)")
    p.add_argument(
        "--num-envs",
        type=_whole(1, MAX_ENVS),
        metavar="N",
        help="environments at once (default: up to 256, 8 kitchens)",
    )
    p.add_argument("--one-at-a-time", action="store_true", help="one environment only, to compare with")
    p.add_argument("--symbolic", action="store_true", help="apply the skills' declared effects instead of physics")
    p.add_argument("--goal", default="read", choices=("read", "given"),
                   help="read goals from the commands (default), or take those of the task file")  # fmt: skip
    p.add_argument("--out", type=Path, default=Path("results.json"), help="where results go (default results.json)")
    p.add_argument("--traces", type=Path, metavar="OUT.jsonl", help="write every episode's trace, one a line")
    p.add_argument("--task", action="append", metavar="ID", help="only this task (may be given several times)")
    p.add_argument("--sample", type=_whole(1), metavar="N", help="only N of the tasks, drawn with --seed")
    p.add_argument(
        "--coverage", action="store_true", help="of minedojo: how many tasks can be made, fulfilled and planned"
    )


def evaluate(a: argparse.Namespace) -> int:
    """Run every episode of every task and write results.json."""
    from agents.agent import build
    from agents.evaluate import check_output, print_results, run_tasks, write_atomically, write_json

    if a.coverage:
        return _coverage(a)
    check_output(a.out)
    if a.traces:
        check_output(a.traces)
    chosen = _chosen_tasks(a)
    a.world = a.world or chosen[0].world
    widest = KITCHENS if a.world == "kitchen" and not a.symbolic else 256
    num_envs = 1 if a.one_at_a_time else min(a.num_envs or widest, len(chosen) * a.episodes)
    options = _options(a, symbolic=a.symbolic, num_envs=num_envs, goal=a.goal)
    keep = a.traces is not None
    agent = build(options)
    try:
        found, traces = run_tasks(agent, chosen, a.episodes, shown=not a.json, keep_candidates=keep)
    finally:
        agent.world.close()
    write_json(a.out, found)
    if a.traces:
        write_atomically(a.traces, "".join(json.dumps(trace.to_json()) + "\n" for trace in traces))
    if a.json:
        _print_json(found)
    else:
        print_results(found, _rich().print)
        print(f"written to {a.out}")
    if meter := getattr(getattr(agent.planner, "model", None), "meter", None):
        print(f"{a.llm}: {meter}", file=sys.stderr)
    return 0


def _chosen_tasks(a: argparse.Namespace) -> list[Task]:
    """The tasks that `eval` is asked for."""
    from agents import minedojo, tasks

    known = tasks.suites()
    if a.tasks == minedojo.SUITE and a.tasks not in known and not Path(a.tasks).exists():
        a.library = a.library or minedojo.LIBRARY
        loaded = minedojo.load(a.world or "craft")
    else:
        loaded = tasks.load(a.tasks)
    return minedojo.sample(tasks.choose(loaded, a.task), a.sample, a.seed)


def _coverage(a: argparse.Namespace) -> int:
    """Print what of MineDojo is covered."""
    from agents import minedojo

    if a.tasks != minedojo.SUITE:
        _fail(f"--coverage is of {minedojo.SUITE}, not of '{a.tasks}'")
    found = minedojo.coverage(tick=None if a.json else _tell)
    if a.json:
        _print_json(found)
    else:
        print(file=sys.stderr)
        _print_rows([{"category": name, **row} for name, row in found["by_category"].items()])
        _print_rows([{"why not": reason, "tasks": count} for reason, count in found["why_not"].items()])
    return 0


def _tell(done: int, total: int) -> None:
    """Progress on one line of stderr."""
    print(f"\r{done}/{total}", end="", file=sys.stderr, flush=True)


# -- train, skills, graph, bench ---------------------------------------------------------------------------------------


def _add_train(commands: Any) -> None:
    p = _command(commands, "train", train, "train skills and their success heads from nothing")
    p.add_argument("skill", metavar="SKILL|all", help="a family of skills (find, harvest, ...), a skill, or all")
    p.add_argument("--world", default="craft", help="craft (default) or kitchen")
    p.add_argument("--library", metavar="NAME|FILE", help="skill library (default: the world's own)")
    p.add_argument("--method", choices=("rlpd", "sac", "clone"), help="in the kitchen: reinforcement learning from "
                   "demonstrations (default), without any, or cloning alone")  # fmt: skip
    p.add_argument("--minutes", type=_positive, metavar="M", help="time budget (default: what the families declare)")
    p.add_argument("--resume", action="store_true", help="go on where an earlier run was stopped")
    p.add_argument("--begin-as", metavar="FAMILY", help="begin as the shipped weights of a family, not from nothing")
    p.add_argument("--measure", action="store_true", help="keep the shipped policy: measure it and fit its head anew")
    p.add_argument("--seed", type=_whole(0), default=0)
    p.add_argument("--out", type=Path, metavar="FOLDER", help="where weights go (default: in place of the shipped)")


def train(a: argparse.Namespace) -> int:
    """Train, with progress; a run that is killed goes on with --resume."""
    from skills.cards import WEIGHTS
    from skills.train import kitchen_config
    from skills.train import train as train_skills

    library = _library(a)
    if a.method and a.world != "kitchen":
        _fail("--method is for --world kitchen; the craft world's skills are learned by PPO")
    if a.begin_as and a.world == "kitchen":
        _fail("--begin-as is for the craft world; the kitchen's skills begin from demonstrations")
    if a.measure and (a.begin_as or a.world == "kitchen"):
        _fail("--measure is for the craft world's skills, and not with --begin-as: their policies stay as they are")
    config = kitchen_config(a.method) if a.method else None
    report = train_skills(a.skill, library=library, minutes=a.minutes, resume=a.resume, seed=a.seed, out=a.out,
                          config=config, begin_as=a.begin_as, keep=WEIGHTS if a.measure else None)  # fmt: skip
    if a.json:
        _print_json(report)
    return 0


def _add_skills(commands: Any) -> None:
    p = _command(commands, "skills", None, "list, show, start or check skills")
    actions = p.add_subparsers(metavar="list|show|new|check", required=True, parser_class=Parser)
    for name, function, text in (
        ("list", skills_list, "every skill with its needs, gains and measured success"),
        ("show", skills_show, "everything about one skill"),
        ("new", skills_new, "a YAML entry to fill in for a new skill"),
        ("check", skills_check, "what is wrong or missing in a library"),
    ):
        q = _command(actions, name, function, text)
        q.add_argument("--world", default="craft", help="default craft")
        q.add_argument("--library", help="library name or YAML file (default: the world's own)")
        if name in ("show", "new"):
            q.add_argument("name", metavar="NAME")


def skills_list(a: argparse.Namespace) -> int:
    """One row per skill."""
    library = _library(a)
    records = [skill.model_dump() for skill in library.skills.values()]
    if a.json:
        _print_json({"library": library.name, "skills": records})
    else:
        columns = ("name", "kind", "policy", "requires", "consumes", "obtains", "steps", "success")
        _print_rows([{c: _cell(record[c]) for c in columns} for record in records])
    return 0


def skills_show(a: argparse.Namespace) -> int:
    """One skill, field by field."""
    library = _library(a)
    _known(a.name, library.skills, "skill")
    record = library.skills[a.name].model_dump()
    if a.json:
        _print_json(record)
    else:
        _print_rows([{"field": key, "value": _cell(value)} for key, value in record.items()])
    return 0


def skills_new(a: argparse.Namespace) -> int:
    """A commented entry for a library file, on stdout."""
    from skills.template import new_skill

    library = _library(a)
    if a.name in library.skills:
        _fail(f"skill '{a.name}' already exists in library '{library.name}'; see `saycraft skills show {a.name}`")
    text = new_skill(a.name)
    if a.json:
        _print_json({"name": a.name, "yaml": text})
    else:
        print(text, end="")
    return 0


def skills_check(a: argparse.Namespace) -> int:
    """Problems of a library, one a line; exit code 1 when there are any."""
    from agents.agent import fact_names

    library = _library(a)
    problems = library.lint(fact_names(library.world, None))
    given = library.unobtained()
    if a.json:
        _print_json({"library": library.name, "skills": len(library.skills), "problems": problems, "unobtained": given})
    else:
        notes = [f"note: nothing obtains '{fact}'; only a start can give it" for fact in given]
        print("\n".join([*problems, *notes, f"{library.name}: {len(library.skills)} skills, {len(problems)} problems"]))
    return 1 if problems else 0


def _add_graph(commands: Any) -> None:
    p = _command(commands, "graph", None, "draw, check, write or correct the skill graph")
    actions = p.add_subparsers(metavar="draw|check|build|learn", required=True, parser_class=Parser)
    q = _command(actions, "draw", graph_draw, "write the graph as .svg or .html, the plan of a command lit")
    q.add_argument("command", nargs="?", help="light the plan for this command")
    q.add_argument("--out", type=Path, default=Path("graph.svg"), help="default graph.svg")
    _agent_options(q)
    q = _command(actions, "check", graph_check, "what is wrong: unknown facts, skills that can never run")
    _agent_options(q)
    q = _command(actions, "build", graph_build, "let a language model write the entries of skills, and compare")
    q.add_argument(
        "--skills", default="plan4mc", metavar="LIST", help="library whose skills are written (default plan4mc)"
    )
    q.add_argument("--out", type=Path, default=Path("graph.yaml"), help="default graph.yaml")
    _agent_options(q)
    q = _command(actions, "learn", graph_learn, "correct entries by what was seen in traces (`eval --traces`)")
    q.add_argument("traces", type=Path, metavar="TRACES.jsonl", help="what `saycraft eval --traces` wrote")
    q.add_argument("--out", type=Path, default=Path("learned.yaml"), help="default learned.yaml; evidence beside it")
    _agent_options(q)


def graph_draw(a: argparse.Namespace) -> int:
    """Draw the library's graph."""
    from agents.evaluate import check_output, write_atomically
    from planner.graph import draw

    library = _library(a)
    lit = _planned(a) if a.command else []
    drawing = draw(library, lit, suffix=check_output(a.out).suffix)
    write_atomically(a.out, drawing)
    if a.json:
        _print_json({"out": str(a.out), "skills": len(library.skills), "lit": lit})
    else:
        print(f"written to {a.out}")
    return 0


def _planned(a: argparse.Namespace) -> list[str]:
    """The skills of the plan for the command."""
    from agents.agent import build
    from agents.executor import Job

    task, _ = _task(a, {})
    (trace,) = (
        build(_options(a, symbolic=True, goal="given")).executor(keep_candidates=False).run([Job(task, 0, a.seed)])
    )
    return trace.skills


def graph_check(a: argparse.Namespace) -> int:
    """Problems of the graph, one a line; exit code 1 when there are any."""
    from agents.agent import fact_names
    from planner.graph import check

    library = _library(a)
    problems = [str(problem) for problem in check(library, fact_names(a.world, None))]
    if a.json:
        _print_json({"library": library.name, "problems": problems})
    else:
        print("\n".join([*problems, f"{library.name}: {len(problems)} problems"]))
    return 1 if problems else 0


def graph_build(a: argparse.Namespace) -> int:
    """Write a library by language model; the reference is the library the skills come from."""
    from dataclasses import asdict

    from agents.evaluate import check_output, write_atomically
    from planner.graph_build import compare, write_graph
    from planner.language import load_model
    from skills.schema import SkillLibrary

    check_output(a.out)
    reference = SkillLibrary.load(a.library or a.skills)
    skills = SkillLibrary.load(a.skills).skills.values()
    model = load_model(a.llm, _model_options(a))
    say = (lambda text: None) if a.json else (lambda text: print(f"  {text}", file=sys.stderr))
    written, report = write_graph(model, skills, sorted(reference.facts), a.out.stem, reference.world, say)
    report = compare(written, reference, report)
    write_atomically(a.out, written.to_yaml())
    if a.json:
        _print_json({"out": str(a.out), **asdict(report)})
    else:
        rates = {"precision": report.precision, "recall": report.recall, "counts": report.counts}
        print(", ".join(f"{name} {'-' if rate is None else f'{rate:.3f}'}" for name, rate in rates.items()))
        for title, found in (("repaired", report.repaired), ("left", report.left), ("no entry", report.failed)):
            print(f"{title}: {len(found)}", *(f"  {text}" for text in found[:10]), sep="\n")
        print(f"written to {a.out}")
    return 0


def graph_learn(a: argparse.Namespace) -> int:
    """Correct a library by experience; the evidence is written beside it."""
    from agents.evaluate import check_output, write_atomically, write_json
    from planner.graph_learning import evidence, learn, observations

    check_output(a.out)
    library = _library(a)
    try:
        traces = [json.loads(line) for line in a.traces.read_text().splitlines() if line.strip()]
        seen = observations(traces)
    except (OSError, ValueError, KeyError, TypeError) as error:
        _fail(f"cannot read traces from {a.traces}: {error}; `saycraft eval ... --traces FILE` writes them")
    learned, corrections = learn(library, seen)
    write_atomically(a.out, learned.to_yaml())
    kept = a.out.with_suffix(".evidence.json")
    write_json(kept, {"traces": str(a.traces), "runs": len(seen), "corrections": evidence(corrections)})
    if a.json:
        _print_json({"out": str(a.out), "runs": len(seen), "corrections": evidence(corrections)})
    else:
        print(
            *corrections, f"{len(seen)} runs, {len(corrections)} corrections; written to {a.out} and {kept}", sep="\n"
        )
    return 0


def _add_bench(commands: Any) -> None:
    p = _command(commands, "bench", bench, "measure speed, beside peers where they are installed")
    p.add_argument("name", metavar="|".join(BENCHES), choices=BENCHES)
    p.add_argument("--num-envs", type=_whole_list, metavar="N,N,..", help="batch sizes (default: the benchmark's own)")
    p.add_argument("--seconds", type=_positive, metavar="S", help="time per row (default: the benchmark's own)")
    p.add_argument("--world", help="craft (default), kitchen or minedojo, for bench world")


def bench(a: argparse.Namespace) -> int:
    """One row per thing measured."""
    import importlib
    import inspect

    rows = importlib.import_module(f"benchmarks.{a.name}").rows
    given = {key: value for key in ("num_envs", "seconds", "world") if (value := getattr(a, key)) is not None}
    for key in given:
        if key not in inspect.signature(rows).parameters:
            _fail(f"bench {a.name} has no --{key.replace('_', '-')}")
    found = rows(**given)
    if a.json:
        _print_json({"rows": found})
    else:
        _print_rows(found)
    return 0


# -- shared by the commands --------------------------------------------------------------------------------------------


def _add_doctor(commands: Any) -> None:
    _command(commands, "doctor", doctor, "say what works on this machine and what to install for the rest")


def doctor(a: argparse.Namespace) -> int:
    """Look at this machine."""
    from agents.doctor import examine

    found = examine()
    if a.json:
        _print_json([finding._asdict() for finding in found])
    else:
        for finding in found:
            print(f"{'ok     ' if finding.works else 'missing'}  {finding.what}: {finding.found}")
            if finding.remedy:
                print(f"           -> {finding.remedy}")
    return 0


def _command(commands: Any, name: str, function: Any, text: str) -> Parser:
    parser = commands.add_parser(name, help=text, description=text)
    if function is not None:
        parser.set_defaults(run=function)
        parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _agent_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--world", default="craft", help="craft (default), kitchen or minedojo")
    p.add_argument("--planner", default="hybrid", help="hybrid (default), saycan, generate, no-affordance or plan4mc")
    p.add_argument("--llm", default="embedded", metavar="SPEC",
                   help="embedded (default), hf:PATH_OR_ID, openai:MODEL or langchain:PROVIDER:MODEL")  # fmt: skip
    p.add_argument("--base-url", metavar="URL", help="of an OpenAI-compatible server, for --llm openai:MODEL")
    p.add_argument("--device", help="for --llm hf:...: cpu, cuda, cuda:1 (default: cuda where there is one)")
    p.add_argument("--dtype", help="for --llm hf:...: float32, bfloat16, float16")
    p.add_argument("--llm-cap", type=_whole(1), metavar="TOKENS", help="stop when a server has used so many tokens")
    p.add_argument("--llm-price", type=float, nargs=2, default=(0.0, 0.0), metavar=("IN", "OUT"),
                   help="dollars per million tokens, for the cost shown")  # fmt: skip
    p.add_argument("--library", metavar="NAME|FILE", help="skill library (default: the world's own)")
    p.add_argument("--seed", type=_whole(0), default=0, help="default 0")
    p.add_argument("--backend", default="minecraft", choices=("minecraft", "embedded"),
                   help="what --world minedojo runs on: Minecraft (default), or the embedded world behind its Python")  # fmt: skip


def _options(a: argparse.Namespace, **more: Any) -> AgentOptions:
    from agents.agent import AgentOptions

    return AgentOptions(a.world, a.planner, a.llm, a.library, seed=a.seed, backend=a.backend,
                        llm_options=_model_options(a), **more)  # fmt: skip


def _model_options(a: argparse.Namespace) -> ModelOptions:
    from planner.language import ModelOptions

    return ModelOptions(a.base_url, a.device, a.dtype, a.llm_cap, tuple(a.llm_price))


def _library(a: argparse.Namespace) -> Any:
    from agents.agent import AgentOptions, load_library

    return load_library(AgentOptions(world=a.world, library=a.library))


def _task(a: argparse.Namespace, start: dict[str, Any]) -> tuple[Task, str]:
    """The command as a task, and how it was understood (empty when it was exact)."""
    from agents.agent import understand
    from agents.tasks import Task

    found = understand(a.command, _library(a), start)
    note = "" if found.probability > 0.999 else f"   (understood: {found.text}; probability {found.probability:.2f})"
    return Task("command", a.command, tuple(found.goal), "command", a.world, start), note


def _read_start(text: str | None) -> dict[str, Any]:
    """--start: a JSON object, or the path of a file that holds one."""
    if text is None:
        return {}
    source = "--start"
    if not text.lstrip().startswith("{"):
        if not Path(text).is_file():
            _fail(f'--start: got \'{text}\', expected a JSON object such as {{"biome": "forest"}} or a file')
        source, text = text, Path(text).read_text(encoding="utf-8")
    try:
        start = json.loads(text)
    except json.JSONDecodeError as error:
        _fail(f"{source}: not JSON at column {error.colno}: {error.msg}")
    if not isinstance(start, dict):
        _fail(f"{source}: expected a JSON object, got {text[:40]}")
    return start


def _known(name: str, known: Any, what: str) -> None:
    if name not in known:
        from agents.tasks import near

        _fail(f"unknown {what} '{name}'; near ones: {near(name, known)}")


def _whole(low: int, high: int | None = None) -> Any:
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


def _whole_list(text: str) -> list[int]:
    return [_whole(1, MAX_ENVS)(part) for part in text.split(",")]


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a positive number, got '{text}'")
    return value


# -- printing ----------------------------------------------------------------------------------------------------------


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False, default=float))


def _rich() -> Any:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160)


def _print_rows(rows: list[dict[str, Any]]) -> None:
    """Rows of equal kind as a table."""
    from rich.table import Table

    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(*columns)
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    _rich().print(table)


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {n}" for key, n in value.items())
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return "" if value is None else f"{value:,}" if type(value) is int else str(value)


def _goal_text(goal: Sequence[Any]) -> str:
    return " or ".join(", ".join(f"{n} {fact}" for fact, n in alternative.items()) for alternative in goal)


def _score_text(decision: Any) -> str:
    ranked = sorted(decision.candidates, key=lambda c: -(c["score"] or 0.0))[:3]
    return "   (" + ", ".join(f"{c['skill']} {c['score']:.2f}" for c in ranked) + ")" if ranked else ""


def _print_trace(a: argparse.Namespace, trace: Trace) -> None:
    if a.json:
        _print_json(trace.to_json())
        return
    for number, d in enumerate(trace.decisions, 1):
        if d.skill and a.symbolic:
            print(f"{number:4d}  {d.skill:32s} {d.outcome}")
        elif d.skill:
            start, took = d.start / trace.ticks_per_second, (d.end - d.start) / trace.ticks_per_second
            print(f"{start:8.1f} s  {d.skill:32s} {d.outcome:10s} {took:6.1f} s")
    what = f"{len(trace.skills)} skills" if a.symbolic else f"{trace.ticks / trace.ticks_per_second:.1f} s of game time"
    print(f"{'success' if trace.success else 'failed'}: {trace.reason} after {what}")
    for path in (a.replay, a.video):
        if path:
            print(f"written to {path}")


if __name__ == "__main__":
    sys.exit(main())
