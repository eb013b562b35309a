"""Evaluation: stable seeds, results.json as promised, files written whole or not at all."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from agents import evaluate
from agents.agent import AgentOptions, build
from agents.executor import Executor
from agents.tasks import Task
from sim.world import UserError
from tests.agents.fakes import FACTS, SKILLS, FakePlanner, FakeRunner, FakeWorld


def fake_agent(num_envs: int = 4):
    world = FakeWorld(num_envs)

    def executor(**options):
        return Executor(world, SKILLS, FakePlanner(), FakeRunner(num_envs), **options)

    return SimpleNamespace(
        options=AgentOptions(num_envs=num_envs), world=world, executor=executor, check_start=lambda s: None
    )


def task(planks: int, family: str = "craft", **start) -> Task:
    return Task(f"planks/{planks}", "make planks", ({"planks": planks},), family, start=start, where="t:1")


def test_results_hold_what_the_design_promises():
    found, traces = evaluate.run_tasks(fake_agent(), [task(4), task(14, "hopeless")], 3, shown=False)
    good, bad = found["tasks"]
    assert good["success"] == 1.0 and good["episodes"] == 3 and good["reason"] == []
    assert good["plan"] == ["find_log", "harvest_log", "craft_planks"] and good["steps"] == 28
    assert bad["success"] == 0.0 and bad["reason"] == ["no plan"] * 3
    assert set(found["families"]) == {"craft", "hopeless"}
    assert found["total"]["success"] == 0.5 and found["total"]["low"] < 0.5 < found["total"]["high"]
    assert {"seed", "versions", "planner", "model", "wall_s", "num_envs", "episodes_per_s"} <= set(found)
    assert len(traces) == 6
    json.dumps(found)


def test_seeds_depend_on_the_task_and_the_episode_only():
    alone = evaluate.make_jobs([task(4)], 3, seed=7)
    among = [job for job in evaluate.make_jobs([task(8), task(4), task(5)], 3, seed=7) if job.task == task(4)]
    assert [job.seed for job in alone] == [job.seed for job in among]
    assert len({job.seed for job in evaluate.make_jobs([task(8), task(4)], 50, seed=7)}) == 100


def test_an_episode_is_the_same_whatever_runs_beside_it():
    start = {"biome": "forest", "spawns": False, "max_steps": 4000}
    tasks = [Task(f"own/{n}", "get logs", ({"log": n},), "own", start=start, where="t:1") for n in (1, 2, 3)]
    found = []
    for num_envs in (1, 6):
        agent = build(AgentOptions(num_envs=num_envs, seed=3, goal="given"))
        _, traces = evaluate.run_tasks(agent, tasks, 2, shown=False)
        found.append([(trace.task, trace.episode, trace.skills, trace.ticks, trace.facts) for trace in traces])
    assert found[0] == found[1] and sum(facts.get("log", 0) for *_, facts in found[0]) >= 6


def test_long_tasks_go_first():
    jobs = evaluate.make_jobs([task(4, max_steps=10), task(8, max_steps=99)], 2, seed=0)
    assert [job.task.max_steps for job in jobs] == [99, 99, 10, 10]


def test_tasks_are_checked_before_any_episode():
    agent = fake_agent()
    with pytest.raises(UserError, match="t:1: unknown fact 'wings'"):
        evaluate.run_tasks(agent, [Task("x", "fly", ({"wings": 2},), where="t:1")], 1, shown=False)
    with pytest.raises(UserError, match="for world 'kitchen'"):
        evaluate.run_tasks(agent, [Task("x", "fly", ({"log": 2},), world="kitchen", where="t:1")], 1, shown=False)
    assert agent.world.steps == 0 and len(FACTS) == 4


def test_a_write_is_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out.json"
    evaluate.write_json(path, {"a": 1})
    with pytest.raises(UnicodeEncodeError):
        evaluate.write_atomically(path, "\ud800")
    assert json.loads(path.read_text()) == {"a": 1} and [p.name for p in tmp_path.iterdir()] == ["out.json"]


def test_output_places_are_checked_first(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        evaluate.check_output(tmp_path / "no" / "out.json")
    with pytest.raises(UserError, match="is a folder"):
        evaluate.check_output(tmp_path)
