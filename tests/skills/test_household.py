"""Skills of a household, made from its objects and places."""

from __future__ import annotations

import pytest

from sim.world import UserError
from skills.household import find_text, household_skills
from skills.library import SkillLibrary


def test_every_object_has_its_skills_at_every_place():
    skills = household_skills({"objects": ["mango"], "places": ["table", "drawer", "user"]}, "test")
    by_name = {skill.name: skill for skill in skills}
    assert len(by_name) == len(skills) == 3 + 2 + 3 * 3
    pick = by_name["pick_up_mango_at_drawer"]
    assert pick.text == "pick up the mango" and pick.requires == {"robot_at_drawer": 1, "drawer_open": 1}
    assert pick.consumes == {"mango_at_drawer": 1, "hand_empty": 1} and pick.obtains == {"holding_mango": 1}
    assert by_name["go_to_table"].forgets("robot_at_user") and not by_name["go_to_table"].forgets("mango_at_table")


def test_texts_have_articles():
    assert [find_text(name) for name in ("apple", "coke", "rice chips")] == [
        "find an apple",
        "find a coke",
        "find the rice chips",
    ]


def test_the_kitchen_is_whole():
    library = SkillLibrary.load("kitchen")
    assert library.world == "kitchen" and len(library.skills) == 16 * 6 * 3 + 6 + 2


def test_refusals():
    with pytest.raises(UserError, match="`places` must be a list of names"):
        household_skills({"objects": ["mango"], "places": "table"}, "test")
