"""Task files (JSON Lines) and the suites shipped with the project; a mistake is one line with file and line number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.world import UserError

SUITES = Path(__file__).parent / "suites"
WORLDS = ("craft", "kitchen", "minedojo")
KEYS = ("id", "family", "command", "world", "start", "goal")


@dataclass(frozen=True)
class Task:
    """One line of a task file: a command, where it starts and what must hold in the end."""

    id: str
    command: str
    goal: tuple[Mapping[str, int], ...]  # alternatives; n > 0: at least n, 0: none
    family: str = "other"
    world: str = "craft"
    start: Mapping[str, Any] = field(default_factory=dict)
    where: str = field(default="", compare=False)  # "file:line" for messages

    @property
    def max_steps(self) -> int | None:
        """The episode's limit in game ticks, when the task sets one."""
        value = self.start.get("max_steps")
        return None if value is None else int(value)


def suites() -> dict[str, Path]:
    """The named suites that come with the project."""
    return {path.stem: path for path in sorted(SUITES.glob("*.jsonl"))}


def load(source: str | Path) -> list[Task]:
    """The tasks of a JSON Lines file or of a suite named `source`."""
    known = suites()
    path = known.get(str(source), Path(source))
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "no such file"
        raise UserError(f"tasks '{source}': {what}, and no suite of that name; suites: {', '.join(known) or 'none'}")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"tasks '{source}': cannot be read as UTF-8 text: {error}") from None
    return parse(text, path.name)


def parse(text: str, name: str = "tasks") -> list[Task]:
    """The tasks of JSON Lines text; blank lines are skipped, `name` stands in messages."""
    tasks = [_parse_line(line, f"{name}:{n}") for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not tasks:
        raise UserError(f"{name}: no tasks in it; expected one JSON object a line with {', '.join(KEYS)}")
    seen: dict[str, str] = {}
    for task in tasks:
        if task.id in seen:
            raise UserError(f"{task.where}: id '{task.id}' is already used in {seen[task.id]}; ids must differ")
        seen[task.id] = task.where
    return tasks


def choose(tasks: Sequence[Task], ids: Sequence[str] | None) -> list[Task]:
    """The tasks with these ids, or all when none are named."""
    known = {task.id: task for task in tasks}
    for name in ids or ():
        if name not in known:
            raise UserError(f"unknown task '{name}'; near ones: {near(name, known)}")
    return [known[name] for name in ids] if ids else list(tasks)


def check_starts(tasks: Iterable[Task], check: Any) -> None:
    """Raise a `UserError` with file and line for the first task whose `start` the world's `check(start)` refuses."""
    for task in tasks:
        try:
            check(dict(task.start))
        except UserError as error:
            raise UserError(f"{task.where}: {error}") from None


def check_goals(tasks: Iterable[Task], fact_names: Iterable[str]) -> None:
    """Raise a `UserError` for the first goal that names a fact which the world does not have."""
    known = set(fact_names)
    for task in tasks:
        for name in (name for alternative in task.goal for name in alternative if name not in known):
            raise UserError(f"{task.where}: unknown fact '{name}' in the goal; near ones: {near(name, known)}")


def near(name: str, known: Iterable[str], n: int = 5) -> str:
    """The names of `known` that look like `name`, for a message."""
    import difflib

    names = sorted(known)
    return ", ".join(difflib.get_close_matches(name, names, n=n, cutoff=0.4) or names[:n])


def _parse_line(line: str, where: str) -> Task:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not JSON at column {error.colno}: {error.msg}; expected one object a line") from None
    if not isinstance(record, dict):
        raise UserError(f"{where}: got {_kind(record)}, expected an object with {', '.join(KEYS)}")
    for key in record:
        if key not in KEYS:
            raise UserError(f"{where}: unknown key '{key}'; a task has {', '.join(KEYS)}")
    command = _text(record, "command", where)
    world = _text(record, "world", where, "craft")
    if world not in WORLDS:
        raise UserError(f"{where}: unknown world '{world}'; worlds: {', '.join(WORLDS)}")
    start = record.get("start", {})
    if not isinstance(start, dict):
        raise UserError(f"{where}: 'start' must be an object, got {_kind(start)}")
    goal = parse_goal(record.get("goal"), where)
    return Task(_text(record, "id", where), command, goal, _text(record, "family", where, "other"), world, start, where)


def _text(record: dict[str, Any], key: str, where: str, default: str | None = None) -> str:
    value = record.get(key, default)
    if value is None:
        raise UserError(f"{where}: '{key}' is missing; a task has {', '.join(KEYS)}")
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"{where}: '{key}' must be a non-empty text, got {value!r}")
    return value


def parse_goal(value: Any, where: str) -> tuple[dict[str, int], ...]:
    """Check a goal: a list of alternatives, each a map from facts to counts."""
    shape = 'a list of alternatives such as [{"bed": 1}]'
    if not isinstance(value, list) or not value:
        raise UserError(f"{where}: 'goal' must be {shape}, got {'nothing' if value is None else _kind(value)}")
    for alternative in value:
        if not isinstance(alternative, dict) or not alternative:
            raise UserError(f"{where}: 'goal' must be {shape}; one alternative is {_kind(alternative)}")
        for name, count in alternative.items():
            if not isinstance(count, int) or isinstance(count, bool) or count < 0:
                raise UserError(f"{where}: goal count of '{name}' must be a whole number of at least 0, got {count!r}")
    return tuple(value)


def _kind(value: Any) -> str:
    if isinstance(value, (dict, list)) and not value:
        return "an empty object" if isinstance(value, dict) else "an empty list"
    names = {dict: "an object", list: "a list", str: "a text", bool: "true/false", int: "a number", float: "a number"}
    return names.get(type(value), "null")
