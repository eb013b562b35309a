"""Changes to one environment from outside the game: what Minecraft's chat commands do, as functions of a world.

All take a `CraftWorld` and the number of an environment; senses are stale until `world.observe()`.
"""

from __future__ import annotations

import math
from typing import Any

from sim.craft.compile import compiled
from sim.craft.grid import HEIGHT, SIZE
from sim.craft.mobs import add_mob
from sim.craft.senses import block_at, set_block
from sim.craft.spawn import begin_life, stand_somewhere, strip
from sim.world import UserError


def summon(world: Any, env: int, mob: str, x: float, y: float, z: float) -> bool:
    """Put a mob at a place, lifted out of the ground; False when the world has no room for one more."""
    names = world.data.mob_names
    if mob not in names[1:]:
        raise UserError(f"no mob '{mob}' in the craft world; it has {', '.join(names[1:])}")
    return bool(_summon(world.records[env], world.tables[0], names.index(mob), x, y, z))


def put_block(world: Any, env: int, block: str, x: int, y: int, z: int) -> None:
    """Set one block by Minecraft's name."""
    if block not in world.data.block_id:
        raise UserError(f"no block '{block}' in Minecraft 1.11.2")
    if not 1 <= y < HEIGHT:
        raise UserError(f"no block can be set at height {y}; the craft world has 1..{HEIGHT - 1}")
    set_block(world.records[env], x, y, z, world.data.block_id[block])


def scatter(world: Any, env: int, radius: float) -> None:
    """Move the agent to a dry place within `radius` blocks, under the sky or a tree; it stays where there is none."""
    _scatter(world.records[env], world.tables[0], min(radius, SIZE / 2.0))


def respawn(world: Any, env: int) -> None:
    """A new life: well, fed and with nothing, at a random place."""
    begin_life(world.records[env], world.tables[0])


def clear(world: Any, env: int) -> None:
    """Take away all that the agent has."""
    strip(world.records[env])


def teleport(world: Any, env: int, x: float, y: float, z: float, yaw: float | None, pitch: float | None) -> None:
    """Move the agent; angles are kept in the camera's steps of 15 degrees."""
    if not 0 < y < HEIGHT - 2:
        raise UserError(f"nobody can stand at height {y}; the craft world has 1..{HEIGHT - 3}")
    a = world.arrays
    a.x[env], a.y[env], a.z[env], a.fall_top[env], a.fall_speed[env] = x, y, z, y, 0.0
    look(world, env, a.yaw[env] if yaw is None else yaw, a.pitch[env] if pitch is None else pitch)


def look(world: Any, env: int, yaw: float, pitch: float) -> None:
    """Turn the camera to angles in degrees, rounded to steps of 15."""
    turned = 15.0 * round(yaw / 15.0)
    world.arrays.yaw[env] = turned - 360.0 * math.floor((turned + 180.0) / 360.0)
    world.arrays.pitch[env] = min(max(15.0 * round(pitch / 15.0), -90.0), 90.0)


@compiled
def _summon(e, t, kind, x, y, z):
    feet = math.floor(y)
    while feet < HEIGHT - 2 and t.block_solid[block_at(e, math.floor(x), feet, math.floor(z))]:
        feet += 1
    return add_mob(e, t, kind, x, feet * 1.0, z)


@compiled
def _scatter(e, t, radius):
    x, y, z = stand_somewhere(e, t, e.x, e.z, radius)
    if y > 0:
        e.x, e.y, e.z = x + 0.5, y, z + 0.5
        e.fall_top, e.fall_speed, e.on_ground = e.y, 0.0, 1
