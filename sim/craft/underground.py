"""Below the surface: tunnels, veins of ore, pockets of gravel and dirt."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.craft.block_ids import (
    AIR,
    COAL_ORE,
    DIAMOND_ORE,
    DIRT,
    EMERALD_ORE,
    GOLD_ORE,
    GRAVEL,
    IRON_ORE,
    LAPIS_ORE,
    REDSTONE_ORE,
    STONE,
    WATER,
)
from sim.craft.chance import integer, uniform
from sim.craft.compile import compiled
from sim.craft.grid import HEIGHT, SIZE, cell_index

TUNNELS = 8  # a map
TUNNEL_LOW, TUNNEL_HIGH = 40, 80  # steps of one block
ROOF = 4  # blocks of rock over a tunnel
ENTRANCE_CHANCE = 0.5  # that one tunnel of a map begins at the surface


class Vein(NamedTuple):
    """A kind of vein: where it lies, how much of that band's stone it takes, and how large it grows."""

    block: int
    low: int  # y
    high: int
    share: float
    fewest: int  # blocks
    most: int


VEINS = (
    Vein(DIRT, 2, 40, 0.008, 12, 24),
    Vein(GRAVEL, 2, 40, 0.006, 10, 20),
    Vein(COAL_ORE, 2, 47, 0.012, 4, 12),
    Vein(IRON_ORE, 2, 22, 0.010, 3, 7),
    Vein(GOLD_ORE, 1, 9, 0.0025, 3, 7),
    Vein(REDSTONE_ORE, 1, 6, 0.007, 3, 7),
    Vein(LAPIS_ORE, 1, 10, 0.0022, 3, 6),
    Vein(DIAMOND_ORE, 1, 6, 0.0042, 3, 8),
)
EMERALDS = Vein(EMERALD_ORE, 2, 12, 0.0, 1, 1)  # single blocks; how many is told by the biome
ORE_BANDS: dict[str, tuple[int, int]] = {
    "coal_ore": (2, 47),
    "iron_ore": (2, 22),
    "gold_ore": (1, 9),
    "redstone_ore": (1, 6),
    "lapis_ore": (1, 10),
    "diamond_ore": (1, 6),
    "emerald_ore": (2, 12),
}  # heights y between which an ore lies, both included


@compiled
def _beside_water(blocks, x, y, z):
    return (
        blocks[cell_index(x + 1, y, z)] == WATER
        or blocks[cell_index(x - 1, y, z)] == WATER
        or blocks[cell_index(x, y, z + 1)] == WATER
        or blocks[cell_index(x, y, z - 1)] == WATER
        or blocks[cell_index(x, y + 1, z)] == WATER
    )


@compiled
def _may_carve(blocks, ground, x, y, z, entrance):
    """Tunnels keep a roof, unless they are an entrance; no tunnel drains water or breaks the bedrock."""
    if y < 1 or y >= HEIGHT - 1:
        return False
    if y <= ground[x & 63, z & 63] - ROOF:
        return True
    return entrance and blocks[cell_index(x, y, z)] != WATER and not _beside_water(blocks, x, y, z)


@compiled
def _carve_ball(blocks, ground, x, y, z, radius, entrance):
    reach = int(radius) + 1
    cx, cy, cz = math.floor(x), math.floor(y), math.floor(z)
    for bx in range(cx - reach, cx + reach + 1):
        for by in range(cy - reach, cy + reach + 1):
            for bz in range(cz - reach, cz + reach + 1):
                dx, dy, dz = bx + 0.5 - x, by + 0.5 - y, bz + 0.5 - z
                if dx * dx + dy * dy + dz * dz < radius * radius and _may_carve(blocks, ground, bx, by, bz, entrance):
                    blocks[cell_index(bx, by, bz)] = AIR


@compiled
def _tunnel(rng, blocks, ground, entrance):
    """One worm: a ball that wanders, mostly level; its heading drifts."""
    x, z = uniform(rng) * SIZE, uniform(rng) * SIZE
    top = ground[int(x), int(z)]
    y = top + 0.5 if entrance else 4.0 + uniform(rng) * (top - 10.0)
    hx, hy, hz = uniform(rng) - 0.5, -0.4 if entrance else 0.0, uniform(rng) - 0.5
    for _ in range(integer(rng, TUNNEL_LOW, TUNNEL_HIGH)):
        length = math.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9
        hx, hy, hz = hx / length, hy / length, hz / length
        x, y, z = x + hx, y + hy, z + hz
        _carve_ball(blocks, ground, x, y, z, 1.3 + 0.8 * uniform(rng), entrance)
        hx += 0.7 * (uniform(rng) - 0.5)
        hz += 0.7 * (uniform(rng) - 0.5)
        hy = 0.85 * hy + 0.3 * (uniform(rng) - 0.5)
        if y < 4.0:
            hy += 0.3
        elif y > ground[math.floor(x) & 63, math.floor(z) & 63] - 6.0:
            hy -= 0.3


@compiled
def carve_tunnels(rng, blocks, ground):
    """Hollow out the tunnels of a map; ground i64[64, 64] is y of the topmost ground block."""
    for _ in range(TUNNELS):
        _tunnel(rng, blocks, ground, False)
    if uniform(rng) < ENTRANCE_CHANCE:
        _tunnel(rng, blocks, ground, True)


@compiled
def _stone_by_layer(blocks):
    """Number of stone blocks at each height: i64[48]."""
    layers = np.zeros(HEIGHT, np.int64)
    for x in range(SIZE):
        for z in range(SIZE):
            for y in range(HEIGHT):
                layers[y] += blocks[cell_index(x, y, z)] == STONE
    return layers


@compiled
def _grow_vein(rng, blocks, vein, x, y, z, size):
    """Turn up to `size` stone blocks around a start into the vein's block by a random walk; returns how many."""
    grown = 0
    for _ in range(6 * size):
        if vein.low <= y <= vein.high and blocks[cell_index(x, y, z)] == STONE:
            blocks[cell_index(x, y, z)] = vein.block
            grown += 1
            if grown == size:
                break
        step = 1 if uniform(rng) < 0.5 else -1
        axis = integer(rng, 0, 2)
        if axis == 0:
            x += step
        elif axis == 1:
            y = min(max(y + step, vein.low), vein.high)
        else:
            z += step
    return grown


@compiled
def _place_veins(rng, blocks, vein, wanted):
    """Start veins in stone until they hold `wanted` blocks."""
    placed = 0
    for _ in range(40 * SIZE):
        if placed >= wanted:
            break
        x, z = integer(rng, 0, SIZE - 1), integer(rng, 0, SIZE - 1)
        y = integer(rng, vein.low, vein.high)
        if blocks[cell_index(x, y, z)] == STONE:
            size = min(integer(rng, vein.fewest, vein.most), integer(rng, vein.fewest, vein.most))
            placed += _grow_vein(rng, blocks, vein, x, y, z, size)


@compiled
def add_veins(rng, b, blocks):
    """Put every kind of vein into the stone; emeralds where biome `b` has some."""
    layers = _stone_by_layer(blocks)
    for vein in VEINS:
        stone = layers[vein.low : vein.high + 1].sum()
        _place_veins(rng, blocks, vein, vein.share * stone)
    if b.emeralds > 0.0:
        _place_veins(rng, blocks, EMERALDS, b.emeralds * layers[EMERALDS.low : EMERALDS.high + 1].sum())
