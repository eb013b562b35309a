"""What an agent sees to besides its task: foes, hunger; and that it waits only when nothing else is left to do."""

from __future__ import annotations

from planner.hybrid import Hybrid
from skills.schema import SkillLibrary

LIBRARY = SkillLibrary.load("minedojo")
BODY = {"health": 20, "food": 20, "aboveground": 1}


def first(goal, facts, past=(), library=LIBRARY):
    return Hybrid(library, uses_affordance=False).decide([[goal]], [BODY | facts], [list(past)])[0]


def test_a_foe_that_is_near_is_fought_first():
    found = first({"log": 1}, {"zombie_nearby": 1, "iron_sword": 1})
    assert found.skill == "kill_zombie_with_iron_sword" and found.reason == "defends itself"
    assert first({"log": 1}, {"creeper_nearby": 1}).skill == "find_log"  # nobody fights what explodes
    assert first({"log": 1}, {"zombie_nearby": 1}, library=SkillLibrary.load("craft")).skill == "find_log"


def test_a_foe_is_left_alone_after_two_failures():
    near, fight = {"zombie_nearby": 1, "iron_sword": 1}, "kill_zombie_with_iron_sword"
    past = ["find_log", fight + "!", fight + "!"]
    assert first({"log": 1}, near, past).skill == "find_log"
    assert first({"log": 1}, near, [*past, "find_log"]).skill == fight


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
    found = first({"log": 3}, {"food": 5})
    assert found.reason == "is hungry" and any(name.startswith("eat_") for name in found.plan) and "log" in found.plan
    assert first({"log": 3}, {"food": 6}).reason != "is hungry"
    starved = {name: n for name, n in BODY.items() if name != "food"}  # zero facts are left out
    assert Hybrid(LIBRARY).decide([[{"log": 3}]], [starved], [[]])[0].reason == "is hungry"
    assert Hybrid(LIBRARY).decide([[{"log": 3}]], [{}], [[]])[0].reason != "is hungry"  # the symbolic world has no body


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
