"""Fields, disks of clay and gravel, patches, emeralds: what skills look for is on every map of the biomes that have it."""

import math

import numpy as np
import pytest

from sim.craft import data
from sim.craft.actions import FUNCTIONAL_NAMES
from sim.craft.biomes import BIOMES, TABLE
from sim.craft.fields import WIDTH
from sim.craft.grid import HEIGHT, SIZE, cell_index
from sim.craft.senses import set_block
from sim.craft.terrain import Pool
from sim.craft.world import CraftWorld
from sim.minedojo.definitions import _had

ID = data.load().block_id
CROPS = ("wheat", "carrots", "potatoes", "beetroots")


@pytest.fixture(scope="module")
def pool():
    return Pool(3, 4)


def maps(pool, biome):
    return pool.blocks[pool.require(BIOMES.index(biome))]


def held(blocks, name):
    """bool [maps]"""
    return (blocks == ID[name]).any(1)


def uncovered(blocks):
    """The ground blocks of a map that lie under air or water, from y = 22 on."""
    columns = [(x, y, z) for x in range(SIZE) for y in range(22, HEIGHT - 1) for z in range(SIZE)]
    return {int(blocks[cell_index(x, y, z)]) for x, y, z in columns
            if blocks[cell_index(x, y + 1, z)] in (0, ID["water"])}  # fmt: skip


@pytest.mark.parametrize("biome", [name for name, b in TABLE.items() if b.fields])
def test_fields_bear_all_four_crops_on_level_farmland_beside_water(pool, biome):
    for blocks in maps(pool, biome):
        assert all((blocks == ID[crop]).any() for crop in CROPS)
        farmland = [(x, y, z) for x in range(SIZE) for y in range(HEIGHT) for z in range(SIZE)
                    if blocks[cell_index(x, y, z)] == ID["farmland"]]  # fmt: skip
        assert len(farmland) > 40
        for x, y, z in farmland:
            assert blocks[cell_index(x, y + 1, z)] in [0, ID["snow_layer"], *(ID[crop] for crop in CROPS)]
            assert any(blocks[cell_index(x, y, z + dz)] == ID["water"] for dz in range(-(WIDTH // 2), WIDTH // 2 + 1))


def test_ponds_have_clay_gravel_and_reeds(pool):
    plains = maps(pool, "plains")
    assert held(plains, "clay").all() and held(plains, "reeds").all()
    bare = [block for blocks in plains for block in uncovered(blocks)]
    assert ID["gravel"] in bare


def test_what_grows_or_lies_where(pool):
    assert held(maps(pool, "jungle"), "melon_block").all() and not held(maps(pool, "forest"), "melon_block").any()
    hills = maps(pool, "extreme_hills")
    assert held(hills, "emerald_ore").all() and not held(maps(pool, "plains"), "emerald_ore").any()
    crops = {"bread", "baked_potato", "cookie"}
    assert "emerald" in _had("extreme_hills", frozenset()) and not crops & _had("extreme_hills", frozenset())
    assert crops | {"leaves", "rabbit"} <= _had("taiga", frozenset())


def test_shears_cut_what_no_hand_gathers():
    world = CraftWorld(1)
    world.reset(seed=1, options={"start": [{"biome": "jungle", "inventory": {"shears": 1}}]})
    a, item = world.arrays, world.data.item_index
    assert world.data.shear_item[ID["leaves"]] == item["leaves"] and world.data.shear_item[ID["stone"]] == 0
    x, y, z = math.floor(a.x[0]), int(a.y[0]), math.floor(a.z[0])
    set_block(world.records[0], x, y + 1, z + 1, ID["leaves"])
    a.equipped[0], a.yaw[0], a.pitch[0] = item["shears"], 0.0, 0.0
    for _ in range(4):
        world.step(np.array([[0, FUNCTIONAL_NAMES.index("attack"), 0]]))
    assert a.inventory[0, item["leaves"]] == 1 and a.inventory[0, item["sapling"]] == 0


def test_rabbits_come_to_deserts():
    world = CraftWorld(4)
    world.reset(seed=2, options={"start": [{"biome": "desert"}] * 4})
    kinds = {world.data.mob_names[k] for k in world.arrays.mob_kind.ravel().tolist() if k}
    assert kinds == {"rabbit"}
