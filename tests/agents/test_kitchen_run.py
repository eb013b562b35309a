"""Commands carried out by the household robot's physics and shipped weights."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import saycraft
from agents import tasks as task_files
from agents.agent import KITCHEN_LIMITS, AgentOptions, build
from agents.executor import Job
from agents.tasks import Task
from planner.embedded.lexicon import published

START = {"objects": [["coke", "table"], ["apple", "close counter"], ["sponge", "far counter"]]}


def call(capsys, *words):
    try:
        code = saycraft.main([str(word) for word in words])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    return code, out, err


def test_a_command_is_carried_out_and_filmed(capsys, tmp_path):
    page = tmp_path / "replay.html"
    start = json.dumps({"objects": [["sponge", "close counter"], ["coke", "table"]]})
    code, out, _ = call(capsys, "run", "my hands are sticky, get me something to wipe them", "--world", "kitchen",
                        "--start", start, "--replay", page, "--json")  # fmt: skip
    told = json.loads(out)
    assert code == 0 and told["success"] and told["facts"]["sponge_at_user"] == 1
    assert [d["outcome"] for d in told["decisions"] if d["skill"]][-1] == "success"
    text = page.read_text()
    assert '"world": "kitchen"' in text and text.count('"image"') >= 4 and '"ticks_per_second": 12' in text


@pytest.mark.parametrize(("words", "said"), [
    (("bring me the tea",), "there is no tea here"),
    (("bring me the coke", "--start", '{"objects": [["coke", "table"]], "disturbances": ["flood"]}'), "must be a list of"),
    (("bring me the coke", "--start", '{"objects": [["coke", "table"], ["coke", "table"], ["coke", "table"], ["coke", "user"]]}'),
     "this kitchen has 3 of each object"),
])  # fmt: skip
def test_mistakes_are_one_line(capsys, words, said):
    start = () if "--start" in words else ("--start", json.dumps(START))
    code, out, err = call(capsys, "run", *words, "--world", "kitchen", *start)
    assert code == 2 and out == "" and said in err and "Traceback" not in err


def agent_of(num_envs=1):
    return build(AgentOptions(world="kitchen", num_envs=num_envs, goal="given"))


def test_when_its_object_is_taken_the_robot_takes_another():
    agent = agent_of()
    start = {"objects": [["coke", "table"], ["7up", "far counter"]], "disturbances": ["object taken"]}
    task = Task("a", "bring me a soda", ({"coke_at_user": 1}, {"7up_at_user": 1}), world="kitchen", start=start)
    (trace,) = agent.executor().run([Job(task, 0, 1)])
    agent.world.close()
    assert trace.success, trace.reason
    assert not any(trace.facts.get(name, 0) for name in ("coke_at_table", "7up_at_far_counter"))


def test_what_is_gone_for_good_is_reported():
    agent = agent_of()
    start = {"objects": [["coke", "table"]], "disturbances": ["object taken"]}
    task = Task("a", "bring me the coke", ({"coke_at_user": 1},), world="kitchen", start=start)
    (trace,) = agent.executor().run([Job(task, 0, 0)])
    agent.world.close()
    assert not trace.success and trace.reason.startswith("no plan")


def test_a_hopeless_grasp_is_given_up_early(monkeypatch):
    agent = agent_of()
    monkeypatch.setattr(agent.runner, "ongoing_probability", lambda obs, envs: torch.zeros(len(envs)))
    task = Task("a", "pick up the coke", ({"holding_coke": 1},), world="kitchen",
                start={"robot_at": "table", "objects": [["coke", "table"]]})  # fmt: skip
    limits = replace(KITCHEN_LIMITS, hopeless_ticks=4, hopeless_every=2)
    (trace,) = agent.executor(limits=limits).run([Job(task, 0, 0)])
    agent.world.close()
    first = trace.decisions[0]
    assert first.outcome == "hopeless" and first.end - first.start <= 6
    assert not trace.success and trace.reason.startswith("stuck: pick_up_coke_at_table failed")


def test_the_suite_is_whole_and_its_own():
    tasks = task_files.load("kitchen")
    families = {task.family for task in tasks}
    assert len(tasks) >= 60 and families == {"primitive", "noun", "verb", "structured", "embodiment", "context", "multiple",
                                             "disturbed"}  # fmt: skip
    assert not [task.command for task in tasks if published(task.command)]
    agent = build(AgentOptions(world="kitchen", symbolic=True, goal="given", num_envs=len(tasks)))
    task_files.check_goals(tasks, agent.world.fact_names)
    traces = agent.executor(keep_candidates=False).run([Job(task, 0, 0) for task in tasks])
    assert np.mean([trace.success for trace in traces]) == 1.0, "every goal can be reached by declared effects"


def test_episodes_are_the_same_however_many_run(capsys, tmp_path):
    found = []
    for more in (("--one-at-a-time",), ("--num-envs", "4")):
        code, out, _ = call(capsys, "eval", "kitchen", "--task", "kitchen/1", "--task", "kitchen/3", "--episodes", "2",
                            "--out", tmp_path / "r.json", "--json", *more)  # fmt: skip
        assert code == 0
        found.append([(t["success"], t["plan"], t["steps"]) for t in json.loads(out)["tasks"]])
    assert found[0] == found[1] and all(success == 1.0 for success, _, _ in found[0])
