"""Libraries: what ships is sound, and a slip in a file is one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.agent import fact_names
from sim.world import UserError
from skills.library import SkillLibrary

ENTRY = "world: craft\nskills:\n  log: {%s}\n"
GOOD = "text: cut, kind: harvest, policy: harvest, target: log, obtains: {log: 1}"


@pytest.mark.parametrize("name", ["plan4mc", "craft"])
def test_shipped_libraries_name_known_facts_and_policies(name: str) -> None:
    library = SkillLibrary.load(name)
    assert library.lint(fact_names("craft"), ("find", "harvest", "mine", "hunt", "use", "place")) == []


def test_craft_entries_are_the_worlds_recipes() -> None:
    skills = SkillLibrary.load("plan4mc").skills
    assert skills["bed"].consumes == {"planks": 3, "wool": 3}
    assert skills["bed"].requires == {"crafting_table_nearby": 1}
    assert skills["torch"].obtains == {"torch": 4}
    assert skills["stone"].requires == {"furnace_nearby": 1}
    assert skills["trapdoor"].obtains == {"trapdoor": 2}, "Plan4MC's table has 1; the game gives 2"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace("log: 1", "log: -1"), ["log", "obtains", "-1"]),
        (GOOD.replace("harvest,", "gather,", 1), ["kind", "gather"]),
        (GOOD + ", consume: {}", ["consume"]),
        (GOOD.replace("obtains: {log: 1}", "obtains: {}"), ["obtains"]),
        (GOOD + ", steps: soon", ["steps", "soon"]),
    ],
)
def test_a_slip_in_an_entry_is_one_line(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(ENTRY % text)
    with pytest.raises(UserError) as error:
        SkillLibrary.load(path)
    assert all(word in str(error.value) for word in ["mine.yaml", *words]) and "\n" not in str(error.value)


def test_unknown_libraries_answer_with_the_known(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no skill library 'plan5mc'.*craft, kitchen, minedojo, plan4mc"):
        SkillLibrary.load("plan5mc")
    (tmp_path / "x.yaml").write_text("world: craft\nskills: {}\nderive: [unobtainium]\n")
    with pytest.raises(UserError, match="unobtainium"):
        SkillLibrary.load(tmp_path / "x.yaml")


def test_lint_names_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(ENTRY % "text: cut, kind: harvest, target: log, requires: {axxe: 1}, obtains: {log: 1}")
    library = SkillLibrary.load(path)
    assert library.lint({"log"}) == ["log: no policy performs it", "log: unknown fact 'axxe'"]
    assert library.unobtained() == ["axxe"]
