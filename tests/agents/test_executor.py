"""The batched closed loop: one planner call and one act per step, and no episode is ever lost."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from agents.executor import Executor, Job, Limits
from agents.tasks import Task
from agents.trace import trace_from_json
from tests.agents.fakes import FACTS, SKILLS, FakeDecision, FakePlanner, FakeRunner, FakeSkill, FakeWorld


def make(num_envs: int, **options):
    world, planner, runner = FakeWorld(num_envs), FakePlanner(), FakeRunner(num_envs)
    return Executor(world, SKILLS, planner, runner, **options), world, planner, runner


def job(planks: int, episode: int = 0, **start) -> Job:
    task = Task(f"planks/{planks}/{json.dumps(start)}", "make planks", ({"planks": planks},), "craft", "craft", start)
    return Job(task, episode, episode)


def test_one_episode_runs_to_its_goal():
    executor, *_ = make(1)
    (trace,) = executor.run([job(4)])
    assert trace.success and trace.reason == "goal reached"
    assert trace.skills == ["find_log", "harvest_log", "craft_planks"]
    assert [d.outcome for d in trace.decisions] == ["success"] * 3
    assert [d.end - d.start for d in trace.decisions] == [12, 12, 4]
    assert trace.ticks == 28 and trace.facts["planks"] == 4


@pytest.mark.parametrize("num_envs", [1, 3, 8])
def test_any_number_of_environments_gives_the_same_traces(num_envs):
    jobs = [job(n, k) for n in (4, 8, 5) for k in range(4)]
    alone = make(1)[0].run(jobs)
    together = make(num_envs)[0].run(jobs)
    plain = [[{**t.to_json(), "wall_s": 0} for t in traces] for traces in (alone, together)]
    assert plain[0] == plain[1]


def test_environments_without_a_job_are_paused():
    executor, world, _, _ = make(3)
    executor.run([job(4), job(12)])
    assert world.paused.tolist() == [True, False, True], "the last one to end was needed to the end"
    executor.run([job(4, 1)])
    assert world.paused.tolist() == [False, True, True]


def test_waiting_environments_are_decided_in_one_call_and_act_in_one():
    executor, world, planner, runner = make(8)
    executor.run([job(4, k) for k in range(8)])
    assert planner.batches == [8, 8, 8]
    assert runner.calls == world.steps == 7  # 3 + 3 + 1 steps of work, whatever N is


def test_traces_come_back_in_the_order_of_the_jobs():
    jobs = [job(40), job(4), job(14), job(8)]
    assert [t.goal[0]["planks"] for t in make(2)[0].run(jobs)] == [40, 4, 14, 8]


@pytest.mark.parametrize(
    "planks, reason",
    [
        (13, "error: ZeroDivisionError: thirteen"),
        (14, "no plan"),
        (15, "error: 'fake' chose 'fly', not a skill"),
        (17, "said done, goal not reached"),
    ],
)
def test_a_failing_environment_is_reported_and_the_rest_go_on(planks, reason):
    traces = make(4)[0].run([job(4), job(planks), job(8), job(4)])
    assert [t.success for t in traces] == [True, False, True, True]
    assert traces[1].reason == reason


def test_a_start_that_cannot_be_set_up_costs_only_its_episode():
    traces = make(3)[0].run([job(4), job(4, biome="moon"), job(8)] * 2)
    assert [t.success for t in traces] == [True, False, True] * 2
    assert traces[1].reason == "error: unknown biome 'moon'"


def test_an_unknown_goal_fact_costs_only_its_episode():
    bad = Job(Task("bad", "fly", ({"wings": 2},)), 0, 0)
    traces = make(2)[0].run([bad, job(4)])
    assert [t.success for t in traces] == [False, True]
    assert "wings" in traces[0].reason


def test_a_broken_step_ends_the_running_episodes_and_the_queue_goes_on():
    executor, world, *_ = make(2)
    world.break_at = 2
    traces = executor.run([job(4, k) for k in range(5)])
    assert [t.success for t in traces] == [False, False, True, True, True]
    assert traces[0].reason == "error: RuntimeError: the kernel broke"
    assert traces[0].decisions[-1].outcome == "cut"


def test_time_limit_timeouts_and_death():
    idle, dead = make(2)[0].run([job(16, max_steps=60), job(40, inventory={"poison": 1})])
    assert (idle.reason, idle.ticks) == ("time limit", 60)
    assert [d.outcome for d in idle.decisions] == ["timeout"] * 3
    assert dead.reason == "died" and dead.decisions[-1].outcome == "success"


def test_hopeless_skills_are_given_up():
    executor, _, _, runner = make(1, limits=Limits(hopeless_below=0.1, hopeless_ticks=8, hopeless_every=1))
    runner.chance = 0.01
    (trace,) = executor.run([job(16, max_steps=40)])
    assert {d.outcome for d in trace.decisions} == {"hopeless"}
    assert trace.decisions[0].end == 8


def test_a_direct_skill_that_keeps_failing_ends_the_episode():
    (trace,) = make(1, limits=Limits(stuck=5))[0].run([job(18)])
    assert trace.reason == "stuck: craft_planks failed 5 times in a row"
    assert [d.outcome for d in trace.decisions[:-1]] == ["failed"] * 5


def test_decisions_are_limited():
    (trace,) = make(1, limits=Limits(decisions=3))[0].run([job(16)])
    assert trace.reason == "too many decisions"


def test_a_trace_survives_json():
    (trace,) = make(1)[0].run([job(4)])
    assert trace_from_json(json.loads(json.dumps(trace.to_json(frames=True)))) == trace


class Ambush(FakeWorld):
    """A wolf comes at tick 8 and bites until it is fought; the skill `fight` drives it away."""

    fact_names = (*FACTS, "health", "wolf_nearby", "killed_wolf")

    def __init__(self, num_envs):
        super().__init__(num_envs)
        self.fact_names = Ambush.fact_names
        self.body = np.tile(np.array([20, 0, 0], dtype=np.int32), (num_envs, 1))

    def step(self, actions):
        result = super().step(torch.where(actions > len(SKILLS), 0, actions))
        for i, skill in enumerate(actions[:, 0].tolist()):
            if skill > len(SKILLS):
                self.ticks[i] += 4
                self.body[i, 1:] = 0, 1
            elif self.ticks[i] >= 8 and not self.body[i, 2]:
                self.body[i, 1] = 1
                self.body[i, 0] -= 2
        return result

    def facts(self):
        return torch.from_numpy(np.concatenate([self.values, self.body], axis=1))


class Fighter(FakePlanner):
    def _one(self, goal, facts):
        return FakeDecision("fight") if facts.get("wolf_nearby") else super()._one(goal, facts)


def test_a_fight_for_loot_is_over_with_the_kill():
    fight = FakeSkill("hunt", {"planks": 3}, policy="fight", kind="hunt", target="wolf")
    world, skills = Ambush(1), SKILLS | {"hunt": fight}
    executor = Executor(world, skills, Fighter(), FakeRunner(1))
    executor._watch(0, fight, {"killed_wolf": 2}, 0)
    facts = np.zeros((1, len(world.fact_names)), dtype=np.int32)
    facts[0, world.fact_names.index("killed_wolf")] = 3
    assert executor.kills.holds(facts)[0] and not executor.gains.holds(facts)[0]


def test_who_fights_is_interrupted_only_by_another_foe_when_its_own_is_gone():
    fight = FakeSkill("fight", {"killed_wolf": 1}, policy="fight", kind="hunt", target="wolf")
    world, skills = Ambush(1), SKILLS | {"fight": fight}
    executor = Executor(world, skills, Fighter(), FakeRunner(1), foes=["wolf"])
    names = world.fact_names
    executor.skill[0], executor.well[0] = executor.index["fight"], 20
    facts = np.zeros((1, len(names)), dtype=np.int32)
    facts[0, names.index("health")], facts[0, names.index("wolf_nearby")] = 10, 1
    assert not executor._attacked(facts)[0]
    executor.skill[0] = executor.index["find_log"]
    assert executor._attacked(facts)[0]


def test_a_skill_is_interrupted_when_a_foe_strikes_and_goes_on_afterwards():
    fight = FakeSkill("fight", {"killed_wolf": 1}, kind="hunt")
    world, skills = Ambush(1), SKILLS | {"fight": fight}
    executor = Executor(world, skills, Fighter(), FakeRunner(1), foes=["wolf"])
    (trace,) = executor.run([job(4)])
    assert trace.success and trace.skills == ["find_log", "fight", "find_log", "harvest_log", "craft_planks"]
    first = trace.decisions[0]
    assert first.outcome == "interrupted" and trace.facts["health"] == 18  # bitten once
    assert trace.history == ["fight", "find_log", "harvest_log", "craft_planks"]  # no failure of find_log
    without = Executor(Ambush(1), skills, Fighter(), FakeRunner(1)).run([job(4)])[0]
    assert [d.outcome for d in without.decisions].count("interrupted") == 0 and without.facts["health"] < 18
