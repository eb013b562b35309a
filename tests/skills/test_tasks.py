"""Training tasks, features and the runner over the real world, in small."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from sim.craft.act import EQUIP
from sim.craft.physics import JUMP_UP, SPRINT_FORWARD
from sim.craft.state import MAX_OXYGEN, WorldConfig
from sim.craft.world import CraftWorld
from sim.world import UserError
from skills.cards import load_weights
from skills.features import GRID_CELLS, Featurizer
from skills.library import SkillLibrary
from skills.runner import SkillRunner
from skills.targets import TRAITS, best_pickaxe, make_targets, target_blocks
from skills.tasks import FAMILIES, describe_features, make_task

LIBRARY = SkillLibrary.load("plan4mc")
MINEDOJO = SkillLibrary.load("minedojo")
LEAST = {
    "fight": 0.75,
    "find": 0.85,
}  # success on the card: monsters, some against bare hands; reeds or clay that a map lacks
MOST = {"fight": 0.1}  # calibration error; 0.05 for the others
SKILLS = list(LIBRARY.skills.values())


@pytest.mark.parametrize("family", FAMILIES)
def test_tasks_keep_the_contract(family: str) -> None:
    skills = list(MINEDOJO.skills.values()) if family in LEAST else SKILLS
    task = make_task(family, 8, 0, skills=skills, purpose="wide")
    rows = task.reset()
    draw = torch.Generator().manual_seed(0)
    for _ in range(30):
        assert rows.shape == (8, task.obs_dim) and bool(torch.isfinite(rows).all())
        actions = torch.stack([torch.randint(0, n, (8,), generator=draw) for n in task.action_sizes], 1)
        rows, reward, terminated, truncated, info = task.step(actions)
        assert reward.dtype == torch.float32 and not bool((terminated & truncated).any())
        assert ("final_obs" in info) == bool((terminated | truncated).any())
    assert set(task.skill_rows) <= set(range(len(task.skill_names)))


def test_the_same_seed_gives_the_same_training_data() -> None:
    sums = []
    for _ in range(2):
        task = make_task("use", 4, 3, skills=SKILLS, purpose="train")
        total = task.reset().double().sum()
        for k in range(20):
            rows, reward, *_ = task.step(torch.tensor([[k % 12, k % 3]] * 4))
            total += rows.double().sum() + reward.double().sum()
        sums.append(float(total))
    assert sums[0] == sums[1]


def test_targets_are_told_by_what_the_senses_report() -> None:
    data = CraftWorld(1).data
    assert {data.block_names[k] for k in np.flatnonzero(target_blocks("cobblestone", data))} == {"stone", "cobblestone"}
    assert {data.block_names[k] for k in np.flatnonzero(target_blocks("log", data))} == {"log", "log2"}


def test_features_point_at_the_target() -> None:
    world = CraftWorld(1, config=WorldConfig(natural_mobs=0, maps_per_biome=1))
    world.reset(seed=0, options={"start": [{"biome": "plains", "mobs": {"cow": 1}}]})
    a = world.arrays
    a.blocks[0], a.bricks[0], a.yaw[0], a.pitch[0] = 0, 0, 0.0, 0.0
    skill = list(LIBRARY.skills).index("beef_by_hand")
    features = Featurizer(1, world, make_targets(SKILLS, world.data))
    ray_target = GRID_CELLS + 2 * len(world.config.lidar) + 8
    for yaw in (0.0, 90.0, -150.0):
        a.yaw[0] = yaw
        ahead = math.radians(yaw)
        a.mob_pos[0, 0] = (a.x[0] - 6 * math.sin(ahead), a.y[0] + 0.7, a.z[0] + 6 * math.cos(ahead))
        features.begin(np.array([0]), np.array([skill]), world.state_position())
        row = features(world.observe())[0, ray_target : ray_target + 8]
        assert row[0] == 1 and row[5] > 0.99 and abs(float(row[6])) < 0.1, "seen, straight ahead"
        assert float(row[4]) == pytest.approx((6 - 0.45) / 16, abs=0.02)


def test_the_runner_takes_the_tool_then_acts_and_crafts_at_once() -> None:
    world = CraftWorld(2)
    start = {"biome": "plains", "inventory": {"shears": 1, "log": 1}, "mobs": {"sheep": 3}, "mob_range": 6}
    obs, _ = world.reset(seed=0, options={"start": [start, start]})
    runner = SkillRunner(LIBRARY, world)
    names = list(LIBRARY.skills)
    runner.start([0, 1], [names.index("wool"), names.index("planks")])
    obs, *_ = world.step(runner.act(obs, range(world.num_envs)))
    item = world.data.item_index
    assert world.arrays.equipped[0] == item["shears"] and world.arrays.inventory[1, item["planks"]] == 4
    for _ in range(150):
        obs, *_ = world.step(runner.act(obs, range(world.num_envs)))
    assert world.arrays.inventory[0, item["wool"]] >= 1


def test_success_heads_tell_hopeful_from_hopeless() -> None:
    world = CraftWorld(32)
    near = {"biome": "plains", "inventory": {"shears": 1}, "mobs": {"sheep": 4}, "mob_range": 4}
    starts = [near] * 16 + [{"biome": "desert"}] * 16
    obs, _ = world.reset(seed=0, options={"start": starts})
    chance = SkillRunner(LIBRARY, world).success_probability(obs, list(range(32)))
    assert chance.shape == (32, len(LIBRARY.skills)) and bool(((chance >= 0) & (chance <= 1)).all())
    for name in ("wool", "find_sheep"):
        column = chance[:, list(LIBRARY.skills).index(name)]
        assert column[:16].median() > 0.9 and column[:16].median() - column[16:].median() > 0.3


def test_rows_of_many_skills_at_their_start_are_those_of_one_at_a_time() -> None:
    world = CraftWorld(3)
    obs, _ = world.reset(seed=3, options={"start": [{"biome": b} for b in ("plains", "forest", "desert")]})
    targets = make_targets(SKILLS, world.data)
    features, one, everyone = Featurizer(3, world, targets), Featurizer(3, world, targets), np.arange(3)
    skills = np.arange(0, len(SKILLS), 5)
    rows = features.at_start(obs, np.repeat(everyone, len(skills)), np.tile(skills, 3), world.state_position())
    rows = rows.view(3, len(skills), -1)
    for k, skill in enumerate(skills):
        one.begin(everyone, np.full(3, skill), world.state_position())
        assert torch.equal(one(obs), rows[:, k])
    assert not features.target_seen.any(), "the memory stays as it is"


def test_feature_rows_end_with_the_traits_of_the_skill() -> None:
    task = make_task("use", 4, 3, skills=SKILLS, purpose="train")
    rows = task.reset().numpy()
    assert (rows[:, -TRAITS:] == task.targets.traits[task.features.skill]).all()
    assert rows[:, -TRAITS:].any(1).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_shipped_cards_are_good(family: str) -> None:
    _, head, card = load_weights(family, describe_features(CraftWorld(1)))
    assert head is not None and card.total["episodes"] >= 500
    assert card.total["success"] >= LEAST.get(family, 0.9)
    assert card.how["steps"] > 0 and card.success_head["in"]["ece"] <= MOST.get(family, 0.05)


def test_fights_begin_near_opponents_and_end_with_a_kill() -> None:
    task = make_task("fight", 32, 3, skills=list(MINEDOJO.skills.values()), purpose="train")
    task.reset()
    a, data = task.world.arrays, task.world.data
    kinds = [data.mob_names.index(str(task.skills[row].target)) for row in task.skill_rows]
    assert [int(k) for k in a.mob_kind.max(1)] == kinds and not a.spawns.any() and (a.worn > 0).any()
    assert all(any(fact.startswith("killed_") for fact in skill.obtains) for skill in task.skills)
    a.killed[5, kinds[5]] += 1
    _, reward, terminated, _, info = task.step(torch.zeros(32, 2, dtype=torch.int64))
    assert info["success"].nonzero().flatten().tolist() == [5] and terminated[5] and reward[5] > 4


def test_weights_refuse_other_senses() -> None:
    world = CraftWorld(1, config=WorldConfig(ray_range=16.0))
    with pytest.raises(UserError, match=r"ray_range was 32\.0, is 16\.0"):
        SkillRunner(LIBRARY, world)


def test_finders_hold_the_best_pickaxe_they_have() -> None:
    world = CraftWorld(3, config=WorldConfig(maps_per_biome=1))
    world.reset(seed=0)
    item = world.data.item_index
    world.arrays.inventory[0, [item["wooden_pickaxe"], item["iron_pickaxe"]]] = 1
    world.arrays.inventory[1, item["golden_pickaxe"]] = 1
    best = best_pickaxe(world.arrays.inventory, world.data)
    assert [world.data.item_names[k] for k in best] == ["iron_pickaxe", "golden_pickaxe", "air"]
    runner = SkillRunner(LIBRARY, world)
    names = list(LIBRARY.skills)
    runner.start([0, 1, 2], [names.index("find_log")] * 3)
    obs, *_ = world.step(runner.act(world.observe(), range(world.num_envs)))
    assert [world.data.item_names[k] for k in world.arrays.equipped] == ["iron_pickaxe", "golden_pickaxe", "air"]
    assert runner.act(obs, [0])[0, 1] != EQUIP


def test_training_finds_what_stands_still_and_what_grazes() -> None:
    task = make_task("find", 4, 0, skills=list(MINEDOJO.skills.values()), purpose="train")
    assert {"find_log", "find_cow", "find_reeds", "find_clay"} <= set(task.skill_names)
    assert not {"find_zombie", "find_wolf"} & set(task.skill_names)


def test_who_is_hungry_walks_to_what_it_looks_for_and_who_waits_keeps_its_head_up() -> None:
    n = 24
    world = CraftWorld(n, config=WorldConfig(maps_per_biome=1))
    runner, names = SkillRunner(MINEDOJO, world), list(MINEDOJO.skills)

    def sprints(food: int) -> int:
        obs, _ = world.reset(seed=2, options={"start": [{"biome": "plains"}] * n})
        world.arrays.food[:] = food
        runner.start(range(n), [names.index("find_cow")] * n)
        times = 0
        for _ in range(8):
            actions = runner.act(obs, range(n))
            times += int((actions[:, 0] == SPRINT_FORWARD).sum())
            obs, *_ = world.step(actions)
        return times

    assert sprints(20) > 0 and sprints(12) == 0
    runner.start([0, 1], [names.index("wait_for_night")] * 2)
    world.arrays.oxygen[0] = MAX_OXYGEN - 1
    assert runner.act(world.observe(), [0, 1])[:2].tolist() == [[JUMP_UP, 0, 0], [0, 0, 0]]
