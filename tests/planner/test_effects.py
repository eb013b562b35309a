"""Effects on facts: counts, nearby facts, what is missing."""

from __future__ import annotations

from planner.effects import apply, missing, replay
from skills.library import SkillLibrary

SKILLS = SkillLibrary.load("plan4mc").skills


def test_crafting_consumes_and_yields() -> None:
    facts = {"planks": 5, "crafting_table_nearby": 1}
    assert missing(SKILLS["bowl"], facts) == {}
    assert apply(SKILLS["bowl"], facts) == {"planks": 2, "bowl": 4, "crafting_table_nearby": 1}
    assert missing(SKILLS["chest"], facts) == {"planks": 3}


def test_moving_loses_what_is_nearby_and_keeps_things() -> None:
    facts = {"log_nearby": 1, "crafting_table_nearby": 1, "planks": 2}
    assert apply(SKILLS["log"], facts) == {"log": 1, "planks": 2}
    assert apply(SKILLS["find_cow"], facts) == {"cow_nearby": 1, "planks": 2}


def test_placing_keeps_what_is_nearby() -> None:
    facts = {"furnace": 1, "crafting_table_nearby": 1}
    assert apply(SKILLS["place_furnace"], facts) == {"crafting_table_nearby": 1, "furnace_nearby": 1}


def test_a_tool_in_hand_is_needed_but_stays() -> None:
    skill = SKILLS["iron_ore"]
    assert missing(skill, {}) == {"stone_pickaxe": 1}
    assert apply(skill, {"stone_pickaxe": 1}) == {"stone_pickaxe": 1, "iron_ore": 1}


def test_replay_stops_where_a_need_fails() -> None:
    names = ["find_log", "log", "planks"]
    assert replay([SKILLS[n] for n in names], {}) == {"planks": 4}
    assert replay([SKILLS[n] for n in names[1:]], {}) is None
