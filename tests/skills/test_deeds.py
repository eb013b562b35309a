"""Skills made for kills and uses: every mob and counted item has one, and what they need and obtain is right."""

from __future__ import annotations

from agents.agent import fact_names
from sim.craft import data as craft_data
from skills.library import SkillLibrary

LIBRARY = SkillLibrary.load("minedojo")


def test_the_library_extends_the_craft_library_and_lints() -> None:
    craft = SkillLibrary.load("craft")
    assert set(craft.skills) < set(LIBRARY.skills)
    assert LIBRARY.lint(fact_names("craft")) == []


def test_every_mob_can_be_killed_with_what_there_is() -> None:
    for mob in craft_data.load().mob_names[1:]:
        bare, armed = LIBRARY.skills[f"kill_{mob}"], LIBRARY.skills[f"kill_{mob}_with_iron_sword"]
        assert bare.obtains == armed.obtains == {f"killed_{mob}": 1} and bare.consumes == {f"{mob}_nearby": 1}
        assert armed.equips == "iron_sword" and armed.requires == {"iron_sword": 1} and bare.equips is None


def test_who_fights_for_loot_takes_the_same_swords() -> None:
    for loot in ("string", "bone", "beef", "feather"):
        bare, armed = LIBRARY.skills[loot], LIBRARY.skills[f"{loot}_with_stone_sword"]
        assert armed.obtains == bare.obtains and armed.requires == bare.requires | {"stone_sword": 1}
        kill = LIBRARY.skills[f"kill_{bare.target}_with_stone_sword"]
        assert (armed.success, armed.duration) == (kill.success, kill.duration)  # measured by the kills


def test_uses_go_by_what_an_item_is_for() -> None:
    skills = LIBRARY.skills
    assert skills["use_iron_pickaxe"].policy == "mine" and skills["use_iron_pickaxe"].requires == {"iron_pickaxe": 1}
    assert skills["use_iron_pickaxe_on_stone"].target == "cobblestone"  # there is no dirt at the bottom of a mine
    assert skills["use_stone_hoe"].policy == "place" and skills["use_stone_hoe"].consumes == {}
    assert skills["use_golden_helmet"].kind == "apply" and skills["use_golden_helmet"].policy is None
    assert skills["use_bow"].consumes == {"arrow": 1} and skills["use_tnt"].consumes == {"tnt": 1}
    counted = {craft_data.load().item_names[k] for k in craft_data.load().counted_items}
    assert {f"use_{item}" for item in counted} <= set(skills)


def test_better_pickaxes_dig_what_lesser_ones_do() -> None:
    skills = LIBRARY.skills
    assert skills["iron_ore_with_diamond_pickaxe"].requires == {"diamond_pickaxe": 1}
    assert skills["iron_ore_with_diamond_pickaxe"].obtains == skills["iron_ore"].obtains
    assert "iron_ore_with_wooden_pickaxe" not in skills and "gold_ore_with_stone_pickaxe" not in skills
