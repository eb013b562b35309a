"""Digging in, by code: everywhere where the ground can be dug and shut, nothing comes near and nobody sees whoever is below."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sim.craft.state import WorldConfig
from sim.craft.world import CraftWorld
from skills.climb import OVERHEAD
from skills.shelter import DEEP, DEEPEST, ROOFING, Shelterer

N = 16
ALL = np.arange(N)


def dig_in(biome: str, inventory: dict[str, int] | None = None, ticks: int = 200) -> tuple[CraftWorld, np.ndarray]:
    """The world after some ticks of digging in at night, and who has a roof overhead: bool [N]."""
    world = CraftWorld(N, config=WorldConfig(maps_per_biome=2))
    start = {"biome": biome, "time": "night", "inventory": inventory or {}, "spawns": False}
    obs, _ = world.reset(seed=5, options={"start": [start] * N})
    shelterer = Shelterer(world)
    shelterer.begin(ALL)
    while int(world.ticks.max()) < ticks:
        obs, *_ = world.step(torch.from_numpy(shelterer.act(obs, ALL)))
    return world, roofed(world, obs)


def roofed(world: CraftWorld, obs: dict[str, torch.Tensor]) -> np.ndarray:
    box = world.config.box
    above = obs["voxels"].numpy()[:, -box[0], OVERHEAD - box[2], -box[4]]
    return world.tables[0]["block_solid"][above] > 0


@pytest.mark.parametrize("biome", ["plains", "forest", "desert"])
def test_with_bare_hands_nearly_everybody_is_under_a_roof_in_ten_seconds(biome: str) -> None:
    _, safe = dig_in(biome)
    assert safe.mean() >= 0.9


def test_monsters_do_not_get_at_who_is_below() -> None:
    world, safe = dig_in("plains")
    a = world.arrays
    a.health[:], a.spawns[:], a.food[:] = 10.0, 1, 17.0  # too little to heal
    shelterer, below = Shelterer(world), a.y.copy()
    shelterer.begin(ALL)
    obs = world.observe()
    for _ in range(300):
        obs, *_ = world.step(torch.from_numpy(shelterer.act(obs, ALL)))
    assert ((a.mob_kind > 0).sum(1) >= 3).all(), "monsters came"
    assert (a.health[safe] == 10.0).all() and (a.y[safe] == below[safe]).all()


def test_what_is_needed_least_is_put_overhead() -> None:
    world, safe = dig_in("plains", {"cobblestone": 3, "log": 2})
    item = world.data.item_index
    assert ROOFING[0] == "dirt" and (world.arrays.inventory[safe][:, item["cobblestone"]] == 3).all()


def test_without_anything_for_a_roof_the_hole_ends_at_six_blocks_and_is_shut_once_there_is_something() -> None:
    world = CraftWorld(N, config=WorldConfig(maps_per_biome=2))
    obs, _ = world.reset(seed=5, options={"start": [{"biome": "extreme_hills", "time": "night", "spawns": False}] * N})
    shelterer, top = Shelterer(world), world.arrays.y.copy()
    shelterer.begin(ALL)

    def go_on(ticks: int) -> np.ndarray:
        """Whether each has a roof after so many ticks more."""
        nonlocal obs
        until = int(world.ticks.max()) + ticks
        while int(world.ticks.max()) < until:
            obs, *_ = world.step(torch.from_numpy(shelterer.act(obs, ALL)))
        return roofed(world, obs)

    bare = ~go_on(2000) & (world.arrays.y < top - 1.5)  # stone gives nothing to a bare hand
    depth = top[bare] - world.arrays.y[bare]
    assert bare.sum() >= 3 and (depth > DEEP).any() and (depth <= DEEPEST + 1.5).all()
    world.arrays.inventory[:, world.data.item_index["dirt"]] = 1
    assert go_on(100)[bare].mean() > 0.5
