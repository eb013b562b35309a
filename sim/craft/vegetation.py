"""What grows: trees of three shapes, flowers and grass, cactus, reeds, lilies, and the snow between them."""

from __future__ import annotations

import numpy as np

from sim.craft.biomes import JUNGLE, SPRUCE
from sim.craft.block_ids import (
    AIR,
    BROWN_MUSHROOM,
    CACTUS,
    DEADBUSH,
    DIRT,
    GRASS,
    LEAVES,
    LOG,
    RED_FLOWER,
    RED_MUSHROOM,
    REEDS,
    SAND,
    SNOW_LAYER,
    TALLGRASS,
    VINE,
    WATER,
    WATERLILY,
    YELLOW_FLOWER,
)
from sim.craft.chance import integer, uniform
from sim.craft.compile import compiled
from sim.craft.grid import HEIGHT, SIZE, cell_index

HEADROOM = 2  # free cells between the ground and any leaf, so that one can walk beneath
TRUNK_GAP = 2  # free columns between trunks
TREE_TRIES = 30  # columns tried for each tree


@compiled
def _put_leaf(blocks, ground, x, y, z):
    if ground[x & 63, z & 63] + HEADROOM < y < HEIGHT and blocks[cell_index(x, y, z)] == AIR:
        blocks[cell_index(x, y, z)] = LEAVES


@compiled
def _leaf_disc(rng, blocks, ground, x, y, z, radius):
    """A layer of leaves; its corners are left out, the cells next to them at random."""
    for dx in range(-radius, radius + 1):
        for dz in range(-radius, radius + 1):
            corner = abs(dx) + abs(dz) - radius
            if corner < radius and (corner < radius - 1 or radius == 1 or uniform(rng) < 0.7):
                _put_leaf(blocks, ground, x + dx, y, z + dz)


@compiled
def _round_crown(rng, blocks, ground, x, top, z, radius):
    """Crown of an oak (radius 2) or a jungle tree (3): two wide layers, two narrow ones."""
    _leaf_disc(rng, blocks, ground, x, top - 1, z, radius)
    _leaf_disc(rng, blocks, ground, x, top, z, radius)
    _leaf_disc(rng, blocks, ground, x, top + 1, z, radius - 1)
    _leaf_disc(rng, blocks, ground, x, top + 2, z, max(radius - 2, 1))


@compiled
def _cone_crown(rng, blocks, ground, x, top, z, base):
    """Crown of a spruce: a tip, then rings that widen downwards in steps."""
    _put_leaf(blocks, ground, x, top + 2, z)
    _put_leaf(blocks, ground, x, top + 1, z)
    for y in range(top, base + HEADROOM, -1):
        below = top - y
        _leaf_disc(rng, blocks, ground, x, y, z, 2 if below % 2 == 1 and below > 1 else 1)


@compiled
def _hang_vines(rng, blocks, ground, x, z, bottom, radius, chance):
    """Vines below the outer leaves of a crown."""
    for dx in range(-radius, radius + 1):
        for dz in range(-radius, radius + 1):
            if max(abs(dx), abs(dz)) == radius and uniform(rng) < chance:
                y = bottom
                while blocks[cell_index(x + dx, y, z + dz)] == LEAVES:
                    y -= 1
                floor = ground[(x + dx) & 63, (z + dz) & 63] + HEADROOM
                length = integer(rng, 1, 4)
                while length > 0 and y > floor and y < bottom and blocks[cell_index(x + dx, y, z + dz)] == AIR:
                    blocks[cell_index(x + dx, y, z + dz)] = VINE
                    y -= 1
                    length -= 1


@compiled
def _grow_tree(rng, b, blocks, ground, x, z):
    """A tree on column (x, z); returns whether there was room for it below the top of the world."""
    base = ground[x, z]
    top = base + integer(rng, b.trunk_low, b.trunk_high)
    if top + 2 >= HEIGHT:
        return False
    blocks[cell_index(x, base, z)] = DIRT
    for y in range(base + 1, top + 1):
        blocks[cell_index(x, y, z)] = LOG
    if b.tree == SPRUCE:
        _cone_crown(rng, blocks, ground, x, top, z, base)
    else:
        radius = 3 if b.tree == JUNGLE else 2
        _round_crown(rng, blocks, ground, x, top, z, radius)
        if b.vines > 0.0:
            _hang_vines(rng, blocks, ground, x, z, top - 1, radius, b.vines)
    return True


@compiled
def _room_for_trunk(trunks, x, z):
    for dx in range(-TRUNK_GAP, TRUNK_GAP + 1):
        for dz in range(-TRUNK_GAP, TRUNK_GAP + 1):
            if trunks[(x + dx) & 63, (z + dz) & 63]:
                return False
    return True


@compiled
def grow_trees(rng, b, blocks, ground):
    """The trees of a map, on grass, with gaps between the trunks."""
    trunks = np.zeros((SIZE, SIZE), np.uint8)
    wanted = integer(rng, b.trees_low, b.trees_high)
    for _ in range(TREE_TRIES * wanted):
        if wanted == 0:
            break
        x, z = integer(rng, 0, SIZE - 1), integer(rng, 0, SIZE - 1)
        if blocks[cell_index(x, ground[x, z], z)] == GRASS and _room_for_trunk(trunks, x, z):
            if _grow_tree(rng, b, blocks, ground, x, z):
                trunks[x, z] = 1
                wanted -= 1


@compiled
def _beside(blocks, x, y, z, block):
    return (
        blocks[cell_index(x + 1, y, z)] == block
        or blocks[cell_index(x - 1, y, z)] == block
        or blocks[cell_index(x, y, z + 1)] == block
        or blocks[cell_index(x, y, z - 1)] == block
    )


@compiled
def _stack(rng, blocks, x, y, z, block, most):
    """A plant of 1..most blocks on top of each other, as far as there is air."""
    height = integer(rng, 1, most)
    while height > 0 and y < HEIGHT and blocks[cell_index(x, y, z)] == AIR:
        blocks[cell_index(x, y, z)] = block
        y += 1
        height -= 1


@compiled
def _on_grass(rng, b, blocks, x, y, z, patch):
    """Grass, flowers, mushrooms; `patch` -1..1 makes grass and flowers come in patches."""
    draw = uniform(rng)
    abundance = max(1.0 + 1.5 * patch, 0.2)
    if draw < b.tallgrass * abundance:
        blocks[cell_index(x, y, z)] = TALLGRASS
        return
    draw = uniform(rng)
    if draw < b.flowers * abundance:
        blocks[cell_index(x, y, z)] = YELLOW_FLOWER if uniform(rng) < 0.5 else RED_FLOWER
    elif draw > 1.0 - b.mushrooms:
        blocks[cell_index(x, y, z)] = BROWN_MUSHROOM if uniform(rng) < 0.6 else RED_MUSHROOM


@compiled
def _on_sand(rng, b, blocks, x, y, z):
    """Cactus, which bears no neighbour, and dead bushes."""
    draw = uniform(rng)
    alone = not (_crowded(blocks, x, y, z) or _crowded(blocks, x, y + 1, z) or _crowded(blocks, x, y + 2, z))
    if draw < b.cactus and alone:
        _stack(rng, blocks, x, y, z, CACTUS, 3)
    elif draw > 1.0 - b.deadbush and not _beside(blocks, x, y, z, CACTUS):
        blocks[cell_index(x, y, z)] = DEADBUSH


@compiled
def _crowded(blocks, x, y, z):
    return (
        blocks[cell_index(x + 1, y, z)] != AIR
        or blocks[cell_index(x - 1, y, z)] != AIR
        or blocks[cell_index(x, y, z + 1)] != AIR
        or blocks[cell_index(x, y, z - 1)] != AIR
    )


@compiled
def _plant_column(rng, b, blocks, x, y, z, patch):
    """Plants and snow in the free cell (x, y, z) above the ground or above water."""
    below = blocks[cell_index(x, y - 1, z)]
    if below == WATER:
        if uniform(rng) < b.lilies:
            blocks[cell_index(x, y, z)] = WATERLILY
        return
    if below == AIR:
        return
    if below == GRASS or below == SAND or below == DIRT:
        if _beside(blocks, x, y - 1, z, WATER) and uniform(rng) < b.reeds:
            _stack(rng, blocks, x, y, z, REEDS, 3)
        elif below == GRASS:
            _on_grass(rng, b, blocks, x, y, z, patch)
        elif below == SAND:
            _on_sand(rng, b, blocks, x, y, z)
    if y > b.snow and blocks[cell_index(x, y, z)] == AIR and patch + 0.3 * uniform(rng) > -0.15:
        blocks[cell_index(x, y, z)] = SNOW_LAYER


@compiled
def grow_plants(rng, b, blocks, ground, water, patches):
    """Everything small; water i64[64, 64] is y of the topmost water block (0 = dry), patches f64[64, 64] in about -1..1."""
    for x in range(SIZE):
        for z in range(SIZE):
            y = max(ground[x, z], water[x, z]) + 1
            if y < HEIGHT - 3 and blocks[cell_index(x, y, z)] == AIR:
                _plant_column(rng, b, blocks, x, y, z, patches[x, z])
