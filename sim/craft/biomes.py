"""What makes a biome: one row of numbers each. Nothing about a biome is written anywhere else in the generator."""

from __future__ import annotations

from typing import NamedTuple

from sim.craft.block_ids import DIRT, GRASS, SAND, SANDSTONE, STONE

OAK, SPRUCE, JUNGLE = range(3)  # shapes of trees
NEVER = 99  # a height or slope that no column reaches


class Biome(NamedTuple):
    """Heights are y of the topmost ground block; chances are per column that could carry the plant."""

    low: float  # height of the lowest ground
    high: float  # height of the highest ground
    roughness: float = 0.3  # amplitude of each finer octave of the height noise
    peaks: float = 0.0  # 0 rolling .. 1 wide valleys and narrow peaks
    cliff: int = 3  # blocks of step to a neighbour from which the rock is bare
    bare: int = NEVER  # height from which the rock is bare
    snow: int = NEVER  # height from which snow lies
    top: int = GRASS
    soil: int = DIRT
    soil_depth: int = 3  # blocks, the top one included
    under: int = STONE  # what lies under the soil
    under_depth: int = 0  # blocks
    shore: int = SAND  # top beside water
    bed: int = SAND  # ground under water
    ponds: int = 0
    tree: int = OAK
    trees_low: int = 0  # trees a map
    trees_high: int = 0
    trunk_low: int = 4  # blocks
    trunk_high: int = 6
    vines: float = 0.0  # chance per outer leaf
    tallgrass: float = 0.0
    flowers: float = 0.0
    mushrooms: float = 0.0
    pumpkin_patches: int = 0  # a map
    melon_patches: int = 0
    reeds: float = 0.5  # beside water
    lilies: float = 0.0  # on water
    cactus: float = 0.0  # on sand
    deadbush: float = 0.0  # on sand
    fields: int = 0  # a map, where villages are
    emeralds: float = 0.0  # share of the stone in their band
    rabbits: float = 0.0  # share of the animals that come by themselves; the others are cattle
    slimes: float = 0.0  # share of the monsters that come at night


TABLE = {
    "plains": Biome(
        25.0, 28.4, roughness=0.15, ponds=2, trees_low=10, trees_high=15, tallgrass=0.14, flowers=0.03, pumpkin_patches=2, fields=3
    ),
    "forest": Biome(
        25.0, 31.5, roughness=0.2, ponds=1, trees_low=130, trees_high=180, tallgrass=0.05, flowers=0.015, mushrooms=0.006
    ),
    "forest_hills": Biome(
        25.0, 38.5, roughness=0.35, peaks=0.3, ponds=1, trees_low=90, trees_high=130, tallgrass=0.05, flowers=0.01,
        mushrooms=0.005,
    ),
    "extreme_hills": Biome(
        23.0, 44.5, roughness=0.4, peaks=0.3, cliff=2, bare=37, snow=40, trees_low=12, trees_high=20, tree=SPRUCE,
        trunk_low=5, tallgrass=0.03, flowers=0.004, emeralds=0.0008,
    ),
    "desert": Biome(
        25.0, 30.5, roughness=0.2, cliff=NEVER, top=SAND, soil=SAND, soil_depth=4, under=SANDSTONE, under_depth=4,
        reeds=0.0, cactus=0.012, deadbush=0.012, fields=3, rabbits=1.0,
    ),
    "swampland": Biome(
        21.0, 26.4, roughness=0.3, shore=GRASS, bed=DIRT, trees_low=40, trees_high=60, vines=0.25, tallgrass=0.06,
        flowers=0.01, mushrooms=0.02, lilies=0.08,
        slimes=0.06,  # weight 100 beside 400, in half of half of the tries (minecraft.wiki "Slime", the moon half full)
    ),
    "jungle": Biome(
        24.0, 32.5, roughness=0.25, ponds=1, trees_low=210, trees_high=260, tree=JUNGLE, trunk_low=6, trunk_high=9, vines=0.12,
        tallgrass=0.15, flowers=0.01, mushrooms=0.004, pumpkin_patches=1, melon_patches=2,
    ),
    "taiga": Biome(
        25.0, 31.5, roughness=0.25, ponds=1, snow=0, trees_low=100, trees_high=140, tree=SPRUCE, trunk_low=5, trunk_high=7,
        tallgrass=0.05, flowers=0.006, mushrooms=0.01, pumpkin_patches=2, fields=3,
        rabbits=0.09,  # weight 4 beside 40 of cattle (minecraft.wiki "Mob spawning")
    ),
}  # fmt: skip
BIOMES = tuple(TABLE)
