"""The baseline over its own forty tasks, re-planned after every skill, in a world where every skill succeeds."""

from __future__ import annotations

import pytest

from agents.tasks import Task
from agents.tasks import load as load_tasks
from planner.effects import apply, missing
from planner.plan4mc import Plan4MC
from planner.types import holds
from skills.library import SkillLibrary
from skills.schema import Skill

LIBRARY = SkillLibrary.load("plan4mc")
PLANNER = Plan4MC(LIBRARY)
TASKS = list(load_tasks("plan4mc"))


def test_ten_tasks_of_each_family() -> None:
    families = [task.family for task in TASKS]
    assert {name: families.count(name) for name in families} == dict.fromkeys(
        ("cut-trees", "mine-stones", "interact-mobs", "mine-ores"), 10
    )


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_its_goal_is_reached_and_no_skill_lacks_anything(task: Task) -> None:
    facts, past = dict(task.start.get("inventory", {})), []
    decision = PLANNER.decide([task.goal], [facts], [past])[0]
    while decision.status == "act" and len(past) < 400:
        skill = LIBRARY.skills[str(decision.skill)]
        assert not missing(skill, facts), f"{skill.name} cannot run"
        facts = apply(skill, facts)
        past.append(skill.name)
        decision = PLANNER.decide([task.goal], [facts], [past])[0]
    assert decision.status == "done" and holds(task.goal, facts), decision.reason


def test_a_find_loses_every_nearby_fact() -> None:
    """Beef is cooked at a furnace placed after the hunt, though one stood near before it."""
    facts = {"diamond_sword": 1, "planks": 1, "furnace": 1, "furnace_nearby": 1}
    assert PLANNER.plan([{"cooked_beef": 1}], facts)[0] == ["find_cow", "beef", "place_furnace", "cooked_beef"]


def test_a_cycle_without_entry_ends() -> None:
    loop = [Skill(name="a", text="a", kind="craft", consumes={"b": 1}, obtains={"a": 1}),
            Skill(name="b", text="b", kind="craft", consumes={"a": 1}, obtains={"b": 1})]  # fmt: skip
    planner = Plan4MC(SkillLibrary("loop", "craft", loop))
    assert planner.decide([[{"a": 1}]], [{}], [[]])[0].status == "impossible"


def test_a_batch_is_the_same_as_one_at_a_time() -> None:
    goals, facts = [[{"stick": 1}], [{"bed": 1}], [{"log": 1}]], [{"log": 1}, {"shears": 1}, {"log": 4}]
    alone = [PLANNER.decide([goal], [known], [[]])[0] for goal, known in zip(goals, facts, strict=True)]
    assert PLANNER.decide(goals, facts, [[], [], []]) == alone
