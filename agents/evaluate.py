"""Evaluation: many episodes of many tasks, success with 95 % Wilson intervals per task, per family and in total.

The seed of an episode depends on the run's seed, the task's id and the episode's number only, so that a task meets the
same episodes alone or among others, in any number of environments.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.executor import Job
from agents.tasks import Task, check_goals, check_starts
from agents.trace import BROKEN, Trace
from sim.world import UserError
from skills.statistics import wilson

if TYPE_CHECKING:
    from agents.agent import Agent

PACKAGES = ("saycraft", "torch", "numpy", "numba", "gymnasium", "networkx", "minecraft-data")


def episode_seed(seed: int, task_id: str, episode: int) -> int:
    """Seed of one episode, below 2**31."""
    return (seed * 1_000_003 + zlib.crc32(task_id.encode()) + episode * 7919) % 2**31


def make_jobs(tasks: Iterable[Task], episodes: int, seed: int) -> list[Job]:
    """Every episode of every task; the longest tasks first, so that the end of a run does not wait for one of them."""
    jobs = [Job(task, k, episode_seed(seed, task.id, k)) for task in tasks for k in range(episodes)]
    return sorted(jobs, key=lambda job: -(job.task.max_steps or 0))


def run_tasks(agent: Agent, tasks: Sequence[Task], episodes: int, *, shown: bool = True,
              keep_candidates: bool = False) -> tuple[dict[str, Any], list[Trace]]:  # fmt: skip
    """Check the tasks against the world, run all episodes, and return results.json's content and the traces."""
    options = agent.options
    for task in tasks:
        if task.world != options.world:
            raise UserError(f"{task.where}: the task is for world '{task.world}', the run for world '{options.world}'")
    check_starts(tasks, agent.check_start)
    check_goals(tasks, agent.world.fact_names)
    jobs = make_jobs(tasks, episodes, options.seed)
    began = time.perf_counter()
    with Progress(len(jobs), shown=shown) as progress:
        traces = agent.executor(keep_candidates=keep_candidates).run(jobs, progress)
    wall = time.perf_counter() - began
    about = {k: getattr(options, k) for k in ("planner", "world", "library", "symbolic", "num_envs", "seed")}
    found = results(tasks, traces, wall, **about, model=options.llm)
    return found, traces


def summarise(tasks: Sequence[Task], traces: Iterable[Trace]) -> dict[str, Any]:
    """Per task, per family and in total: the `tasks`, `families` and `total` of results.json."""
    by_task: dict[str, list[Trace]] = {task.id: [] for task in tasks}
    for trace in traces:
        by_task[trace.task].append(trace)
    for of_task in by_task.values():
        of_task.sort(key=lambda trace: trace.episode)
    families = list(dict.fromkeys(task.family for task in tasks))
    return {
        "tasks": [_task_row(task, by_task[task.id]) for task in tasks],
        "families": {f: rate([t for task in tasks if task.family == f for t in by_task[task.id]]) for f in families},
        "total": rate([t for of_task in by_task.values() for t in of_task]),
    }


def rate(traces: Sequence[Trace]) -> dict[str, Any]:
    """Success rate of some episodes with its 95 % Wilson interval; episodes that the environment broke count apart."""
    played = [trace for trace in traces if not trace.reason.startswith(BROKEN)]
    won = sum(trace.success for trace in played)
    low, high = wilson(won, len(played)) if played else (0.0, 1.0)
    found = {"success": won / max(len(played), 1), "episodes": len(played), "low": float(low), "high": float(high)}
    return found | ({"environment_failures": len(traces) - len(played)} if len(played) < len(traces) else {})


def _task_row(task: Task, traces: Sequence[Trace]) -> dict[str, Any]:
    first = traces[0] if traces else None
    steps = sum(trace.ticks for trace in traces) / max(len(traces), 1)
    return {
        "id": task.id,
        "family": task.family,
        "command": task.command,
        **rate(traces),
        "plan": first.skills if first else [],
        "steps": round(steps, 1),
        "reason": [trace.reason for trace in traces if not trace.success],
    }


def results(tasks: Sequence[Task], traces: Sequence[Trace], wall_s: float, **about: Any) -> dict[str, Any]:
    """The whole of results.json; `about` holds planner, model, seed, num_envs and the like."""
    speed = len(traces) / wall_s if wall_s > 0 else 0.0
    return {
        **summarise(tasks, traces),
        **about,
        "wall_s": round(wall_s, 2),
        "episodes_per_s": round(speed, 3),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """What was used to get a result."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def check_output(path: Path) -> Path:
    """`path` if a file can be written there, before hours are spent; raises `UserError` else."""
    folder = path.absolute().parent
    if path.is_dir():
        raise UserError(f"output '{path}' is a folder; expected a file name")
    if not folder.is_dir():
        raise UserError(f"output '{path}': the folder '{folder}' does not exist")
    if not os.access(folder, os.W_OK):
        raise UserError(f"output '{path}': the folder '{folder}' cannot be written to")
    return path


def write_atomically(path: Path, text: str) -> None:
    """Write `text` so that a reader finds the old file or the new one, never half of it."""
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path: Path, value: Any) -> None:
    """`value` as indented JSON, written atomically."""
    write_atomically(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


class Progress:
    """Episodes done, episodes/s and success so far on stderr: a bar on a terminal, else a line now and then."""

    LINE_EVERY = 30.0  # seconds

    def __init__(self, total: int, *, shown: bool = True):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self.total, self.won, self.done = total, 0, 0
        self.began = self.told = time.perf_counter()
        self.console = Console(stderr=True)
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
        on_terminal = shown and self.console.is_terminal
        self.lines = shown and not on_terminal
        self.bar = Bar("episodes", *columns, console=self.console, disable=not on_terminal, transient=True)
        self.row = self.bar.add_task("", total=total)

    def __enter__(self) -> Progress:
        self.bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.stop()

    def __call__(self, trace: Trace) -> None:
        """One more episode has ended."""
        self.done += 1
        self.won += trace.success
        now = time.perf_counter()
        text = f"{self.done / max(now - self.began, 1e-9):.1f}/s  success {self.won / self.done:.2f}"
        self.bar.update(self.row, advance=1, description=text)
        if self.lines and now - self.told >= self.LINE_EVERY:
            self.told = now
            self.console.print(f"episodes {self.done}/{self.total}  {text}", highlight=False)


def print_results(found: dict[str, Any], echo: Callable[[Any], None]) -> None:
    """The results as tables for a person."""
    from rich.table import Table

    table = Table("task", "family", "success", "95 %", "episodes", "game ticks", "failures")
    for row in found["tasks"]:
        failures = ", ".join(f"{n}x {reason}" for reason, n in Counter(row["reason"]).most_common(3))
        table.add_row(row["id"], row["family"], f"{row['success']:.2f}", _interval(row), str(row["episodes"]),
                      f"{row['steps']:.0f}", failures)  # fmt: skip
    echo(table)
    table = Table("family", "success", "95 %", "episodes")
    for name, row in {**found["families"], "total": found["total"]}.items():
        table.add_row(name, f"{row['success']:.3f}", _interval(row), str(row["episodes"]))
    echo(table)
    echo(f"{found['total']['episodes']} episodes in {found['wall_s']:.1f} s ({found['episodes_per_s']:.2f}/s)")


def _interval(row: dict[str, Any]) -> str:
    return f"{row['low']:.2f}..{row['high']:.2f}"
