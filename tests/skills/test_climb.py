"""Climbing out of the ground, by code: from a shaft and from a hole, with a pickaxe; and what it fills with."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from sim.craft.grid import ABOVEGROUND, cell_index
from sim.craft.physics import JUMP_UP
from sim.craft.state import WorldConfig
from sim.craft.world import CraftWorld
from skills.climb import FILLERS, Climber

ALL = np.arange(8)


def buried(shaft: bool, inventory: dict[str, int]) -> tuple[CraftWorld, dict[str, torch.Tensor]]:
    """Eight agents at heights 4..18, in a hole of their own size or a shaft that is open above."""
    world = CraftWorld(8, config=WorldConfig(maps_per_biome=1))
    world.reset(
        seed=3, options={"start": [{"biome": "plains", "inventory": inventory, "time": "day", "max_steps": 10**6}] * 8}
    )
    a = world.arrays
    for env in ALL:
        low, top = 4 + 2 * int(env), int(a.y[env])
        for y in range(low, top) if shaft else (low, low + 1):
            a.blocks[env, cell_index(math.floor(a.x[env]), y, math.floor(a.z[env]))] = 0
        a.y[env] = a.fall_top[env] = low
    return world, world.observe()


def climb(world: CraftWorld, obs: dict[str, torch.Tensor], ticks: int) -> np.ndarray:
    """bool [8]: who came out within so many ticks."""
    climber = Climber(world)
    climber.begin(ALL)
    out = np.zeros(8, dtype=bool)
    for _ in range(ticks):
        actions = climber.act(obs, ALL)
        actions[out] = (JUMP_UP, 0, 0)  # or who came out into a pond drowns
        obs, *_ = world.step(torch.from_numpy(actions))
        out |= world.facts()[:, world.fact_names.index("aboveground")].numpy() > 0
        if out.all() or int(world.ticks.max()) > ticks:
            break
    return out


@pytest.mark.parametrize("shaft", [False, True])
def test_everyone_with_a_pickaxe_comes_out(shaft: bool) -> None:
    world, obs = buried(shaft, {"wooden_pickaxe": 1})
    assert climb(world, obs, 3000).all()
    assert (world.arrays.health > 0).all() and (world.arrays.y >= ABOVEGROUND).all()


def test_what_it_had_is_kept_for_the_task_where_it_can_gather_more() -> None:
    world, obs = buried(True, {"iron_pickaxe": 1, "cobblestone": 8})
    assert climb(world, obs, 3000).all()
    assert (world.arrays.inventory[:, world.data.item_index["cobblestone"]] >= 8).all()
    assert "planks" not in FILLERS and "log" not in FILLERS


def test_without_a_pickaxe_a_shaft_is_climbed_on_what_it_has() -> None:
    world, obs = buried(True, {"dirt": 64})
    assert climb(world, obs, 1500).all()
    assert (world.arrays.inventory[:, world.data.item_index["dirt"]] < 64).all()


def test_who_has_nothing_at_all_cuts_stairs_by_hand() -> None:
    world, obs = buried(False, {})
    before = world.arrays.y.copy()
    assert climb(world, obs, 3000)[6:].all(), "from seven metres below the ground"
    assert (world.arrays.y[:6] >= before[:6] + 1.0).all() and (world.arrays.health == 20).all()
