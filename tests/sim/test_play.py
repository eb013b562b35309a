"""What the agent does has the game's effects: digging times, tools, drops, crafting, placing, animals, falling, food."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sim.craft.act import ATTACK, CRAFT, EQUIP, PLACE, USE
from sim.craft.grid import cell_index
from sim.craft.physics import FORWARD, JUMP_FORWARD
from sim.craft.state import WorldConfig
from sim.craft.world import CraftWorld
from sim.world import UserError


def flat_world(mobs: dict | None = None, inventory: dict | None = None) -> CraftWorld:
    """One environment on an endless floor of stone at y = 20, looking along +z; one action is one tick."""
    world = CraftWorld(1, config=WorldConfig(ticks=1, natural_mobs=0, maps_per_biome=1))
    world.reset(seed=1, options={"start": [{"biome": "plains", "mobs": mobs or {}, "inventory": inventory or {}}]})
    a = world.arrays
    a.blocks[0], a.bricks[0] = 0, 0xFFFF
    for x in range(64):
        for z in range(64):
            a.blocks[0, cell_index(x, 20, z)] = 1
    a.x[0], a.y[0], a.z[0], a.yaw[0], a.pitch[0] = 10.5, 21.0, 10.5, 0.0, 0.0
    a.fall_top[0] = 21.0
    a.mob_pos[0] = (10.5, 21.0, 12.5)
    return world


def put(world: CraftWorld, x: int, y: int, z: int, block: str) -> None:
    world.arrays.blocks[0, cell_index(x, y, z)] = world.data.block_id[block]


def do(world: CraftWorld, move: int = 0, functional: int = 0, item: str = "air", times: int = 1) -> None:
    for _ in range(times):
        world.step(np.array([[move, functional, world.data.item_index[item]]]))


def count(world: CraftWorld, item: str) -> int:
    return int(world.arrays.inventory[0, world.data.item_index[item]])


@pytest.mark.parametrize(
    ("block", "tool", "ticks", "drop"),
    [("log", "air", 60, "log"), ("stone", "wooden_pickaxe", 23, "cobblestone"), ("dirt", "air", 15, "dirt"),
     ("iron_ore", "stone_pickaxe", 23, "iron_ore"), ("diamond_ore", "iron_pickaxe", 15, "diamond")],
)  # fmt: skip
def test_digging_takes_the_games_time(block: str, tool: str, ticks: int, drop: str) -> None:
    world = flat_world(inventory={tool: 1} if tool != "air" else None)
    put(world, 10, 22, 12, block)
    do(world, functional=EQUIP, item=tool)
    do(world, functional=ATTACK, times=ticks - 1)
    assert count(world, drop) == 0
    do(world, functional=ATTACK)
    assert count(world, drop) == 1


def test_the_wrong_tool_breaks_but_gives_nothing() -> None:
    world = flat_world(inventory={"wooden_pickaxe": 1})
    put(world, 10, 22, 12, "iron_ore")
    do(world, functional=EQUIP, item="wooden_pickaxe")
    do(world, functional=ATTACK, times=200)
    assert world.arrays.blocks[0, cell_index(10, 22, 12)] == 0 and count(world, "iron_ore") == 0


def test_letting_go_loses_the_progress() -> None:
    world = flat_world()
    put(world, 10, 22, 12, "log")
    do(world, functional=ATTACK, times=59)
    do(world)
    do(world, functional=ATTACK, times=59)
    assert count(world, "log") == 0


def test_tools_wear_out() -> None:
    world = flat_world(inventory={"wooden_pickaxe": 1})
    do(world, functional=EQUIP, item="wooden_pickaxe")
    for _ in range(59):
        put(world, 10, 22, 12, "stone")
        do(world, functional=ATTACK, times=23)
    assert count(world, "cobblestone") == 59 and count(world, "wooden_pickaxe") == 0 and world.arrays.equipped[0] == 0


def test_crafting_needs_ingredients_and_station() -> None:
    world = flat_world(inventory={"log": 3})
    do(world, functional=CRAFT, item="planks", times=3)
    do(world, functional=CRAFT, item="crafting_table")
    do(world, functional=CRAFT, item="stick")
    assert (count(world, "planks"), count(world, "crafting_table"), count(world, "stick")) == (6, 1, 4)
    do(world, functional=CRAFT, item="wooden_pickaxe")
    assert count(world, "wooden_pickaxe") == 0
    do(world, move=9, times=3)  # look at the floor ahead
    do(world, functional=PLACE, item="crafting_table")
    assert count(world, "crafting_table") == 0
    do(world, functional=CRAFT, item="wooden_pickaxe")
    assert (count(world, "wooden_pickaxe"), count(world, "planks"), count(world, "stick")) == (1, 3, 2)


def test_smelting_burns_one_planks() -> None:
    world = flat_world(inventory={"furnace": 1, "iron_ore": 2, "planks": 1})
    do(world, move=9, times=3)
    do(world, functional=PLACE, item="furnace")
    do(world, functional=CRAFT, item="iron_ingot", times=2)
    assert (count(world, "iron_ingot"), count(world, "iron_ore"), count(world, "planks")) == (1, 1, 0)


def test_nothing_is_placed_into_a_body() -> None:
    world = flat_world(inventory={"dirt": 1})
    do(world, move=9, times=6)  # straight down
    do(world, functional=PLACE, item="dirt")
    assert count(world, "dirt") == 1


@pytest.mark.parametrize(("mob", "tool", "item"), [("cow", "bucket", "milk_bucket"), ("sheep", "shears", "wool")])
def test_using_an_item_on_an_animal(mob: str, tool: str, item: str) -> None:
    world = flat_world({mob: 1}, {tool: 1})
    do(world, functional=EQUIP, item=tool)
    do(world, move=9)
    do(world, functional=USE)
    assert count(world, item) >= 1
    had = count(world, item)
    do(world, functional=USE, times=6)
    assert count(world, item) == had, "an empty hand milks nothing, a shorn sheep gives nothing"


def test_hunting_hurts_scares_and_drops() -> None:
    world = flat_world({"cow": 1}, {"diamond_sword": 1})
    do(world, functional=EQUIP, item="diamond_sword")
    do(world, move=9)
    do(world, functional=ATTACK)
    assert world.arrays.mob_health[0, 0] == 3.0 and world.arrays.mob_flee[0, 0] > 0
    for _ in range(12):
        world.arrays.mob_pos[0, 0] = (10.5, 21.0, 12.5)  # hold it still
        do(world, functional=ATTACK)
    assert world.arrays.mob_kind[0, 0] == 0 and 1 <= count(world, "beef") <= 3


def test_who_is_hit_is_knocked_back_to_the_next_wall() -> None:
    for wall, z in ((None, 14.1), (14, 13.7)):
        world = flat_world({"cow": 1}, {"wooden_sword": 1})
        if wall:
            put(world, 10, 21, wall, "stone")
        do(world, functional=EQUIP, item="wooden_sword")
        do(world, move=9)
        do(world, functional=ATTACK)
        assert world.arrays.mob_pos[0, 0, 2] == pytest.approx(z, abs=0.25)


def test_monsters_shoot_and_burst_at_what_they_see() -> None:
    for mob, away in (("skeleton", 6.0), ("creeper", 2.0)):
        for wall in (False, True):
            world = flat_world({mob: 1})
            world.arrays.time[0] = 14_000
            for x in range(8, 14) if wall else ():
                for y in (21, 22, 23, 24):
                    put(world, x, y, 11, "stone")
            for _ in range(240):
                if world.arrays.mob_kind[0, 0]:
                    world.arrays.mob_pos[0, 0] = (10.5, 21.0, 10.5 + away)
                do(world)
            assert (world.arrays.health[0] < 20) == (not wall), (mob, wall)


def test_who_is_down_a_shaft_is_not_aboveground_however_high() -> None:
    world = flat_world()
    above = world.fact_names.index("aboveground")
    a = world.arrays
    for x in range(64):
        for z in range(64):
            for y in range(21, 34):
                put(world, x, y, z, "stone")
    a.y[0] = a.fall_top[0] = 34.0
    world.observe()
    assert world.facts()[0, above] == 1
    for y in range(24, 34):  # two columns wide, so that there is room beside it
        put(world, 10, y, 10, "air")
        put(world, 10, y, 11, "air")
    a.y[0] = a.fall_top[0] = 24.0
    world.observe()
    assert world.facts()[0, above] == 0
    for y in range(24, 33):  # but one block deep is no shaft
        put(world, 10, y, 10, "stone")
    a.y[0] = a.fall_top[0] = 33.0
    world.observe()
    assert world.facts()[0, above] == 1


def test_walking_climbs_one_block_only_with_a_jump() -> None:
    world = flat_world()
    for x in range(64):
        put(world, x, 21, 13, "stone")
    do(world, move=FORWARD, times=30)
    assert world.arrays.z[0] < 13.0 and world.arrays.y[0] == 21.0
    do(world, move=JUMP_FORWARD, times=14)
    assert world.arrays.z[0] > 13.0 and world.arrays.y[0] >= 21.0
    for x in range(64):
        put(world, x, 21, 20, "stone")
        put(world, x, 22, 20, "stone")
    do(world, move=JUMP_FORWARD, times=80)
    assert world.arrays.z[0] < 20.0, "two blocks are a wall"


def test_falling_hurts_beyond_three_blocks() -> None:
    for height, lost in ((3, 0), (5, 2), (10, 7)):
        world = flat_world()
        world.arrays.y[0] = 21.0 + height
        world.arrays.fall_top[0], world.arrays.fall_speed[0], world.arrays.on_ground[0] = 21.0 + height, 0.0, 0
        world.arrays.food[0] = 17.0  # too little to heal
        do(world, times=40)
        assert 20 - world.arrays.health[0] == lost


def test_who_is_full_heals_fast_while_sated_and_slowly_afterwards() -> None:
    def healed(food: float, saturation: float) -> float:
        world = flat_world()
        a = world.arrays
        a.health[0], a.food[0], a.saturation[0] = 4.0, food, saturation
        do(world, times=160)
        return float(a.health[0]) - 4.0

    assert healed(17, 5) == 0 and healed(18, 0) == 1 and healed(20, 20) > healed(20, 3) > 2


def test_monsters_come_at_night_and_hurt() -> None:
    world = flat_world({"zombie": 1})
    world.arrays.time[0] = 14_000
    do(world, times=60)
    assert world.arrays.health[0] < 20
    world = flat_world({"zombie": 1})
    world.arrays.mob_pos[0, 0] = (10.5, 21.0, 30.5)
    do(world, times=600)
    assert world.arrays.mob_kind[0, 0] == 0, "by day it burns"


def test_eating_fills() -> None:
    world = flat_world(inventory={"cooked_beef": 2})
    world.arrays.food[0] = 10
    do(world, functional=EQUIP, item="cooked_beef")
    do(world, functional=USE, times=10)
    assert world.arrays.food[0] == 18 and count(world, "cooked_beef") == 1


def test_armour_halves_a_blow_and_wears_by_use() -> None:
    """Iron armour (15 points) keeps a little more than half of a zombie's blow off (minecraft.wiki "Armor")."""
    worn = [f"iron_{piece}" for piece in ("boots", "leggings", "chestplate", "helmet")]
    lost = []
    for start in ({}, {"worn": worn}):
        world = CraftWorld(1)
        world.reset(
            seed=4,
            options={
                "start": [
                    {"biome": "plains", "spawns": False, "time": "night", "mobs": {"zombie": 1}, "mob_range": 2} | start
                ]
            },
        )
        a = world.arrays
        a.mob_pos[0, 0] = a.x[0] + 1.0, a.y[0], a.z[0]
        a.food[0] = 10.0  # too little to heal
        for _ in range(4):
            world.step(torch.zeros(1, 3, dtype=torch.int64))
        lost.append(20.0 - float(a.health[0]))
    assert lost[0] == 3.0 and lost[1] == pytest.approx(3.0 * (1 - (15 - 3 / 2) / 25), abs=1e-4)


def test_uses_and_kills_are_counted() -> None:
    world = CraftWorld(1)
    items = world.data.item_index
    start = {
        "biome": "plains",
        "spawns": False,
        "inventory": {"iron_boots": 1, "bow": 1, "arrow": 3, "stone_hoe": 1, "diamond_sword": 1},
    }
    world.reset(seed=4, options={"start": [start]})
    a = world.arrays

    def facts() -> dict[str, int]:
        return dict(zip(world.fact_names, world.facts()[0].tolist(), strict=True))

    def hold_and_use(name: str) -> None:
        for action in ((0, 5, items[name]), (0, 1, 0)):
            world.step(torch.tensor([action]))

    hold_and_use("iron_boots")
    assert facts()["used_iron_boots"] == 1 and a.worn[0, 0] == items["iron_boots"] and facts()["iron_boots"] == 1
    hold_and_use("iron_boots")
    assert facts()["used_iron_boots"] == 1  # the feet are shod
    for _ in range(5):
        world.step(torch.tensor([[9, 0, 0]]))  # look down
    hold_and_use("stone_hoe")
    assert facts()["used_stone_hoe"] == 1 and world.data.block_id["farmland"] in np.unique(
        world.observe()["voxels"].numpy()
    )
    hold_and_use("bow")
    assert facts()["used_bow"] == 1 and facts()["arrow"] == 2
    from sim.craft import commands

    for _ in range(5):
        world.step(torch.tensor([[8, 0, 0]]))  # look ahead
    commands.summon(world, 0, "chicken", float(a.x[0]), float(a.y[0]), float(a.z[0]))
    world.step(torch.tensor([[9, 5, items["diamond_sword"]]]))
    for _ in range(2):
        world.step(torch.tensor([[9, 0, 0]]))
    yaw = np.radians(float(a.yaw[0]))
    for _ in range(10):
        a.mob_pos[0, 0] = a.x[0] - 1.5 * np.sin(yaw), a.y[0], a.z[0] + 1.5 * np.cos(yaw)
        world.step(torch.tensor([[0, 3, 0]]))
    assert facts()["killed_chicken"] == 1 and facts()["used_diamond_sword"] >= 1
    world.reset(seed=4, options={"start": [start]})
    assert facts()["killed_chicken"] == 0 and facts()["used_bow"] == 0 and a.worn[0].sum() == 0


def test_neutral_mobs_fight_back_and_bats_stay_in_the_air() -> None:
    world = CraftWorld(1)
    world.reset(
        seed=6, options={"start": [{"biome": "plains", "spawns": False, "mobs": {"wolf": 1, "bat": 1}, "mob_range": 4}]}
    )
    a = world.arrays
    wolf, bat = (world.data.mob_names.index(name) for name in ("wolf", "bat"))
    slot = int(np.flatnonzero(a.mob_kind[0] == wolf)[0])
    for _ in range(50):
        world.step(torch.zeros(1, 3, dtype=torch.int64))
    assert a.health[0] == 20.0
    a.mob_flee[0, slot] = 600  # as after a hit
    heights = []
    for _ in range(150):
        world.step(torch.zeros(1, 3, dtype=torch.int64))
        flying = np.flatnonzero(a.mob_kind[0] == bat)
        heights.append(float(a.mob_pos[0, flying[0], 1]))
    assert a.health[0] < 20.0 and np.ptp(heights) < 8 and len(set(np.round(heights, 2))) > 3


def test_a_start_with_wrong_armour_is_refused() -> None:
    world = CraftWorld(1)
    for worn, said in (
        (["log"], "no armour"),
        (["iron_boots", "golden_boots"], "two pieces"),
        ("iron_boots", "must be a list"),
    ):
        with pytest.raises(UserError, match=said):
            world.reset(options={"start": [{"worn": worn}]})
    with pytest.raises(UserError, match="true or false"):
        world.reset(options={"start": [{"spawns": 1}]})


def test_a_monster_that_strikes_can_be_struck() -> None:
    """Its own blows and the time for which it cannot be hurt are two clocks."""
    world = CraftWorld(1)
    start = {"biome": "plains", "spawns": False, "time": "night", "mobs": {"skeleton": 1}, "mob_range": 2}
    world.reset(seed=4, options={"start": [start]})
    a = world.arrays
    yaw = np.radians(float(a.yaw[0]))
    for _ in range(60):
        a.health[0] = 20.0
        a.mob_pos[0, 0] = a.x[0] - 1.4 * np.sin(yaw), a.y[0], a.z[0] + 1.4 * np.cos(yaw)
        world.step(torch.tensor([[0, 3, 0]]))
    assert a.killed[0, world.data.mob_names.index("skeleton")] == 1


def test_nobody_strikes_through_a_wall() -> None:
    for walled in (True, False):
        world = flat_world({"zombie": 1})
        a = world.arrays
        a.mob_pos[0, 0], a.time[0], a.food[0], a.spawns[0] = (10.5, 21.0, 11.75), 14_000, 17.0, 0
        for y in (21, 22) if walled else ():
            for x in range(8, 14):
                put(world, x, y, 11, "stone")
        a.z[0] = 10.3
        do(world, times=40)
        assert bool(a.health[0] == 20) is walled


def test_an_egg_is_picked_up_once_and_another_laid_much_later() -> None:
    world = flat_world({"chicken": 1})
    a = world.arrays
    a.mob_shorn[0, 0], a.mob_pos[0, 0], a.mob_walk[0, 0] = 0, (10.5, 21.0, 20.5), -999
    do(world, times=5)
    assert count(world, "egg") == 0, "it lies by the chicken"
    a.mob_pos[0, 0] = (10.5, 21.0, 11.5)
    do(world, times=5)
    assert count(world, "egg") == 1 and a.mob_shorn[0, 0]
    a.mob_shorn[0, 0], a.mob_pos[0, 0] = 0, (10.5, 21.0, 11.5)  # it has laid again
    do(world)
    assert count(world, "egg") == 2


def test_seeds_come_with_ripe_crops() -> None:
    reaped = {"beetroots": ("beetroot", "beetroot_seeds"), "wheat": ("wheat", "wheat_seeds")}
    for block, (crop, seeds) in reaped.items():
        world = flat_world()
        for _ in range(20):
            put(world, 10, 22, 12, block)
            do(world, functional=ATTACK, times=2)
        assert count(world, crop) == 20 and 15 <= count(world, seeds) <= 45


def test_monsters_come_under_trees_and_slimes_in_swamps() -> None:
    world = CraftWorld(64, config=WorldConfig(maps_per_biome=2))
    start = {"time": "night", "max_steps": 10**6}
    world.reset(
        seed=2, options={"start": [start | {"biome": biome} for biome in ("swampland", "jungle") for _ in range(32)]}
    )
    a, name = world.arrays, world.data.mob_names
    seen, leaves, swampy, monsters = 0, 0, set(), ("zombie", "skeleton", "spider", "creeper", "slime")
    wanted = [name.index(kind) for kind in monsters]
    still = np.zeros((64, 3), dtype=np.int64)
    for _ in range(220):
        a.health[:], before = 20.0, a.mob_kind.copy()
        world.step(still)
        came = np.isin(a.mob_kind, wanted) & (before == 0)
        swampy |= set(a.mob_kind[:32][came[:32]].tolist())
        for env, slot in np.argwhere(came):
            x, y, z = np.floor(a.mob_pos[env, slot]).astype(int)
            leaves += world.data.block_names[a.blocks[env, cell_index(int(x), int(y) - 1, int(z))]] in (
                "leaves",
                "leaves2",
            )
            seen += 1
    assert seen > 100 and leaves <= seen / 20, "hardly any has climbed a tree within the tick"
    assert name.index("slime") in swampy
