"""The command line: quick, scriptable, and clear about mistakes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

import saycraft
from agents.commands import library

ROOT = Path(saycraft.__file__).resolve().parent
TASK = {"id": "a", "family": "f", "command": "get planks", "goal": [{"planks": 4}]}


def call(capsys, *words: str) -> tuple[int, str, str]:
    code = saycraft.main(words)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_help_is_quick_and_imports_nothing_heavy():
    code = "import sys, saycraft; saycraft.main(['--help']); print(sorted({'torch', 'numpy'} & set(sys.modules)))"
    began = time.perf_counter()
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.rstrip().endswith("[]") and time.perf_counter() - began < 5


@pytest.mark.parametrize(
    "words, said",
    [
        ([], "required"),
        (["fly"], "invalid choice: 'fly'"),
        (["run"], "required: command"),
        (["run", "get planks", "--world", "mars"], "world 'mars' is not available; worlds: craft, kitchen"),
        (["run", "get planks", "--planner", "x", "--symbolic"], "planner"),
        (
            ["run", "get planks", "--llm", "oracle:x", "--symbolic"],
            "language model 'oracle:x' is not available; models: embedded, hf:PATH_OR_ID",
        ),
        (["run", "get planks", "--start", "forest"], "expected a JSON object such as"),
        (["run", "get planks", "--start", "{'a'"], "--start: not JSON at column 2"),
        (["run", "get planks", "--replay", "/no/such/folder/r.html"], "the folder '/no/such/folder' does not exist"),
        (["run", "get planks", "--video", "film.avi"], "unknown kind '.avi'; expected .mp4 or .gif"),
        (["run", "get planks", "--seed", "-1"], "expected a whole number of at least 0, got '-1'"),
        (["eval", "nothing.jsonl"], "no such file, and no suite of that name; suites:"),
        (["eval", "plan4mc", "--episodes", "0"], "expected a whole number of at least 1, got '0'"),
        (["eval", "plan4mc", "--task", "x"], "unknown task 'x'; near ones:"),
        (["train", "flying"], "flying"),
        (["train", "all", "--minutes", "nan"], "expected a positive number, got 'nan'"),
        (["skills", "show", "harvest_lgo"], "unknown skill 'harvest_lgo'; near ones:"),
        (["skills", "list", "--library", "none.yaml"], "none.yaml"),
        (["bench", "flow"], "invalid choice: 'flow'"),
        (["bench", "policies", "--num-envs", "8,x"], "got 'x'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(capsys, words, said):
    code, out, err = call(capsys, *words)
    assert code == 2 and out == ""
    assert said in err and err.startswith("saycraft: ") and err.count("\n") == 1


def test_run_symbolic_with_a_replay(capsys, tmp_path):
    page = tmp_path / "r.html"
    code, out, _ = call(capsys, "run", "make a wooden pickaxe", "--symbolic", "--json", "--replay", str(page))
    trace = json.loads(out)
    assert code == 0 and trace["success"] and "<svg" in page.read_text()


def test_plan_gives_the_fields_of_the_design(capsys):
    code, out, _ = call(capsys, "plan", "make a wooden pickaxe", "--json")
    found = json.loads(out)
    assert code == 0 and found["goal"] == [{"wooden_pickaxe": 1}]
    assert all({"skill", "candidates"} <= set(d) for d in found["decisions"])
    assert all({"skill", "say", "can", "score"} == set(c) for d in found["decisions"] for c in d["candidates"])


def test_eval_writes_results_and_traces(capsys, tmp_path):
    tasks, out, traces = (tmp_path / name for name in ("t.jsonl", "r.json", "traces.jsonl"))
    tasks.write_text(json.dumps(TASK))
    code, text, _ = call(
        capsys, "eval", str(tasks), "--symbolic", "--episodes", "2", "--out", str(out), "--traces", str(traces)
    )
    found = json.loads(out.read_text())
    assert code == 0 and found["tasks"][0]["success"] == 1.0 and found["total"]["episodes"] == 2 and "total" in text
    assert len(traces.read_text().splitlines()) == 2


def test_a_bad_line_is_named(capsys, tmp_path):
    tasks = tmp_path / "t.jsonl"
    tasks.write_text(json.dumps(TASK) + "\n" + json.dumps({**TASK, "id": "b", "goal": [{"wings": 1}]}))
    code, _, err = call(capsys, "eval", str(tasks), "--symbolic", "--out", str(tmp_path / "r.json"))
    assert code == 2 and "t.jsonl:2: unknown fact 'wings' in the goal; near ones:" in err


def test_skills_and_graph(capsys, tmp_path):
    code, out, _ = call(capsys, "skills", "list", "--json")
    names = [skill["name"] for skill in json.loads(out)["skills"]]
    assert code == 0 and names
    assert json.loads(call(capsys, "skills", "show", names[0], "--json")[1])["name"] == names[0]
    assert call(capsys, "skills", "new", "harvest_moon")[0] == 0
    assert call(capsys, "skills", "new", names[0])[0] == 2
    assert call(capsys, "skills", "check")[0] == 0 and call(capsys, "graph", "check")[0] == 0
    drawing = tmp_path / "g.svg"
    assert call(capsys, "graph", "draw", "--out", str(drawing))[0] == 0 and "<svg" in drawing.read_text()


def test_ctrl_c_is_clean(capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(library, "chosen_library", interrupt)
    code, _, err = call(capsys, "skills", "list")
    assert code == 130 and err == "saycraft: interrupted\n"


def test_it_works_from_another_folder(tmp_path):
    found = subprocess.run(
        [sys.executable, str(ROOT / "saycraft.py"), "--version"], cwd=tmp_path, capture_output=True, text=True
    )
    assert found.stdout == f"saycraft {saycraft.VERSION}\n"
