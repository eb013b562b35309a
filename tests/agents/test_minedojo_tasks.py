"""MineDojo's definitions as tasks of ours: goals, starts, what the world can fulfil, and a few of them planned."""

from __future__ import annotations

import json

import pytest

import saycraft
from agents import minedojo
from agents.agent import AgentOptions, build
from agents.evaluate import rate, run_tasks
from agents.trace import BROKEN, Trace
from sim.minedojo import package
from sim.minedojo.definitions import CATEGORIES, definitions, obstacle

pytestmark = pytest.mark.skipif(bool(package.missing()), reason=f"needs {package.INSTALL}")


def of(name: str) -> minedojo.Definition:
    return next(d for d in definitions() if d.id == name)


def test_every_task_of_the_package_is_read() -> None:
    tasks = definitions()
    assert len(tasks) == len({d.id for d in tasks}) == 1572
    assert {d.category for d in tasks} == set(CATEGORIES)
    assert all(d.prompt and d.target and d.count >= 1 for d in tasks)


def test_goals_and_starts_are_those_of_the_success_criteria() -> None:
    fence = of("harvest_8_fence_with_crafting_table")
    assert fence.goal == {"fence": 8} and fence.start["inventory"] == {"crafting_table": 1}
    fight = of("combat_zombie_plains_iron_armors_iron_sword_shield")
    assert fight.goal == {"killed_zombie": 1} and fight.start["time"] == 18_000 and fight.start["spawns"] is False
    assert fight.start["worn"] == ["iron_boots", "iron_leggings", "iron_chestplate", "iron_helmet"]
    assert fight.start["mobs"] == {"zombie": 1} and fight.start["biome"] == "plains"
    boots = of("techtree_from_stone_to_iron_boots")
    assert boots.goal == {"used_iron_boots": 1} and boots.start["inventory"]["stone_pickaxe"] == 1


def test_a_goal_counts_what_comes_on_top_of_what_is_given() -> None:
    given = [d for d in definitions() if d.category == "harvest" and d.target in d.inventory]
    assert all(d.goal[d.target] == d.count + d.inventory[d.target] for d in given)


def test_obstacles_are_named_and_more_than_800_tasks_have_none() -> None:
    assert obstacle(of("harvest_1_dirt")) == "" and obstacle(of("techtree_from_barehand_to_wooden_sword")) == ""
    assert obstacle(of("combat_blaze_nether_iron_armors_iron_sword_shield")) == "no biome nether"
    assert obstacle(of("harvest_1_elytra")) == "no way to elytra"
    assert (
        obstacle(of("harvest_1_log_plains")) == "" and obstacle(of("combat_squid_ocean_barehand")) == "no biome ocean"
    )
    assert sum(not obstacle(d) for d in definitions()) > 800


def test_tasks_are_planned_and_done_symbolically() -> None:
    names = ["harvest_8_gold_ore_with_wooden_pickaxe", "techtree_from_stone_to_iron_boots", "harvest_1_torch_forest",
             "combat_bat_forest_leather_armors_iron_sword_shield", "techtree_from_barehand_to_wooden_hoe",
             "techtree_from_wood_to_archery"]  # fmt: skip
    chosen = [task for task in minedojo.load() if task.id in names]
    agent = build(AgentOptions(library="minedojo", symbolic=True, goal="given", num_envs=len(chosen)))
    found, _ = run_tasks(agent, chosen, 1, shown=False)
    assert len(chosen) == len(names) and found["total"]["success"] == 1.0


def test_a_sample_is_the_same_for_a_seed() -> None:
    tasks = minedojo.load()
    a, b, c = (minedojo.sample(tasks, 20, seed) for seed in (1, 1, 2))
    assert a == b != c and len({t.id for t in a}) == 20 and minedojo.sample(tasks, None, 0) == tasks


def test_eval_runs_tasks_by_physics_and_through_the_package(tmp_path, capsys) -> None:
    out = tmp_path / "results.json"
    base = ["eval", "minedojo", "--task", "harvest_1_dirt", "--episodes", "1", "--goal", "given", "--out", str(out)]
    assert saycraft.main(base) == 0
    direct = json.loads(out.read_text())
    assert direct["total"]["success"] == 1.0 and direct["library"] == "minedojo"
    assert saycraft.main([*base, "--world", "minedojo", "--backend", "embedded"]) == 0
    through = json.loads(out.read_text())
    assert through["total"]["success"] == 1.0 and through["world"] == "minedojo"
    assert saycraft.main(["eval", "kitchen", "--coverage"]) == 2
    assert "--coverage is of minedojo" in capsys.readouterr().err


def test_what_the_environment_broke_is_no_failure_of_the_agent() -> None:
    def trace(reason: str, success: bool) -> Trace:
        made = Trace("t", "f", "c", 0, 0, [])
        made.reason, made.success = reason, success
        return made

    found = rate([trace("goal reached", True), trace(f"{BROKEN}: the client died", False), trace("time limit", False)])
    assert (found["success"], found["episodes"], found["environment_failures"]) == (0.5, 2, 1)
    assert "environment_failures" not in rate([trace("goal reached", True)])


def test_doctor_says_what_is_missing(capsys) -> None:
    assert saycraft.main(["doctor", "--json"]) == 0
    found = {row["what"]: row for row in json.loads(capsys.readouterr().out)}
    assert found["MineDojo's Python"]["works"] and found["craft world"]["works"]
    for row in found.values():
        assert row["works"] == (row["remedy"] == "") and row["found"]
    assert saycraft.main(["doctor"]) == 0 and "craft world" in capsys.readouterr().out


def test_minecraft_that_cannot_run_is_named_before_anything_starts(monkeypatch, capsys) -> None:
    monkeypatch.setattr(package, "lacks_minecraft", lambda: "no Java (MineDojo needs Java 8)")
    assert saycraft.main(["run", "get a log", "--world", "minedojo"]) == 2
    assert "no Java" in capsys.readouterr().err
