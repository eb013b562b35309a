"""What an agent sees to besides its task: foes, hunger; and that it waits only when nothing else is left to do."""

from __future__ import annotations

from planner.hybrid import Hybrid
from skills.library import SkillLibrary

LIBRARY = SkillLibrary.load("minedojo")
BODY = {"health": 20, "food": 20, "aboveground": 1}


def first(goal, facts, past=(), library=LIBRARY):
    return Hybrid(library, uses_affordance=False).decide([[goal]], [BODY | facts], [list(past)])[0]


def test_a_foe_that_is_near_is_fought_first():
    found = first({"log": 1}, {"zombie_nearby": 1, "iron_sword": 1})
    assert found.skill == "kill_zombie_with_iron_sword" and found.reason == "defends itself"
    assert first({"log": 1}, {"creeper_nearby": 1}).skill == "find_log"  # nobody fights what explodes
    assert first({"log": 1}, {"zombie_nearby": 1, "log": 0, "planks": 4}).skill == "kill_zombie"  # with what is at hand
    assert first({"log": 1}, {"zombie_nearby": 1}, library=SkillLibrary.load("craft")).skill == "find_log"


def test_a_foe_is_left_alone_after_two_failures():
    near, fight = {"zombie_nearby": 1, "iron_sword": 1}, "kill_zombie_with_iron_sword"
    past = ["find_log", fight + "!", fight + "!"]
    assert first({"log": 1}, near, past).skill == "find_log"
    assert first({"log": 1}, near, [*past, "find_log"]).skill == "find_log", "it is left alone for a while"
    assert first({"log": 1}, near, [*past, *["find_log", "log"] * 4]).skill == fight
    assert first({"log": 1}, near, [*past, fight]).skill == fight


def test_who_has_no_weapon_at_night_gets_one_if_it_is_cheap():
    found = first({"diamond": 1}, {"night": 1, "log": 2, "crafting_table_nearby": 1})
    assert found.reason == "arms itself" and found.skill == "planks" and "wooden_sword" in found.plan
    stone = first({"diamond": 1}, {"night": 1, "log": 2, "cobblestone": 2, "crafting_table_nearby": 1})
    assert stone.reason == "arms itself" and "stone_sword" in stone.plan
    assert not first({"diamond": 1}, {"night": 1, "iron_sword": 1, "log": 2}).reason
    assert not first({"diamond": 1}, {"log": 2, "crafting_table_nearby": 1}).reason  # by day nobody comes
    assert not first({"planks": 4}, {"night": 1, "log": 2}).reason  # what is done before a weapon is made
    assert first({"string": 1}, {"night": 1}).reason == "arms itself"


def test_who_fights_for_loot_is_not_defending_itself():
    found = first({"string": 1}, {"spider_nearby": 1, "night": 1})
    assert found.skill == "string" and not found.reason
    found = first({"string": 1}, {"spider_nearby": 1, "night": 1, "iron_sword": 1})
    assert found.skill == "string_with_iron_sword"


def test_it_eats_what_it_has_unless_the_task_needs_it():
    assert first({"log": 1}, {"food": 14, "apple": 1}).skill == "eat_apple"
    assert first({"log": 1}, {"food": 15, "apple": 1}).skill == "find_log"
    assert first({"log": 1}, {"food": 15, "apple": 1, "health": 12}).skill == "eat_apple"  # only the well fed heal
    assert first({"log": 1}, {"food": 18, "apple": 1, "health": 12}).skill == "find_log"
    assert first({"apple": 2}, {"food": 10, "apple": 1}).skill == "apple"
    assert (
        first({"golden_apple": 1}, {"food": 10, "apple": 1, "gold_ingot": 8, "crafting_table_nearby": 1}).skill
        == "golden_apple"
    )


def test_it_gets_something_to_eat_when_it_starves():
    found = first({"log": 3}, {"food": 9})
    assert found.reason == "is hungry" and any(name.startswith("eat_") for name in found.plan) and "log" in found.plan
    assert first({"log": 3}, {"food": 10}).reason != "is hungry"
    night = {"night": 1, "stone_sword": 1}
    assert first({"log": 3}, night | {"food": 3}).reason != "is hungry" == first({"log": 3}, night | {"food": 2}).reason
    starved = {name: n for name, n in BODY.items() if name != "food"}  # zero facts are left out
    assert Hybrid(LIBRARY).decide([[{"log": 3}]], [starved], [[]])[0].reason == "is hungry"
    assert Hybrid(LIBRARY).decide([[{"log": 3}]], [{}], [[]])[0].reason != "is hungry"  # the symbolic world has no body


def test_who_is_hurt_gets_something_to_eat_by_day() -> None:
    assert first({"log": 3}, {"food": 17, "health": 12}).reason == "is hungry"
    assert not first({"log": 3}, {"food": 18, "health": 12}).reason  # it heals
    assert not first({"log": 3}, {"food": 17, "health": 13}).reason
    assert first({"log": 3}, {"food": 17, "health": 12, "night": 1, "stone_sword": 1}).reason != "is hungry"


def test_who_is_badly_hurt_at_night_digs_in_if_it_heals_there() -> None:
    hurt = {"night": 1, "health": 10, "food": 18, "stone_sword": 1}
    found = first({"log": 1}, hurt)
    assert found.skill == "dig_in" and found.plan[1:] == ["find_log", "log"] and found.reason == "rests"
    assert first({"log": 1}, hurt | {"spider_nearby": 1}).reason == "defends itself"
    for other in ({"health": 11}, {"food": 17}, {"night": 0}):
        assert first({"log": 1}, hurt | other).skill != "dig_in"
    assert first({"log": 1}, hurt, ["dig_in!", "dig_in!"]).skill == "find_log"


def test_a_night_that_fell_meanwhile_is_sat_out_underground_unless_it_is_needed() -> None:
    fallen = {"night": 1, "nightfalls": 1}
    found = first({"bed": 1}, fallen)
    assert found.skill == "sit_out_night" and found.reason == "sits the night out" and "find_sheep" in found.plan
    assert first({"bed": 1}, {"night": 1}).skill != "sit_out_night"  # it was sent out at night
    assert first({"log": 1}, fallen).skill == "find_log"  # that is soon done
    assert first({"string": 9}, fallen | {"stone_sword": 1}).skill == "find_spider"
    pickaxe = {"stone_pickaxe": 1, "stone_sword": 1, "furnace": 1, "coal": 9}
    found = first({"iron_ingot": 9}, fallen | pickaxe)
    assert found.skill == "iron_ore" and found.reason == "works underground while it is night"
    assert first({"bed": 1}, fallen | {"food": 9, "apple": 1}).skill == "eat_apple"
    assert first({"bed": 1}, fallen, ["sit_out_night!", "sit_out_night!"]).skill != "sit_out_night"


def test_who_has_to_wait_for_the_night_gets_ready_meanwhile() -> None:
    armed = {"stone_sword": 1, "beef": 3}
    found = first({"string": 1}, armed)
    assert found.skill == "wait_for_night" and not found.reason
    found = first({"string": 1}, {"beef": 3, "wooden_sword": 1})
    assert "stone_sword" in found.plan and found.reason == "gets ready for the night"
    found = first({"string": 1}, armed | {"food": 17})
    assert found.skill == "eat_beef" and found.reason == "gets ready for the night"
    found = first({"string": 1}, {"stone_sword": 1})
    assert found.reason == "gets ready for the night" and "find_spider" in found.plan
    assert not first({"string": 1}, {"night": 1, "stone_sword": 1}).reason
    symbolic = Hybrid(LIBRARY, uses_affordance=False).decide([[{"string": 1}]], [{}], [[]])[0]
    assert not symbolic.reason  # no body


def test_it_climbs_out_before_it_looks_for_what_stands_on_the_ground():
    planner, below = Hybrid(LIBRARY, uses_affordance=False), {"health": 20, "food": 20}

    def chosen(goal, past=()):
        return planner.decide([[goal]], [below | {"wooden_pickaxe": 1}], [list(past)])[0]

    found = chosen({"log": 1})
    assert found.skill == "climb_out" and found.plan[:2] == ["climb_out", "find_log"] and "climbs out" in found.reason
    assert chosen({"cobblestone": 1}).skill == "cobblestone" and chosen({"gravel": 1}).skill == "find_gravel"
    assert chosen({"log": 1}, ["climb_out!", "climb_out!"]).skill == "find_log"
    assert planner.decide([[{"log": 1}]], [{}], [[]])[0].skill == "find_log"  # the symbolic world has no body


def test_it_waits_for_the_night_only_when_the_rest_is_done():
    planner, facts = Hybrid(LIBRARY, uses_affordance=False), dict(BODY)
    plan = planner.plan([{"fishing_rod": 1}], facts)[1].plan
    at = plan.index("wait_for_night")
    assert plan.count("wait_for_night") == 1 and "find_spider" in plan[at:] and "stick" in plan[:at]
    assert "wait_for_night" not in planner.plan([{"fishing_rod": 1}], facts | {"night": 1})[1].plan
