"""The baseline keeps Plan4MC's rules: order of sub-goals, batch yields, lost nearby facts, re-planning."""

from __future__ import annotations

from agents.tasks import load as load_tasks
from planner.plan4mc import Plan4MC
from planner.types import FAILED
from skills.library import SkillLibrary

PLANNER = Plan4MC(SkillLibrary.load("plan4mc"))


def plan(goal: str, **facts: int) -> list[str]:
    return PLANNER.plan([{goal: 1}], facts)[0]


def test_nearby_comes_last_and_consumed_before_required() -> None:
    assert plan("bed", shears=1, crafting_table=1) == [
        "find_log", "log", "planks", *["find_sheep", "wool"] * 3, "place_crafting_table", "bed",
    ]  # fmt: skip


def test_surplus_of_a_batch_is_kept() -> None:
    assert plan("wooden_pickaxe", crafting_table=1).count("log") == 2, "3 + 2 planks of 8, 2 sticks of 4"
    assert plan("torch", coal=1, planks=2) == ["stick", "torch"]


def test_all_forty_tasks_have_a_plan() -> None:
    for task in load_tasks("plan4mc"):
        found, lacking = PLANNER.plan(task.goal, task.start.get("inventory", {}))
        assert found and not lacking, task.id


def test_what_nothing_obtains_is_named() -> None:
    (decision,) = PLANNER.decide([[{"diamond_sword": 1}]], [{}], [[]])
    assert decision.status == "impossible" and "diamond_sword" in decision.reason


def test_it_believes_only_its_own_memory_of_what_is_nearby() -> None:
    goal, facts = [{"log": 1}], {"log_nearby": 1}
    assert PLANNER.decide([goal], [facts], [["find_log"]])[0].skill == "log"
    assert PLANNER.decide([goal], [facts], [["find_cow"]])[0].skill == "find_log"
    assert PLANNER.decide([goal], [facts], [["find_log" + FAILED]])[0].skill == "find_log"


def test_done_when_the_goal_holds() -> None:
    assert PLANNER.decide([[{"bed": 1}]], [{"bed": 1}], [[]])[0].status == "done"
