"""The vectorised watch equals a plain reading of the conditions."""

from __future__ import annotations

import numpy as np

from agents.watch import FactWatch, gain_ranges, goal_ranges
from skills.schema import Skill

NAMES = ["a", "b", "c", "d"]


def plain(goal, row) -> bool:
    return any(
        all(row[NAMES.index(f)] >= n if n > 0 else row[NAMES.index(f)] <= 0 for f, n in alt.items()) for alt in goal
    )


def test_random_goals_equal_the_plain_reading():
    rng = np.random.default_rng(0)
    watch, goals = FactWatch(16, NAMES), [None] * 16
    for _ in range(40):
        env = int(rng.integers(16))
        size = lambda: rng.choice(NAMES, size=rng.integers(1, 4), replace=False)  # noqa: E731
        goals[env] = [{str(f): int(rng.integers(0, 3)) for f in size()} for _ in range(rng.integers(1, 4))]
        watch.set(env, goal_ranges(goals[env]))
        for _ in range(10):
            facts = rng.integers(0, 4, (16, 4))
            expected = [goal is not None and plain(goal, row) for goal, row in zip(goals, facts, strict=True)]
            assert watch.holds(facts).tolist() == expected


def test_nothing_watched_never_holds():
    watch = FactWatch(2, NAMES)
    watch.set(0, goal_ranges([{"a": 1}]))
    watch.clear(0)
    assert not watch.holds(np.ones((2, 4), dtype=int)).any()


def test_gains_are_over_the_start_but_nearby_facts_and_lost_ones_just_hold():
    high = np.iinfo(np.int32).max
    cut = Skill(name="cut", text="cut", kind="harvest", obtains={"log": 2, "cow_nearby": 1})
    assert gain_ranges(cut, {"log": 3, "cow_nearby": 1}) == {"log": (5, high), "cow_nearby": (1, high)}
    go = Skill(name="go", text="go", kind="go", loses=("robot_at_",), obtains={"robot_at_table": 1, "visited_table": 1})
    assert gain_ranges(go, {"robot_at_table": 1, "visited_table": 1}) == {
        "robot_at_table": (1, high),
        "visited_table": (2, high),
    }
