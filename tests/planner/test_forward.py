"""Forward search: its plans reach their goals when replayed, are as short as a breadth-first search's, or there is none."""

from __future__ import annotations

import random
from collections import deque

import pytest

from planner.effects import apply, missing, replay
from planner.forward import ForwardSearch, holds_one
from tests.planner.scenes import LIBRARY, random_goal, random_scene

SEARCH = ForwardSearch(LIBRARY.skills)


@pytest.mark.parametrize("seed", range(60))
def test_plans_reach_their_goals(seed):
    draw = random.Random(seed)
    facts = random_scene(draw)
    goal = random_goal(facts, draw)
    plan = SEARCH.plan(goal, facts)
    assert plan is not None
    after = replay((LIBRARY.skills[name] for name in plan), facts)
    assert after is not None and holds_one(goal, after)


def shortest(goal, facts, relevant) -> int:
    """Breadth first."""
    todo, seen = deque([(dict(facts), 0)]), set()
    while todo:
        now, depth = todo.popleft()
        if holds_one(goal, now):
            return depth
        for skill in relevant:
            if not missing(skill, now):
                after = apply(skill, now)
                key = frozenset(f for f in after.items() if not f[0].startswith("visited_"))
                if key not in seen:
                    seen.add(key)
                    todo.append((after, depth + 1))
    raise AssertionError("no plan at all")


@pytest.mark.parametrize("seed", range(12))
def test_plans_for_one_thing_are_shortest(seed):
    draw = random.Random(100 + seed)
    facts = {k: v for k, v in random_scene(draw).items() if not k.startswith("coke")}
    facts |= {"coke_at_table": 1}
    goal = {draw.choice(["coke_at_user", "coke_at_far_counter", "coke_at_drawer"]): 1}
    words = ("coke", "drawer", "go_to", "bring", "put_down")
    relevant = [s for s in LIBRARY.skills.values() if any(word in s.name for word in words)]
    plan = SEARCH.plan(goal, facts)
    assert plan is not None and len(plan) == shortest(goal, facts, relevant)


def test_the_order_of_a_command_is_kept():
    facts = {"robot_at_user": 1, "hand_empty": 1, "drawer_closed": 1}
    plan = SEARCH.plan({"visited_table": 1, "visited_drawer": 1}, facts)
    assert plan == ["go_to_table", "go_to_drawer"]
    assert SEARCH.plan({"visited_drawer": 1, "visited_table": 1}, facts) == ["go_to_drawer", "go_to_table"]


def test_what_is_not_there_has_no_plan():
    assert SEARCH.plan({"coke_at_user": 1}, {"robot_at_user": 1, "hand_empty": 1, "drawer_closed": 1}) is None


def test_what_lies_in_a_closed_drawer_needs_it_open():
    facts = {"robot_at_user": 1, "hand_empty": 1, "drawer_closed": 1, "tea_at_drawer": 1}
    plan = SEARCH.plan({"tea_at_table": 1}, facts)
    assert plan is not None and plan.index("open_drawer") < plan.index("pick_up_tea_at_drawer")


def test_a_skill_that_failed_costs_more():
    facts = {"robot_at_table": 1, "hand_empty": 1, "drawer_closed": 1, "tea_at_table": 1, "tea_at_far_counter": 1}
    cheap = SEARCH.plan({"tea_at_user": 1}, facts)
    dear = ForwardSearch(LIBRARY.skills, {"pick_up_tea_at_table": 9.0}).plan({"tea_at_user": 1}, facts)
    assert "pick_up_tea_at_table" in cheap and "pick_up_tea_at_far_counter" in dear
