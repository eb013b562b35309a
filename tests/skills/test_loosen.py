"""Who stays on one spot for long gets loose, by digging and walking; and who is in a shaft places into its wall."""

from __future__ import annotations

import numpy as np
import torch

from sim.craft.grid import cell_index
from sim.craft.state import WorldConfig
from sim.craft.world import CraftWorld
from skills.loosen import Loosener

ENV = np.array([0])
PATIENCE = np.array([40])


def shut_in(inventory: dict[str, int], walls: str) -> CraftWorld:
    """An agent on a floor of stone, walls of two blocks around it and above its head."""
    world = CraftWorld(1, config=WorldConfig(natural_mobs=0, maps_per_biome=1))
    world.reset(seed=1, options={"start": [{"biome": "plains", "inventory": inventory}]})
    a = world.arrays
    a.blocks[0], a.bricks[0] = 0, 0xFFFF
    for x in range(64):
        for z in range(64):
            a.blocks[0, cell_index(x, 20, z)] = 1
    for dx in range(-2, 3):
        for dz in range(-2, 3):
            for y in (21, 22, 23):
                if dx or dz:
                    a.blocks[0, cell_index(10 + dx, y, 10 + dz)] = world.data.block_id[walls]
    a.x[0], a.y[0], a.z[0], a.yaw[0], a.pitch[0], a.fall_top[0] = 10.5, 21.0, 10.5, 30.0, 45.0, 21.0
    return world


def loosen(world: CraftWorld, places: bool, ticks: int, tool: str = "air") -> list[bool]:
    """Let a policy that does nothing be stuck; whether the loosener was at work, step by step."""
    loosener, at_work = Loosener(world), []
    loosener.begin(ENV)
    obs = world.observe()
    while int(world.ticks[0]) < ticks:
        actions = np.zeros((1, 3), dtype=np.int64)
        at_work.append(bool(loosener.stuck(obs, ENV, PATIENCE)[0]))
        if at_work[-1]:
            actions = loosener.act(obs, ENV, np.array([world.data.item_index[tool]]), np.array([places]))
        obs, *_ = world.step(torch.from_numpy(actions))
    return at_work


def test_who_is_caught_among_leaves_walks_off() -> None:
    world = shut_in({}, "leaves")
    at_work = loosen(world, False, 400)
    assert not any(at_work[:9]) and any(at_work), "not before its patience is at an end"
    assert np.hypot(world.arrays.x[0] - 10.5, world.arrays.z[0] - 10.5) > 2.0


def test_in_a_shaft_a_table_is_placed_into_the_wall() -> None:
    world = shut_in({"crafting_table": 1, "stone_pickaxe": 1}, "stone")
    loosen(world, True, 200, "crafting_table")
    near = dict(zip(world.fact_names, world.facts()[0].tolist(), strict=True))
    assert near["crafting_table_nearby"] == 1 and near["crafting_table"] == 0


def test_who_moves_is_left_alone() -> None:
    world = shut_in({}, "leaves")
    loosener = Loosener(world)
    loosener.begin(ENV)
    for tick in range(0, 400, 20):
        world.arrays.ticks[0], world.arrays.x[0] = tick, 10.5 + 0.3 * tick
        assert not loosener.stuck(world.observe(), ENV, PATIENCE)[0]
