"""Task files: what is right is read, what is wrong is one line with file and line number."""

from __future__ import annotations

import json

import pytest

from agents import tasks
from planner.embedded.lexicon import published
from sim.world import UserError

GOOD = {
    "id": "a",
    "family": "craft",
    "command": "make a bed",
    "world": "craft",
    "start": {"max_steps": 10},
    "goal": [{"bed": 1}],
}


def line(**changes) -> str:
    return json.dumps({k: v for k, v in {**GOOD, **changes}.items() if v is not ...})


def test_a_good_file_is_read():
    first, second = tasks.parse(line() + "\n\n" + line(id="b", family=..., start=...))
    assert first.goal == ({"bed": 1},) and first.max_steps == 10 and first.where == "tasks:1"
    assert second.family == "other" and second.max_steps is None and second.where == "tasks:3"


@pytest.mark.parametrize(
    "text, message",
    [
        ("{", "tasks:1: not JSON at column 2"),
        ("[1]", "tasks:1: got a list, expected an object"),
        (line(extra=1), "tasks:1: unknown key 'extra'"),
        (line(id=...), "tasks:1: 'id' is missing"),
        (line(command=" "), "tasks:1: 'command' must be a non-empty text"),
        (line(world="mars"), "tasks:1: unknown world 'mars'; worlds: craft"),
        (line(start=[]), "tasks:1: 'start' must be an object, got an empty list"),
        (line(goal=...), "tasks:1: 'goal' must be a list of alternatives"),
        (line(goal={"bed": 1}), "got an object"),
        (line(goal=[{}]), "one alternative is an empty object"),
        (line(goal=[{"bed": -1}]), "goal count of 'bed' must be a whole number of at least 0, got -1"),
        (line(goal=[{"bed": True}]), "got True"),
        (line() + "\n" + line(), "tasks:2: id 'a' is already used in tasks:1"),
        ("\n \n", "no tasks in it"),
    ],
)
def test_each_mistake_is_one_line(text, message):
    with pytest.raises(UserError) as error:
        tasks.parse(text)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_a_missing_file_names_the_suites(tmp_path):
    with pytest.raises(UserError, match="no such file, and no suite of that name; suites:"):
        tasks.load(tmp_path / "none.jsonl")
    with pytest.raises(UserError, match="is a folder"):
        tasks.load(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot be read as UTF-8"):
        tasks.load(tmp_path / "binary")


def test_every_suite_is_valid():
    assert all(tasks.load(name) for name in tasks.suites())


def test_goals_and_starts_are_checked_with_their_line():
    def refuse(start):
        raise UserError("no such biome")

    loaded = tasks.parse("\n" + line())
    with pytest.raises(UserError, match="tasks:2: unknown fact 'bed' in the goal; near ones: bread"):
        tasks.check_goals(loaded, ["bread", "coal"])
    with pytest.raises(UserError, match="tasks:2: no such biome"):
        tasks.check_starts(loaded, refuse)


def test_tasks_are_chosen_by_id():
    loaded = tasks.parse(line() + "\n" + line(id="b"))
    assert [t.id for t in tasks.choose(loaded, ["b"])] == ["b"]
    assert tasks.choose(loaded, None) == loaded
    with pytest.raises(UserError, match="unknown task 'c'"):
        tasks.choose(loaded, ["c"])


@pytest.mark.parametrize("suite", [
    "commands-dev", "commands-test", "commands-dev-2", "commands-test-2", "craft-commands-dev", "craft-commands-test",
])  # fmt: skip
def test_commands_of_the_suites_are_never_drawn_for_training(suite):
    some = tasks.load(suite)
    assert len(some) >= 65 and all(published(task.command) for task in some)
