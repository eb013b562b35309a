"""The craft world as a whole: Gymnasium's conventions, determinism, its slow twin, facts, starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch

import sim.craft  # noqa: F401  (registers the environment)
from sim.craft.facts import nightfalls
from sim.craft.state import DAY_TICKS, NIGHT_START, PLAN4MC_LIDAR, WorldConfig
from sim.craft.world import CraftWorld
from sim.world import UserError

ROOT = Path(__file__).resolve().parents[2]
SMALL = WorldConfig(maps_per_biome=1)


def random_actions(n: int, steps: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack([rng.integers(0, 12, (steps, n)), rng.choice([0, 1, 3], (steps, n)), np.zeros((steps, n), int)], -1)


def digest(world: CraftWorld, rows: slice = slice(None)) -> list[bytes]:
    return [np.ascontiguousarray(a[rows]).tobytes() for a in (*vars(world.arrays).values(), world._senses)]


def test_make_vec_and_spaces() -> None:
    env = gym.make_vec("saycraft/Craft-v0", num_envs=3, vectorization_mode="vector_entry_point", config=SMALL)
    obs, _ = env.reset(seed=1)
    for name, space in env.unwrapped.single_observation_space.spaces.items():
        assert obs[name].shape == (3, *space.shape)
        assert obs[name].numpy().dtype == space.dtype
    obs, reward, terminated, truncated, _ = env.step(env.action_space.sample())
    assert reward.shape == terminated.shape == truncated.shape == (3,)
    assert all(bool(torch.isfinite(v.float()).all()) for v in obs.values())


def test_same_seed_same_rollout() -> None:
    worlds = [CraftWorld(4, config=SMALL) for _ in range(2)]
    for world in worlds:
        world.reset(seed=7)
        for actions in random_actions(4, 40):
            world.step(actions)
    assert digest(worlds[0]) == digest(worlds[1])
    worlds[1].reset(seed=8)
    assert digest(worlds[0]) != digest(worlds[1])


def test_a_batch_equals_single_worlds() -> None:
    batch, actions = CraftWorld(3, config=SMALL), random_actions(3, 60)
    batch.reset(seed=20)
    for a in actions:
        batch.step(a)
    for i in range(3):
        single = CraftWorld(1, config=SMALL)
        single.reset(seed=20 + i)
        for a in actions:
            single.step(a[i : i + 1])
        assert digest(single) == digest(batch, slice(i, i + 1))


TWIN = """
import numpy as np, sys
from sim.craft.state import WorldConfig
from sim.craft.world import CraftWorld
import sim.craft.terrain as terrain
maps = np.load(sys.argv[1])
terrain.Pool.require = lambda self, biome: slice(biome, biome + 1)
w = CraftWorld(2, config=WorldConfig(maps_per_biome=1))
w.pool.blocks[:] = maps
day = {"biome": "plains", "mobs": {"cow": 2, "zombie": 1}, "inventory": {"crafting_table": 2, "log": 3}}
w.reset(seed=3, options={"start": [day, {"biome": "forest", "time": "night"}]})
item = w.data.item_index
script = [(0, 4, item["planks"]), (0, 5, item["crafting_table"]), (9, 0, 0), (9, 0, 0), (0, 6, item["crafting_table"])]
rng = np.random.default_rng(0)
script += [(int(rng.integers(12)), int(rng.choice([0, 1, 3])), 0) for _ in range(25)]
for action in script:
    w.step(np.array([action, action]))
w.facts()
np.savez(sys.argv[2], **vars(w.arrays), **{n: w._senses[n] for n in w._senses.dtype.names})
"""


def test_compiled_equals_its_slow_twin(tmp_path: Path) -> None:
    world = CraftWorld(1, config=SMALL)
    for biome in range(8):
        world.pool.require(biome)
    np.save(tmp_path / "maps.npy", world.pool.blocks)
    results = []
    for disabled in ("0", "1"):
        env = os.environ | {"NUMBA_DISABLE_JIT": disabled, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
        out = tmp_path / f"{disabled}.npz"
        command = [sys.executable, "-c", TWIN, str(tmp_path / "maps.npy"), str(out)]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        results.append(np.load(out))
    fast, slow = results
    assert set(fast.files) == set(slow.files)
    for name in fast.files:  # NumPy rounds to float32 where compiled code still has float64
        if fast[name].dtype == np.float32:
            assert np.allclose(fast[name], slow[name], atol=2e-3), name
        else:
            assert np.array_equal(fast[name], slow[name]), name


def test_facts_are_read_off_the_state() -> None:
    world = CraftWorld(2, config=SMALL)
    start = {"biome": "plains", "inventory": {"log": 5}, "mobs": {"cow": 3}, "mob_range": 3, "time": "night"}
    world.reset(seed=0, options={"start": [start, {"biome": "desert"}]})
    facts = [{n: int(v) for n, v in zip(world.fact_names, row, strict=True) if v} for row in world.facts()]
    assert facts[0]["log"] == 5 and facts[0]["cow_nearby"] == 1 and facts[0]["night"] == 1
    assert "log" not in facts[1] and "night" not in facts[1] and facts[1]["health"] == 20
    assert facts[1]["sand_nearby"] == 1


def test_nightfalls_are_counted_from_the_beginning() -> None:
    for start in (0, 12_999, 13_000, 20_000, 23_999):
        for ticks in (0, 1, 5_000, 24_000, 50_000):
            began = sum((start + k) % DAY_TICKS == NIGHT_START for k in range(1, ticks + 1))
            assert nightfalls(np.array([(start + ticks) % DAY_TICKS]), np.array([ticks]))[0] == began


def test_starting_some_leaves_the_others_alone() -> None:
    world = CraftWorld(3, config=SMALL)
    world.reset(seed=5)
    for actions in random_actions(3, 10):
        world.step(actions)
    before = digest(world, slice(0, 1))
    world.reset(options={"mask": torch.tensor([False, True, True])})
    assert digest(world, slice(0, 1)) == before
    assert world.ticks.tolist()[1:] == [0, 0]


def test_paused_environments_stand_still_until_they_are_reset() -> None:
    world, other = (CraftWorld(3, config=SMALL) for _ in range(2))
    actions = random_actions(3, 12)
    for w in (world, other):
        w.reset(seed=5)
    for k, act in enumerate(actions):
        if k == 4:
            before, facts = digest(world, slice(0, 1)), world.facts()[0].clone()
            world.pause([0])
        world.step(act)
        other.step(act)
        assert torch.equal(world.facts()[1:], other.facts()[1:])
    assert digest(world, slice(0, 1)) == before and torch.equal(world.facts()[0], facts)
    assert digest(world, slice(1, 3)) == digest(other, slice(1, 3)) and world.ticks[0] < world.ticks[1]
    world.reset(seed=6, options={"mask": torch.tensor([True, False, False])})
    other.reset(seed=6, options={"mask": torch.tensor([True, False, False])})
    for act in actions:
        world.step(act)
        other.step(act)
    assert digest(world, slice(0, 3)) == digest(other, slice(0, 3)) and torch.equal(world.facts(), other.facts())


def test_episodes_end_and_restart() -> None:
    world = CraftWorld(2, config=WorldConfig(maps_per_biome=1, autoreset=True, max_steps=40))
    world.reset(seed=0)
    idle = np.zeros((2, 3), int)
    ended = [world.step(idle) for _ in range(10)]
    assert [bool(t.all()) for _, _, _, t, _ in ended] == [False] * 9 + [True]
    assert "final_obs" in ended[-1][4] and world.ticks.tolist() == [0, 0]


def test_the_dead_stay_dead() -> None:
    world = CraftWorld(1, config=SMALL)
    world.reset(seed=0)
    world.state.health[0] = 0
    for actions in random_actions(1, 5):
        before = world.state_position().clone()
        assert bool(world.step(actions)[2].all())
        assert torch.equal(before, world.state_position())


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ({"biome": "moon"}, ["moon", "plains"]),
        ({"inventory": {"woodden_pickaxe": 1}}, ["woodden_pickaxe", "wooden_pickaxe"]),
        ({"inventory": {"log": -1}}, ["log", "-1"]),
        ({"mobs": {"dragon": 1}}, ["dragon"]),
        ({"mobs": {"cow": 40}}, ["40", "16"]),
        ({"max_steps": "long"}, ["max_steps", "long"]),
        ({"time": "dusk"}, ["dusk", "night"]),
        ({"weather": "rain"}, ["weather", "biome"]),
    ],
)
def test_bad_starts_say_what_is_wrong(start: dict, words: list[str]) -> None:
    world = CraftWorld(1, config=SMALL)
    with pytest.raises(UserError) as error:
        world.reset(options={"start": [start]})
    assert all(word in str(error.value) for word in words) and "\n" not in str(error.value)


def test_memory_and_other_senses() -> None:
    world = CraftWorld(1, config=WorldConfig(lidar=PLAN4MC_LIDAR, ray_range=99.0, maps_per_biome=1, sense_voxels=False))
    obs, _ = world.reset(seed=0)
    assert obs["rays_block"].shape == (1, 216) and "voxels" not in obs
    assert CraftWorld(1, config=SMALL).bytes_per_env() <= 256 * 1024


def test_compiled_code_is_saved_under_a_lock() -> None:
    """Two processes that compile at once must not give two things one name in Numba's cache."""
    from sim.craft import act, compile, kernel

    if compile.COMPILED:
        for function in (act.act, kernel.step_all):
            assert type(function._cache._cache_file) is compile._LockedCacheFile


def test_sprinting_makes_hungry_and_the_hungry_walk() -> None:
    world = CraftWorld(3, config=SMALL)
    world.reset(seed=1, options={"start": [{"biome": "plains", "spawns": False}] * 3})
    a = world.arrays
    a.food[:] = [20, 6, 20]
    a.x[:], a.y[:], a.z[:] = a.x[0], a.y[0] + 30.0, a.z[0]  # through the air, where nothing is in the way
    a.yaw[:], a.saturation[:] = a.yaw[0], 0.0
    x, z = a.x.copy(), a.z.copy()
    world.step(np.array([[7, 0, 0], [7, 0, 0], [1, 0, 0]]))  # two want to sprint, one walks
    far = np.hypot(a.x - x, a.z - z)
    assert far[0] == pytest.approx(4 * 0.2806, rel=1e-3) and far[1] == far[2] == pytest.approx(4 * 0.2159, rel=1e-3)
    assert a.exhaustion[0] == pytest.approx(0.1 * far[0], rel=1e-3) and a.exhaustion[1] == a.exhaustion[2] == 0.0


def test_animals_come_again_and_those_asked_for_stay() -> None:
    world = CraftWorld(1, config=WorldConfig(maps_per_biome=1, natural_mobs=3))
    world.reset(seed=2, options={"start": [{"biome": "plains", "mobs": {"cow": 1}, "mob_range": 3, "time": "day"}]})
    a = world.arrays
    roams = (a.mob_kind[0] > 0) & (a.mob_roams[0] > 0)
    asked = int(np.flatnonzero((a.mob_kind[0] > 0) & (a.mob_roams[0] == 0))[0])
    assert roams.sum() == 3 and (a.mob_kind[0] > 0).sum() == 4
    a.mob_kind[0, roams] = 0  # killed
    kinds = set()
    for _ in range(4000):
        world.step(np.zeros((1, 3), dtype=np.int64))
        kinds |= {
            (int(k), tuple(np.round(p)))
            for k, p, r in zip(a.mob_kind[0], a.mob_pos[0], a.mob_roams[0], strict=True)
            if k and r
        }
    assert ((a.mob_kind[0] > 0) & (a.mob_roams[0] > 0)).sum() == 3
    assert a.mob_kind[0, asked] == world.data.mob_names.index("cow") and len({kind for kind, _ in kinds}) >= 3


@pytest.mark.parametrize("biome", ["forest", "jungle", "taiga"])
def test_animals_come_under_trees(biome) -> None:
    world = CraftWorld(4, config=WorldConfig(maps_per_biome=1, natural_mobs=3))
    world.reset(seed=3, options={"start": [{"biome": biome, "time": "day"}] * 4})
    a = world.arrays
    a.mob_kind[:] = 0
    for _ in range(400):
        world.step(np.zeros((4, 3), dtype=np.int64))
    assert ((a.mob_kind > 0) & (a.mob_roams > 0)).sum(1).tolist() == [3] * 4


def test_any_animal_that_is_far_may_leave() -> None:
    world = CraftWorld(1, config=WorldConfig(maps_per_biome=1, natural_mobs=6))
    world.reset(seed=4, options={"start": [{"biome": "plains", "time": "day"}]})
    a = world.arrays
    a.mob_pos[0, :, 0], a.mob_pos[0, :, 2] = a.x[0] + 30.0, a.z[0]
    changed = set()
    for _ in range(1500):
        before = a.mob_pos[0].copy()
        world.step(np.zeros((1, 3), dtype=np.int64))
        changed |= set(np.flatnonzero(np.hypot(*(a.mob_pos[0] - before)[:, [0, 2]].T) > 8.0).tolist())
    assert len(changed & set(np.flatnonzero(a.mob_roams[0]).tolist())) >= 5
