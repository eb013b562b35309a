"""Nobody walks into a shaft that it knows to be deep; other holes are none of the shield's business."""

from __future__ import annotations

import numpy as np
import pytest

from sim.craft.grid import cell_index
from sim.craft.physics import BACK, FORWARD, JUMP_FORWARD, LEFT, RIGHT, SPRINT_FORWARD
from sim.craft.state import WorldConfig
from sim.craft.world import CraftWorld
from skills.footing import Footing

ENV = np.array([0])
TOP = 21  # height of the feet


def before_a_hole(depth: int) -> CraftWorld:
    """An agent on a floor of stone that looks along +z, a hole of one column before its feet."""
    world = CraftWorld(1, config=WorldConfig(natural_mobs=0, maps_per_biome=1))
    world.reset(seed=1, options={"start": [{"biome": "plains"}]})
    a = world.arrays
    a.blocks[0], a.bricks[0] = 0, 0xFFFF
    for x in range(64):
        for z in range(64):
            for y in range(8, TOP):
                a.blocks[0, cell_index(x, y, z)] = 1
    for y in range(TOP - depth, TOP):
        a.blocks[0, cell_index(10, y, 11)] = 0
    a.x[0], a.y[0], a.z[0], a.yaw[0], a.pitch[0], a.fall_top[0] = 10.5, TOP, 10.5, 0.0, 0.0, TOP
    return world


def chosen(world: CraftWorld, been: int | None, move: int, health: float = 20.0) -> int:
    """What becomes of a move, of an agent that has been so deep in the hole (None: never)."""
    footing, a = Footing(world), world.arrays
    a.health[0] = health
    if been is not None:
        a.y[0], a.z[0] = TOP - been, 11.5
        footing.look(world.observe(), ENV)
        a.y[0], a.z[0] = TOP, 10.5
    obs = world.observe()
    footing.look(obs, ENV)
    return int(footing.moves(obs, ENV, np.array([move]))[0])


@pytest.mark.parametrize("move", [FORWARD, JUMP_FORWARD, SPRINT_FORWARD])
def test_a_step_into_a_known_shaft_becomes_a_step_aside(move: int) -> None:
    assert chosen(before_a_hole(10), 10, move) in (LEFT, RIGHT)


def test_other_steps_and_other_holes_are_left_alone() -> None:
    assert chosen(before_a_hole(10), 10, BACK) == BACK
    assert chosen(before_a_hole(10), None, FORWARD) == FORWARD  # never been there
    assert chosen(before_a_hole(3), 3, FORWARD) == FORWARD  # three metres do not hurt
    filled = before_a_hole(10)
    filled.arrays.blocks[0, cell_index(10, TOP - 1, 11)] = 1
    assert chosen(filled, 10, FORWARD) == FORWARD


def test_who_is_badly_hurt_goes_where_it_sees_the_ground() -> None:
    assert chosen(before_a_hole(3), None, FORWARD, health=8.0) in (LEFT, RIGHT)
    assert chosen(before_a_hole(3), None, FORWARD, health=9.0) == FORWARD
    assert chosen(before_a_hole(1), None, FORWARD, health=8.0) == FORWARD


def test_a_new_episode_forgets() -> None:
    world = before_a_hole(10)
    footing = Footing(world)
    world.arrays.ticks[0] = 50
    footing.look(world.observe(), ENV)
    assert np.isfinite(footing.lowest).any()
    world.arrays.ticks[0], world.arrays.x[0] = 0, 40.5
    footing.look(world.observe(), ENV)
    assert not np.isfinite(footing.lowest[0, 10]).any() and np.isfinite(footing.lowest[0, 40]).any()
