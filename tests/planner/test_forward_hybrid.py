"""The hybrid planner of moving things: done exactly when the goal holds, no circles, one score call per tick."""

from __future__ import annotations

import random

import numpy as np
import pytest

from planner.effects import apply
from planner.forward_hybrid import ForwardHybrid
from planner.language import Scores
from planner.types import FAILED, holds
from tests.planner.scenes import LIBRARY, random_goal, random_scene


class Whims:
    """A language model with random, strong opinions."""

    name = "whims"

    def __init__(self, seed: int = 0):
        self.draw, self.calls = np.random.default_rng(seed), 0

    def score(self, prompts, candidates):
        self.calls += 1
        values = self.draw.normal(0, 5, (len(prompts), len(candidates))).astype(np.float32)
        return Scores(values, np.ones(values.shape, np.int64), "ranker")


def follow(planner, goal, facts, fails=lambda: False, most=80):
    """Skills chosen until the planner stops, and the facts then."""
    history: list[str] = []
    for _ in range(most):
        decision = planner.decide([goal], [facts], [history], None, ["do it"])[0]
        if decision.status != "act":
            return decision.status, history, facts
        if fails():
            history.append(decision.skill + FAILED)
        else:
            history.append(decision.skill)
            facts = apply(LIBRARY.skills[decision.skill], facts)
    return "lost", history, facts


@pytest.mark.parametrize("seed", range(25))
def test_whatever_the_language_model_says_the_goal_is_reached_without_circles(seed):
    draw = random.Random(seed)
    facts = random_scene(draw)
    goal = [random_goal(facts, draw) for _ in range(2)]
    status, history, after = follow(ForwardHybrid(LIBRARY, Whims(seed)), goal, facts)
    assert status == "done" and holds(goal, after)
    states = [tuple(sorted(facts.items()))]
    for name in history:
        facts = apply(LIBRARY.skills[name], facts)
        states.append(tuple(sorted((f, n) for f, n in facts.items() if not f.startswith("visited_"))))
    assert len(set(states)) == len(states)


@pytest.mark.parametrize("seed", range(6))
def test_failures_delay_but_do_not_mislead(seed):
    draw = random.Random(seed)
    facts = random_scene(draw)
    goal = [random_goal(facts, draw)]
    status, _, after = follow(ForwardHybrid(LIBRARY, Whims(seed)), goal, facts, lambda: draw.random() < 0.3, most=200)
    assert status == "done" and holds(goal, after)


def test_all_environments_are_scored_in_one_call():
    draw, model = random.Random(5), Whims()
    scenes = [random_scene(draw) for _ in range(16)]
    goals = [[random_goal(s, draw)] for s in scenes]
    decisions = ForwardHybrid(LIBRARY, model).decide(goals, scenes, [[]] * 16, None, ["do it"] * 16)
    assert model.calls == 1 and len(decisions) == 16


def test_the_language_model_chooses_among_equals():
    facts = {"robot_at_table": 1, "hand_empty": 1, "drawer_closed": 1, "tea_at_table": 1, "coke_at_table": 1}
    goal = [{"tea_at_user": 1}, {"coke_at_user": 1}]

    class Fond(Whims):
        def score(self, prompts, candidates):
            values = np.array([[0.0 if "coke" in c else -9.0 for c in candidates]] * len(prompts), np.float32)
            return Scores(values, np.ones(values.shape, np.int64), "ranker")

    decision = ForwardHybrid(LIBRARY, Fond()).decide([goal], [facts], [[]], None, ["a coke rather"])[0]
    assert decision.skill == "pick_up_coke_at_table"
    assert {c.skill for c in decision.candidates} == {"pick_up_coke_at_table", "pick_up_tea_at_table"}


def test_what_cannot_be_is_said():
    facts = {"robot_at_user": 1, "hand_empty": 1, "drawer_closed": 1}
    decision = ForwardHybrid(LIBRARY, None).decide([[{"coke_at_user": 1}]], [facts], [[]])[0]
    assert decision.status == "impossible" and "no skills lead" in decision.reason
