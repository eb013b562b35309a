"""The command line where language matters: the kitchen, its planners, servers that are not there, graphs."""

from __future__ import annotations

import json

import pytest

from planner import similarity
from planner.embedded import model as embedded
from tests.agents.test_cli import call
from tests.planner import toy_models

pytestmark = pytest.mark.skipif(
    not similarity.available() or not (embedded.FOLDER / "planner.safetensors").is_file(),
    reason="no embedded model here",
)
KITCHEN = ("--world", "kitchen")
START = ("--start", '{"objects": [["coke", "table"], ["sponge", "close counter"]]}')


def test_a_kitchen_command_is_planned_and_carried_out(capsys):
    code, out, _ = call(capsys, "plan", "bring me the sponge", *KITCHEN, *START, "--json")
    found = json.loads(out)
    assert code == 0 and found["success"] and found["goal"] == [{"sponge_at_user": 1}]
    assert [d["skill"] for d in found["decisions"]][-2:] == ["bring_it_to_you", "put_down_sponge_at_user"]
    candidate = found["decisions"][0]["candidates"][0]
    assert {"skill", "say", "can", "score"} <= set(candidate)
    code, out, err = call(capsys, "run", "open the drawer", *KITCHEN, *START, "--symbolic")
    assert code == 0 and "goal: 1 drawer_open" in err


@pytest.mark.parametrize("planner", ["saycan", "no-affordance", "generate"])
def test_every_planner_takes_a_kitchen_command(capsys, planner):
    code, out, _ = call(capsys, "plan", "bring me a coke", *KITCHEN, *START, "--planner", planner, "--json")
    assert code in (0, 1) and json.loads(out)["decisions"][0]["skill"].endswith("coke_at_table")


@pytest.mark.parametrize(("words", "said"), [
    (("plan", "translate this poem", *KITCHEN), "asks for nothing that I can do"),
    (("plan", "bring me the tea", *KITCHEN, *START), "there is no tea here"),
    (("plan", "open the drawer", *KITCHEN, "--start", '{"objects": [["pear", "table"]]}'), "unknown object 'pear'"),
    (("plan", "open the drawer", *KITCHEN, "--planner", "plan4mc"), "take hybrid"),
    (("plan", "open the drawer", *KITCHEN, "--planner", "saycan", "--llm", "hf:./none"), "no model folder './none'"),
    (("plan", "open the drawer", *KITCHEN, "--planner", "saycan", "--llm", "openai:x", "--base-url", "http://127.0.0.1:9/v1"),
     "no server at http://127.0.0.1:9/v1"),
    (("graph", "learn", "none.jsonl"), "cannot read traces from none.jsonl"),
])  # fmt: skip
def test_mistakes_are_one_line(capsys, words, said):
    code, _, err = call(capsys, *words)
    assert code == 2 and said in err
    assert len([line for line in err.splitlines() if line.startswith("saycraft: ")]) == 1 and "Traceback" not in err


def test_any_model_of_transformers_plans(capsys, tmp_path):
    folder = toy_models.save(tmp_path / "model")
    code, out, _ = call(
        capsys, "plan", "bring me a coke", *KITCHEN, *START, "--planner", "saycan", "--llm", f"hf:{folder}", "--json"
    )
    assert code in (0, 1) and json.loads(out)["goal"] == [{"coke_at_user": 1}]


def test_eval_counts_what_is_declined(capsys, tmp_path):
    tasks = tmp_path / "tasks.jsonl"
    start = {"objects": [["coke", "table"]]}
    lines = [{"id": "a", "family": "f", "command": "bring me a coke", "world": "kitchen", "start": start,
              "goal": [{"coke_at_user": 1}]},
             {"id": "b", "family": "f", "command": "tell me a story", "world": "kitchen", "start": start,
              "goal": [{"coke_at_user": 1}]}]  # fmt: skip
    tasks.write_text("".join(json.dumps(line) + "\n" for line in lines))
    out = tmp_path / "r.json"
    assert call(capsys, "eval", str(tasks), *KITCHEN, "--symbolic", "--episodes", "1", "--out", str(out))[0] == 0
    found = {task["id"]: task for task in json.loads(out.read_text())["tasks"]}
    assert found["a"]["success"] == 1.0 and found["b"]["success"] == 0.0
    assert "declined" in json.dumps(found["b"]["reason"])


def test_a_graph_is_written_and_learned(capsys, tmp_path):
    out = tmp_path / "graph.yaml"
    code, text, _ = call(capsys, "graph", "build", "--skills", "plan4mc", "--out", str(out), "--json")
    report = json.loads(text)
    assert code == 0 and report["skills"] > 50 and report["precision"] > 0.6 and not report["failed"]
    assert call(capsys, "graph", "draw", "--library", str(out), "--out", str(tmp_path / "g.svg"))[0] == 0
    traces = tmp_path / "t.jsonl"
    words = ("eval", "plan4mc", "--symbolic", "--episodes", "3", "--task", "plan4mc/craft_stick", "--goal", "given")
    assert call(capsys, *words, "--out", str(tmp_path / "r.json"), "--traces", str(traces))[0] == 0
    code, text, _ = call(capsys, "graph", "learn", str(traces), "--out", str(tmp_path / "learned.yaml"), "--json")
    assert code == 0 and json.loads(text)["runs"] == 12 and json.loads(text)["corrections"] == []
