"""Rays against a slow march, mobs on rays, the voxel box against the dense map."""

from __future__ import annotations

import math

import numpy as np

from sim.craft.grid import to_dense
from sim.craft.state import WorldConfig
from sim.craft.world import CraftWorld


def wandering_world(n: int = 6) -> CraftWorld:
    world = CraftWorld(n, config=WorldConfig(maps_per_biome=1))
    world.reset(seed=3)
    rng = np.random.default_rng(0)
    for _ in range(25):
        world.step(np.stack([rng.integers(0, 12, n), np.zeros(n, int), np.zeros(n, int)], 1))
    return world


def march(cells: np.ndarray, opaque: np.ndarray, at: tuple, d: np.ndarray, limit: float = 32.0) -> tuple[float, int]:
    for t in np.arange(0.0, limit, 0.004):
        x, y, z = (math.floor(a + t * k) for a, k in zip(at, d, strict=True))
        if 0 <= y < 48 and opaque[cells[x % 64, y, z % 64]]:
            return float(t), int(cells[x % 64, y, z % 64])
    return limit, 0


def test_rays_equal_a_slow_march() -> None:
    world = wandering_world()
    a, table = world.arrays, world.tables[0]
    wrong = 0
    for i in range(world.num_envs):
        cells, yaw = to_dense(a.blocks[i]), math.radians(a.yaw[i])
        for r, d in enumerate(table["rays"][round((a.pitch[i] + 90) / 15)]):
            ahead = np.array(
                [math.cos(yaw) * d[0] - math.sin(yaw) * d[2], d[1], math.sin(yaw) * d[0] + math.cos(yaw) * d[2]]
            )
            distance, block = march(cells, table["block_opaque"], (a.x[i], a.y[i] + 1.62, a.z[i]), ahead)
            seen = world._senses["rays_block_distance"][i, r], world._senses["rays_block"][i, r]
            wrong += abs(seen[0] - distance) > 0.05 or seen[1] != block
    assert wrong <= 4, f"{wrong} of {world.num_envs * 52} rays differ (a march slips through an edge now and then)"


def test_voxels_equal_the_map() -> None:
    world = wandering_world()
    for i in range(world.num_envs):
        cells = to_dense(world.arrays.blocks[i])
        x, y, z = (math.floor(v) for v in (world.arrays.x[i], world.arrays.y[i] + 0.01, world.arrays.z[i]))
        box = [[[cells[(x + dx) % 64, y + dy, (z + dz) % 64] for dz in range(-3, 4)] for dy in range(-2, 4)]
               for dx in range(-3, 4)]  # fmt: skip
        assert np.array_equal(world._senses["voxels"][i], box)


def test_a_mob_ahead_is_seen_at_its_distance() -> None:
    world = CraftWorld(1, config=WorldConfig(maps_per_biome=1, natural_mobs=0))
    world.reset(seed=0, options={"start": [{"biome": "plains", "mobs": {"cow": 1}}]})
    a = world.arrays
    a.yaw[0], a.pitch[0] = 0.0, 0.0
    a.blocks[0], a.bricks[0] = 0, 0  # nothing but air
    a.mob_pos[0, 0] = (a.x[0], a.y[0] + 0.8, a.z[0] + 5.0)
    obs = world.observe()
    assert obs["rays_entity"][0, 0] == world.data.mob_names.index("cow")
    assert abs(float(obs["rays_entity_distance"][0, 0]) - (5.0 - 0.45)) < 1e-3
    a.mob_pos[0, 0, 2] = a.z[0] - 5.0  # behind
    assert world.observe()["rays_entity"][0, 0] == 0
