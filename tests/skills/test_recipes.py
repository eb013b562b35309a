"""Craft skills come from the world's recipes, one each, and never take the place of a skill that is written down."""

from __future__ import annotations

import pytest
import yaml

from sim.craft import data
from sim.world import UserError
from skills.library import LIBRARIES, SkillLibrary
from skills.recipes import craft_skills


@pytest.mark.parametrize("name", ["plan4mc", "craft"])
def test_every_written_skill_survives_deriving(name: str) -> None:
    written = yaml.safe_load((LIBRARIES / f"{name}.yaml").read_text())["skills"]
    skills = SkillLibrary.load(name).skills
    assert {key: skills[key].kind for key in written} == {key: entry["kind"] for key, entry in written.items()}


def test_craft_has_every_recipe() -> None:
    crafts = [skill for skill in SkillLibrary.load("craft").skills.values() if skill.kind == "craft"]
    assert len(crafts) == len(data.load().recipe_result)


def test_a_taken_name_is_passed_over() -> None:
    assert craft_skills(["diamond"])[0].name == "diamond"
    assert craft_skills(["diamond"], taken={"diamond"})[0].name == "diamond__2"


def test_a_recipe_as_a_skill() -> None:
    torch = craft_skills(["torch"])[0]
    assert (torch.text, torch.kind, torch.policy) == ("craft 4 torch", "craft", None)
    assert (torch.consumes, torch.requires, torch.obtains) == ({"coal": 1, "stick": 1}, {}, {"torch": 4})
    assert craft_skills(["chest"])[0].requires == {"crafting_table_nearby": 1}
    assert craft_skills(["stone"])[0].requires == {"furnace_nearby": 1}


@pytest.mark.parametrize(("name", "words"), [("stik", "no item"), ("log", "has no recipe")])
def test_a_wrong_name_is_told(name: str, words: str) -> None:
    with pytest.raises(UserError, match=f"'{name}'.*{words}"):
        craft_skills([name])
