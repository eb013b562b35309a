"""The hybrid planner at work: done, impossible, other ways after failures, remembered plans, candidates."""

from __future__ import annotations

import numpy as np

from planner import make_planner
from planner.effects import apply
from planner.hybrid import FAILED, Hybrid
from skills.library import SkillLibrary

UNKNOWN = {"success": None, "duration": None}  # so that no new weights change what these tests see
LOADED = SkillLibrary.load("plan4mc")
LIBRARY = SkillLibrary("plan4mc", "craft", [s.model_copy(update=UNKNOWN) for s in LOADED.skills.values()])
SKILLS = LIBRARY.skills


def one(planner, goal, facts, past=(), affordance=None):
    return planner.decide([[goal]], [facts], [list(past)], affordance)[0]


def test_it_acts_to_the_end_and_says_done():
    planner, facts, past = make_planner("hybrid", LIBRARY), {}, []
    first = one(planner, {"stone_pickaxe": 1}, facts)
    while (decision := one(planner, {"stone_pickaxe": 1}, facts, past)).status == "act":
        assert decision.plan[0] == decision.skill == decision.candidates[0].skill
        facts = apply(SKILLS[decision.skill], facts)
        past.append(decision.skill)
    assert decision.status == "done" and past == first.plan


def test_impossible_says_what_is_missing():
    found = one(Hybrid(LIBRARY), {"netherbrick": 2}, {})
    assert found.status == "impossible" and found.skill is None and found.reason == "nothing obtains 2 netherbrick"


def test_the_cheaper_of_two_alternatives():
    (found,) = Hybrid(LIBRARY).decide([[{"diamond": 1}, {"planks": 1}]], [{"log": 1}], [[]])
    assert found.plan == ["planks"]


def test_repeated_failures_lead_to_another_way():
    planner, facts = Hybrid(LIBRARY), {"wooden_pickaxe": 1}
    before = one(planner, {"cobblestone": 1}, facts)
    failed = [before.skill + FAILED] * 6
    after = one(planner, {"cobblestone": 1}, facts, failed)
    assert after.skill != before.skill and after.status == "act"
    assert one(planner, {"cobblestone": 1}, facts, [*failed, before.skill]).skill == before.skill


def test_plans_are_remembered(monkeypatch):
    planner = Hybrid(LIBRARY)
    plan = one(planner, {"wooden_pickaxe": 1}, {}).plan
    monkeypatch.setattr("planner.search.Search.plan", None)  # would throw if it were asked again
    facts = apply(SKILLS[plan[0]], {})
    assert one(planner, {"wooden_pickaxe": 1}, {}).plan == plan
    assert one(planner, {"wooden_pickaxe": 1}, facts).plan == plan[1:]


def test_candidates_can_all_run_and_the_best_is_taken():
    found = one(Hybrid(LIBRARY), {"furnace": 1}, {"log": 3, "wooden_pickaxe": 1})
    assert len(found.candidates) > 1
    assert max(found.candidates, key=lambda c: c.score).skill == found.skill
    assert all(0 < c.score <= 1 for c in found.candidates)


def test_affordance_turns_the_choice():
    planner, facts = Hybrid(LIBRARY, uses_affordance=True), {"wooden_pickaxe": 1}
    first = one(planner, {"cobblestone": 1}, facts)
    chance = np.full((1, len(SKILLS)), np.nan)
    assert one(planner, {"cobblestone": 1}, facts, (), chance).skill == first.skill
    chance[0, :] = 0.95
    chance[0, planner.index[first.skill]] = 0.05
    second = one(planner, {"cobblestone": 1}, facts, (), chance)
    assert second.skill != first.skill and second.plan[0] == second.skill


def test_a_batch_is_decided_at_once():
    found = Hybrid(LIBRARY).decide([[{"log": 1}], [{"planks": 1}]], [{"log": 1}, {"log": 1}], [[], []])
    assert [d.status for d in found] == ["done", "act"]


def test_a_find_that_has_just_found_is_not_run_again() -> None:
    """On a long plan finding once more costs next to nothing, and its chance may be better than that of what comes next."""
    library = SkillLibrary.load("craft")
    planner = Hybrid(library)
    names = list(library.skills)
    chance = np.full((1, len(names)), np.nan)
    chance[0, names.index("find_log")], chance[0, names.index("log")] = 0.99, 0.9
    facts = {"wooden_pickaxe": 1, "log_nearby": 1}
    goal = ({"gold_ore": 8},)
    again = planner.decide([goal], [facts], [[]], affordance=chance)[0]
    after = planner.decide([goal], [facts], [["find_log"]], affordance=chance)[0]
    assert again.skill == "find_log" and after.skill == "log"
