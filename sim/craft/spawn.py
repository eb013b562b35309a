"""How an episode starts: a map of the pool, mirrored and turned, a dry place to stand, animals around it."""

from __future__ import annotations

import math

from sim.craft.chance import integer, uniform
from sim.craft.compile import compiled
from sim.craft.grid import HEIGHT, SIZE
from sim.craft.mobs import add_mob, grazer, ground_height, ground_under_trees
from sim.craft.senses import block_at
from sim.craft.state import MAX_FOOD, MAX_HEALTH, MAX_OXYGEN

_SIDE = SIZE // 4  # bricks along x and z
_LAYERS = HEIGHT // 4


@compiled
def _source(a, b, limit, flip_a, flip_b, swap):
    """Where cell (a, b) of the new map comes from under mirrors and a transposition."""
    if flip_a:
        a = limit - 1 - a
    if flip_b:
        b = limit - 1 - b
    if swap:
        a, b = b, a
    return a, b


@compiled
def copy_map(e, words, map_words, flip_x, flip_z, swap):
    """Copy a pool map (u32[CELLS/4]) into environment i, mirrored along x and z and transposed as asked."""
    for bx in range(_SIDE):
        for bz in range(_SIDE):
            source_bx, source_bz = _source(bx, bz, _SIDE, flip_x, flip_z, swap)
            bits = 0
            for by in range(_LAYERS):
                target = ((bx * _SIDE + bz) * _LAYERS + by) * 16
                source = ((source_bx * _SIDE + source_bz) * _LAYERS + by) * 16
                filled = False
                for x in range(4):
                    for z in range(4):
                        source_x, source_z = _source(x, z, 4, flip_x, flip_z, swap)
                        word = map_words[source + source_x * 4 + source_z]
                        words[target + x * 4 + z] = word
                        filled |= word != 0
                if filled:
                    bits |= 1 << by
            e.bricks[bx * _SIDE + bz] = bits


@compiled
def _standable(e, t, x, z):
    """Height at which a body can stand at column (x, z) under the open sky or a tree, or -1."""
    y = ground_under_trees(e, t, x, z)
    if y >= HEIGHT - 2 or t.block_liquid[block_at(e, x, y, z)]:
        return -1
    if t.block_solid[block_at(e, x, y, z)] or t.block_solid[block_at(e, x, y + 1, z)]:
        return -1
    return y


@compiled
def stand_somewhere(e, t, center_x, center_z, radius):
    """A random standable cell within `radius` of a point: (x, y, z); y = -1 if none was found."""
    for _ in range(60):
        x = math.floor(center_x + (2.0 * uniform(e) - 1.0) * radius)
        z = math.floor(center_z + (2.0 * uniform(e) - 1.0) * radius)
        y = _standable(e, t, x, z)
        if y > 0:
            return x, y, z
    return 0, -1, 0


@compiled
def _reset_vitals(e):
    """A body at rest, well and fed, that looks somewhere."""
    e.fall_speed = 0.0
    e.fall_top = e.y
    e.on_ground = 1
    e.yaw = 15.0 * integer(e, -12, 11)
    e.pitch = 0.0
    e.health, e.food, e.saturation = MAX_HEALTH, MAX_FOOD, 5.0
    e.exhaustion, e.oxygen = 0.0, MAX_OXYGEN
    e.hurt_wait, e.use_wait = 0, 0
    e.dig_cell, e.dig_ticks = -1, 0


@compiled
def strip(e):
    """Take away all that the agent has."""
    e.equipped = 0
    for item in range(e.inventory.shape[0]):
        e.inventory[item] = 0
        e.wear[item] = 0
    for slot in range(e.worn.shape[0]):
        e.worn[slot] = 0


@compiled
def begin_life(e, t):
    """Well, fed and with nothing, at a random dry place of the map, or on top of its middle where there is none."""
    x, y, z = stand_somewhere(e, t, SIZE / 2.0, SIZE / 2.0, SIZE / 2.0)
    if y < 0:
        x, z = SIZE // 2, SIZE // 2
        y = ground_height(e, t, x, z)
    e.x, e.y, e.z = x + 0.5, y, z + 0.5
    _reset_vitals(e)
    strip(e)


@compiled
def _reset_counts(e):
    e.ticks = 0
    for item in range(e.used.shape[0]):
        e.used[item] = 0
    for kind in range(e.killed.shape[0]):
        e.killed[kind] = 0


@compiled
def _add_mobs(e, t, kind, count, radius, roams):
    for _ in range(count):
        x, y, z = stand_somewhere(e, t, e.x, e.z, radius)
        if y > 0:
            add_mob(e, t, kind, x + 0.5, y * 1.0, z + 0.5, roams)


@compiled
def start_episode(e, t, words, map_words, mobs, mob_range, natural_mobs):
    """Begin an episode in environment i: `mobs` int[K] asks for so many of each kind within `mob_range` blocks."""
    flips = integer(e, 0, 7)
    copy_map(e, words, map_words, flips & 1, (flips >> 1) & 1, (flips >> 2) & 1)
    begin_life(e, t)
    _reset_counts(e)
    e.herd = natural_mobs
    for m in range(e.mob_kind.shape[0]):
        e.mob_kind[m] = 0
    for kind in range(mobs.shape[0]):
        _add_mobs(e, t, kind, mobs[kind], mob_range, 0)
    for _ in range(natural_mobs):
        _add_mobs(e, t, grazer(e, t), 1, SIZE / 2.0, 1)
