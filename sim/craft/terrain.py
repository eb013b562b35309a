"""Maps of the craft world: one biome each, 64 x 48 x 64 blocks, seamless in x and z, the same for a seed on every machine.

A map is made in the order of `build`: heights, ponds, water, rock and soil, disks, fields, tunnels, ores, trees, plants.
Depths of the ores follow Minecraft 1.11 (minecraft.wiki "Ore"), scaled from 64 blocks below the sea to our 24.
Water stands in every cell below y = 24 that lies above the ground, and in ponds.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from sim.craft.biomes import BIOMES, TABLE, Biome
from sim.craft.block_ids import BEDROCK, CLAY, GRASS, GRAVEL, NOT_GROUND, STONE, WATER
from sim.craft.chance import integer, scramble, uniform
from sim.craft.compile import COMPILED, compiled, parallel
from sim.craft.fields import lay_disks, lay_fields, scatter_patches
from sim.craft.grid import CELLS, HEIGHT, SEA_LEVEL, SIZE, cell_index
from sim.craft.noise import add_octave, fractal
from sim.craft.underground import ORE_BANDS, add_veins, carve_tunnels
from sim.craft.vegetation import grow_plants, grow_trees
from sim.world import UserError

__all__ = ["BIOMES", "ORE_BANDS", "TABLE", "Biome", "Pool", "generate", "surface_height"]

POND_LOW, POND_HIGH = 2.2, 4.5  # radius, columns
POND_TRIES = 160
POND_RIM = 2  # columns of level ground around a pond
CLAY_PATCH, GRAVEL_PATCH = 0.25, -0.35  # values of the patch noise beyond which the bed of water is clay, gravel

_is_ground = np.ones(256, dtype=np.bool_)
_is_ground[list(NOT_GROUND)] = False


@compiled
def _heights(rng, b):
    """Height of the topmost ground block of each column: i64[64, 64]."""
    ground = np.empty((SIZE, SIZE), np.int64)
    field = fractal(rng, b.roughness)
    for x in range(SIZE):
        for z in range(SIZE):
            t = field[x, z]
            t += b.peaks * (t * t * t - t)
            ground[x, z] = int(b.low + t * (b.high - b.low))
    return ground


@compiled
def _pond_level(ground, x, z, radius):
    """Height at which a pond would fill to its rim, or 0 where the ground is not level or already near water."""
    reach = int(radius) + POND_RIM
    low, high = HEIGHT, 0
    for dx in range(-reach, reach + 1):
        for dz in range(-reach, reach + 1):
            y = ground[(x + dx) & 63, (z + dz) & 63]
            low, high = min(low, y), max(high, y)
    return low if high - low <= 2 and low >= SEA_LEVEL else 0


@compiled
def _dig_pond(rng, ground, water, x, z, radius, level):
    """Lower the ground by two blocks in the middle and one at the side, fill with water up to `level`, and level the shore."""
    reach = int(radius) + POND_RIM
    for dx in range(-reach, reach + 1):
        for dz in range(-reach, reach + 1):
            distance = dx * dx + dz * dz + 2.0 * uniform(rng)
            cx, cz = (x + dx) & 63, (z + dz) & 63
            if distance < radius * radius:
                ground[cx, cz] = level - (2 if distance < 0.4 * radius * radius else 1)
                water[cx, cz] = level
            elif water[cx, cz] == 0:
                ground[cx, cz] = min(ground[cx, cz], level)


@compiled
def _fill_water(rng, b, ground):
    """Dig ponds, then flood everything below the sea: y of the topmost water block i64[64, 64], 0 = dry."""
    water = np.zeros((SIZE, SIZE), np.int64)
    wanted = b.ponds
    for _ in range(POND_TRIES):
        x, z = integer(rng, 0, SIZE - 1), integer(rng, 0, SIZE - 1)
        radius = POND_LOW + uniform(rng) * (POND_HIGH - POND_LOW)
        level = _pond_level(ground, x, z, radius)
        if wanted > 0 and level > 0:
            _dig_pond(rng, ground, water, x, z, radius, level)
            wanted -= 1
    for x in range(SIZE):
        for z in range(SIZE):
            if ground[x, z] < SEA_LEVEL - 1 and water[x, z] == 0:
                water[x, z] = SEA_LEVEL - 1
    return water


@compiled
def _step_beside(ground, x, z):
    """Largest difference of height to one of the four neighbours."""
    y = ground[x, z]
    along_x = max(abs(ground[(x + 1) & 63, z] - y), abs(ground[(x - 1) & 63, z] - y))
    along_z = max(abs(ground[x, (z + 1) & 63] - y), abs(ground[x, (z - 1) & 63] - y))
    return max(along_x, along_z)


@compiled
def _on_shore(ground, water, x, z):
    """Whether a dry column lies beside water and hardly above it."""
    for dx in range(-1, 2):
        for dz in range(-1, 2):
            level = water[(x + dx) & 63, (z + dz) & 63]
            if level > 0 and ground[x, z] <= level + 1:
                return True
    return False


@compiled
def _top_block(b, ground, water, x, z, patch):
    """The block on top of a column; STONE where the rock is bare."""
    if water[x, z] > 0:
        if patch > CLAY_PATCH:
            return CLAY
        return GRAVEL if patch < GRAVEL_PATCH else b.bed
    if _step_beside(ground, x, z) >= b.cliff or ground[x, z] + 4.0 * patch >= b.bare:
        return STONE
    if _on_shore(ground, water, x, z):
        return b.shore
    return b.top


@compiled
def _fill_column(b, blocks, x, z, ground, water, top):
    """Bedrock, rock, soil, top and water of one column."""
    soil_from = HEIGHT if top == STONE else ground - b.soil_depth + 1
    under_from = soil_from - b.under_depth
    filling = b.soil if top == GRASS else top
    for y in range(HEIGHT):
        block = 0
        if y == 0:
            block = BEDROCK
        elif y == ground:
            block = top
        elif y < ground:
            block = filling if y >= soil_from else b.under if y >= under_from else STONE
        elif y <= water:
            block = WATER
        blocks[cell_index(x, y, z)] = block


@compiled
def _rock_soil_water(b, blocks, ground, water, patches):
    for x in range(SIZE):
        for z in range(SIZE):
            top = _top_block(b, ground, water, x, z, patches[x, z])
            _fill_column(b, blocks, x, z, ground[x, z], water[x, z], top)


@compiled
def build(rng, b, blocks):
    """Make one map of biome `b` (a `Biome` row) into blocks u8[CELLS], drawing from generator `rng` (a record, see `chance`)."""
    ground = _heights(rng, b)
    water = _fill_water(rng, b, ground)
    patches = np.zeros((SIZE, SIZE))
    add_octave(rng, 8, 1.0, patches)
    _rock_soil_water(b, blocks, ground, water, patches)
    lay_disks(rng, blocks, ground, water)
    lay_fields(rng, b.fields, blocks, ground, water)
    carve_tunnels(rng, blocks, ground)
    add_veins(rng, b, blocks)
    grow_trees(rng, b, blocks, ground)
    scatter_patches(rng, b, blocks, ground)
    grow_plants(rng, b, blocks, ground, water, patches)


@parallel
def _build_many(generators, b, maps):
    for k in prange(maps.shape[0]):
        build(generators[k], b, maps[k])


@compiled
def surface_height(blocks, x, z):
    """y of the topmost ground block of column (x, z): trees, plants, snow and water do not count."""
    y = HEIGHT - 1
    while y > 0 and not _is_ground[blocks[cell_index(x, y, z)]]:
        y -= 1
    return y


def _generators(biome: int, seeds: list[int]) -> np.ndarray:
    """A generator for each map: records [len(seeds)] as `sim.craft.chance` draws from; any whole numbers are good seeds."""
    generators = np.zeros(len(seeds), dtype=[("rng", np.int64)])
    generators["rng"] = scramble(np.array([(seed * len(BIOMES) + biome) % 2**63 for seed in seeds], dtype=np.int64))
    return generators if COMPILED else generators.view(np.recarray)


def generate(biome: int, seed: int, blocks: np.ndarray) -> None:
    """Fill blocks u8[CELLS] (brick layout) with the map of a biome's index and a seed."""
    _build_many(_generators(biome, [seed]), TABLE[BIOMES[biome]], blocks[None])


class Pool:
    """`per_biome` maps of every biome, generated in parallel when the biome is first asked for.

    `blocks` u8[P, CELLS], `words` the same memory as u32[P, CELLS / 4], `biome` u8[P] index into `BIOMES`. A biome nobody
    asks for costs neither time nor memory. Raises `UserError` if `per_biome` is below 1.
    """

    def __init__(self, seed: int, per_biome: int) -> None:
        if per_biome < 1:
            raise UserError(f"a pool holds at least 1 map per biome, got {per_biome}")
        self.seed = seed
        self.per_biome = per_biome
        self.blocks = np.zeros((len(BIOMES) * per_biome, CELLS), dtype=np.uint8)
        self.words = self.blocks.view(np.uint32)
        self.biome = np.repeat(np.arange(len(BIOMES), dtype=np.uint8), per_biome)
        self._made = [False] * len(BIOMES)

    def require(self, biome: int) -> slice:
        """Make a biome's maps if they are not there yet; returns where they lie in `blocks`."""
        where = slice(biome * self.per_biome, (biome + 1) * self.per_biome)
        if not self._made[biome]:
            seeds = [self.seed * 1_000_003 + k for k in range(self.per_biome)]
            _build_many(_generators(biome, seeds), TABLE[BIOMES[biome]], self.blocks[where])
            self._made[biome] = True
        return where

    def pick(self, biome: int, draw: int) -> int:
        """Index into `blocks` of one of the biome's maps; `draw` is any whole number, all maps are equally likely."""
        return self.require(biome).start + draw // len(BIOMES) % self.per_biome
