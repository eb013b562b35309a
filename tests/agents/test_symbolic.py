"""Symbolic episodes: the executor over declared effects only."""

from __future__ import annotations

from agents.agent import AgentOptions, build
from agents.executor import Job
from agents.tasks import Task


def test_a_wooden_pickaxe_is_planned_to_its_end():
    agent = build(AgentOptions(num_envs=2, symbolic=True, goal="given"))
    goals = [{"wooden_pickaxe": 1}, {"planks": 5}]
    traces = agent.executor().run([Job(Task(str(g), "get it", (g,)), 0, 0) for g in goals])
    assert [t.success for t in traces] == [True, True], [t.reason for t in traces]
    assert all(t.ticks == len(t.skills) for t in traces)


def test_a_start_inventory_counts():
    agent = build(AgentOptions(symbolic=True))
    (trace,) = agent.executor().run(
        [Job(Task("a", "get planks", ({"planks": 4},), start={"inventory": {"log": 1}}), 0, 0)]
    )
    assert trace.skills == ["planks"] and trace.facts["planks"] == 4
