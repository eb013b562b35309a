"""What lies about a map besides rock and plants of its own: fields as villages have them, disks of clay and gravel in water.

Facts from minecraft.wiki, pages "Village" (the small field: two beds of two rows each, water between them; half of the beds
are of wheat) and "Disk" (clay 2 to 3 blocks around its middle, gravel 2 to 5, the middle under water). A field here has no
frame of logs, which would be the nearest logs of a plain, and its crops are ripe or not there.
"""

from __future__ import annotations

from sim.craft.block_ids import (
    AIR,
    BEETROOTS,
    CARROTS,
    CLAY,
    DIRT,
    FARMLAND,
    GRASS,
    GRAVEL,
    MELON,
    POTATOES,
    PUMPKIN,
    SAND,
    WATER,
    WHEAT,
)
from sim.craft.chance import integer, uniform
from sim.craft.compile import compiled
from sim.craft.grid import HEIGHT, SIZE, cell_index

LENGTH, WIDTH = 7, 5  # columns of a field along x and z; the middle row is water
STEEPEST = 3  # blocks between the highest and the lowest ground that a field is levelled on
FIELD_TRIES = 800
RIPE = 0.5  # chance that a crop stands on a column of a field
CROPS = (WHEAT, CARROTS, POTATOES, BEETROOTS, WHEAT, WHEAT)  # of one bed after the other, two to a field
DISKS = ((CLAY, 2, 3), (GRAVEL, 2, 5))  # block, least and greatest radius
DISK_TRIES = 400
PATCH_TRIES, PATCH_REACH, PATCH_PLANTS = 40, 4, 12  # middles looked at, columns from there, columns tried


@compiled
def _level_of(ground, water, x, z):
    """Height at which a field from column (x, z) on would lie, 0 where it is wet or too steep."""
    low, high = HEIGHT, 0
    for dx in range(-1, LENGTH + 1):
        for dz in range(-1, WIDTH + 1):
            cx, cz = (x + dx) & 63, (z + dz) & 63
            if water[cx, cz] > 0:
                return 0
            low, high = min(low, ground[cx, cz]), max(high, ground[cx, cz])
    return (low + high + 1) // 2 if high - low <= STEEPEST else 0


@compiled
def _plough(rng, blocks, ground, water, x, z, level, crop):
    """One column of a field: level it; farmland with or without `crop`, or water where crop is 0."""
    for y in range(min(ground[x, z], level - 1), level):
        blocks[cell_index(x, y, z)] = DIRT
    for y in range(level + 1, max(ground[x, z], level + 1) + 1):
        blocks[cell_index(x, y, z)] = AIR
    ground[x, z] = level
    if crop == 0:
        blocks[cell_index(x, level, z)] = WATER
        ground[x, z], water[x, z] = level - 1, level
        return
    blocks[cell_index(x, level, z)] = FARMLAND
    if uniform(rng) < RIPE:
        blocks[cell_index(x, level + 1, z)] = crop


@compiled
def lay_fields(rng, wanted, blocks, ground, water):
    """Up to `wanted` fields of two crops each, where the land is level enough; ground and water as in `grow_plants`."""
    laid = 0
    for _ in range(FIELD_TRIES):
        if laid == wanted:
            break
        x, z = integer(rng, 0, SIZE - 1), integer(rng, 0, SIZE - 1)
        level = _level_of(ground, water, x, z)
        if level == 0:
            continue
        first, second = CROPS[2 * laid % len(CROPS)], CROPS[(2 * laid + 1) % len(CROPS)]
        for dx in range(LENGTH):
            for dz in range(WIDTH):
                crop = first if dz < WIDTH // 2 else second if dz > WIDTH // 2 else 0
                _plough(rng, blocks, ground, water, (x + dx) & 63, (z + dz) & 63, level, crop)
        laid += 1


@compiled
def _lay_disk(rng, blocks, ground, x, z, block, radius):
    """Turn the top two blocks of soil around a column into `block`."""
    for dx in range(-radius, radius + 1):
        for dz in range(-radius, radius + 1):
            if dx * dx + dz * dz > radius * radius:
                continue
            cx, cz = (x + dx) & 63, (z + dz) & 63
            for y in range(max(ground[cx, cz] - 1, 1), ground[cx, cz] + 1):
                here = blocks[cell_index(cx, y, cz)]
                if here == DIRT or here == GRASS or here == SAND:
                    blocks[cell_index(cx, y, cz)] = block


@compiled
def lay_disks(rng, blocks, ground, water):
    """One disk of clay and one of gravel, each around some column under water; none on a dry map."""
    for block, low, high in DISKS:
        for _ in range(DISK_TRIES):
            x, z = integer(rng, 0, SIZE - 1), integer(rng, 0, SIZE - 1)
            if water[x, z] > 0 and blocks[cell_index(x, ground[x, z], z)] != FARMLAND:
                _lay_disk(rng, blocks, ground, x, z, block, integer(rng, low, high))
                break


@compiled
def _scatter(rng, blocks, ground, x, z, block):
    """Plants on free grass around a column."""
    for _ in range(PATCH_PLANTS):
        cx = (x + integer(rng, -PATCH_REACH, PATCH_REACH)) & 63
        cz = (z + integer(rng, -PATCH_REACH, PATCH_REACH)) & 63
        y = ground[cx, cz]
        if blocks[cell_index(cx, y, cz)] == GRASS and blocks[cell_index(cx, y + 1, cz)] == AIR and uniform(rng) < 0.5:
            blocks[cell_index(cx, y + 1, cz)] = block


@compiled
def scatter_patches(rng, b, blocks, ground):
    """The patches of pumpkins and of melons that biome `b` has, each around some column of grass."""
    for block, patches in ((PUMPKIN, b.pumpkin_patches), (MELON, b.melon_patches)):
        for _ in range(patches):
            for _ in range(PATCH_TRIES):
                x, z = integer(rng, 0, SIZE - 1), integer(rng, 0, SIZE - 1)
                if blocks[cell_index(x, ground[x, z], z)] == GRASS:
                    _scatter(rng, blocks, ground, x, z, block)
                    break
