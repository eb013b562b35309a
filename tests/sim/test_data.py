"""The rules against facts of the game that everybody knows."""

from __future__ import annotations

import numpy as np
import pytest

from agents.tasks import load as load_tasks
from sim.craft.data import FURNACE, HAND, TABLE, load, reachable_items
from sim.craft.terrain import BIOMES, Pool

data = load()


def recipes(item: str) -> list[tuple[int, int, dict[str, int]]]:
    k = data.item_index[item]
    rows = range(data.recipe_start[k], data.recipe_start[k + 1])
    return [(int(data.recipe_count[r]), int(data.recipe_station[r]),
             {data.item_names[i]: int(n) for i, n in zip(data.recipe_item[r], data.recipe_need[r], strict=True) if n})
            for r in rows]  # fmt: skip


@pytest.mark.parametrize(
    ("item", "count", "station", "needs"),
    [
        ("planks", 4, HAND, {"log": 1}),
        ("stick", 4, HAND, {"planks": 2}),
        ("bowl", 4, TABLE, {"planks": 3}),
        ("trapdoor", 2, TABLE, {"planks": 6}),
        ("sign", 3, TABLE, {"planks": 6, "stick": 1}),
        ("bed", 1, TABLE, {"planks": 3, "wool": 3}),
        ("carpet", 3, HAND, {"wool": 2}),
        ("shears", 1, HAND, {"iron_ingot": 2}),
        ("bucket", 1, TABLE, {"iron_ingot": 3}),
        ("torch", 4, HAND, {"coal": 1, "stick": 1}),
        ("hopper", 1, TABLE, {"iron_ingot": 5, "chest": 1}),
        ("stone_slab", 6, TABLE, {"cobblestone": 3}),
        ("tripwire_hook", 2, TABLE, {"iron_ingot": 1, "stick": 1, "planks": 1}),
        ("iron_ingot", 1, FURNACE, {"iron_ore": 1, "planks": 1}),
        ("coal", 1, FURNACE, {"log": 1, "planks": 1}),
        ("stone", 1, FURNACE, {"cobblestone": 1, "planks": 1}),
        ("chest", 1, TABLE, {"planks": 8}),
        ("painting", 1, TABLE, {"stick": 8, "wool": 1}),
        ("item_frame", 1, TABLE, {"stick": 8, "leather": 1}),
        ("lever", 1, HAND, {"stick": 1, "cobblestone": 1}),
        ("stone_button", 1, HAND, {"stone": 1}),
        ("stone_pressure_plate", 1, HAND, {"stone": 2}),
        ("heavy_weighted_pressure_plate", 1, HAND, {"iron_ingot": 2}),
        ("furnace", 1, TABLE, {"cobblestone": 8}),
        ("stone_stairs", 4, TABLE, {"cobblestone": 6}),
        ("minecart", 1, TABLE, {"iron_ingot": 5}),
        ("iron_pickaxe", 1, TABLE, {"iron_ingot": 3, "stick": 2}),
    ],
)
def test_recipes(item: str, count: int, station: int, needs: dict[str, int]) -> None:
    assert recipes(item)[0] == (count, station, needs)


def test_no_recipe_eats_its_own_product() -> None:
    for row, result in enumerate(data.recipe_result):
        assert result not in data.recipe_item[row][data.recipe_need[row] > 0]


def test_every_ingredient_is_an_item_with_a_count() -> None:
    listed = data.recipe_item > 0
    assert np.array_equal(listed, data.recipe_need > 0)
    assert listed.any(axis=1).all()
    assert data.recipe_item.max() < len(data.item_names)
    assert (data.recipe_count > 0).all() and (data.recipe_result > 0).all()


def test_no_recipe_stands_twice() -> None:
    columns = (data.recipe_result[:, None], data.recipe_station[:, None], data.recipe_item, data.recipe_need)
    rows = np.hstack(columns)
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_rows_of_an_item_lie_together() -> None:
    for item in range(len(data.item_names)):
        rows = np.flatnonzero(data.recipe_result == item)
        assert rows.tolist() == list(range(data.recipe_start[item], data.recipe_start[item + 1]))


def test_all_of_plan4mc_can_be_had_from_what_the_worlds_hold() -> None:
    pool = Pool(0, 1)
    natural = {data.block_names[b] for k in range(len(BIOMES)) for b in set(pool.blocks[pool.require(k)].ravel()) if b}
    have = reachable_items(data, natural, set(data.mob_names[1:]))
    goals = {fact for task in load_tasks("plan4mc") for option in task.goal for fact in option}
    assert {fact for fact in goals if not fact.endswith("_nearby")} <= have
    assert {"iron_pickaxe", "diamond_sword", "bed", "bow", "glass"} <= have
    assert len(have) >= 150


def test_tools_decide_what_a_block_gives() -> None:
    ore = data.block_id["diamond_ore"]
    gives = {tool: bool(data.harvestable[ore, data.item_index[tool]]) for tool in ("stone_pickaxe", "iron_pickaxe")}
    assert gives == {"stone_pickaxe": False, "iron_pickaxe": True}
    assert (data.dig_ticks[data.block_id["bedrock"]] == 32767).all()


@pytest.mark.parametrize(
    ("block", "tool", "seconds", "drops"),  # by hand: hardness x 1.5 where the tool harvests, else x 5, over its speed
    [
        ("log", "air", 3.0, True),
        ("log", "wooden_axe", 1.5, True),
        ("stone", "air", 7.5, False),
        ("stone", "wooden_pickaxe", 1.15, True),
        ("stone", "diamond_pickaxe", 0.3, True),
        ("iron_ore", "wooden_pickaxe", 7.5, False),
        ("iron_ore", "stone_pickaxe", 1.15, True),
        ("diamond_ore", "iron_pickaxe", 0.75, True),
        ("dirt", "air", 0.75, True),
        ("sand", "stone_shovel", 0.2, True),
        ("leaves", "air", 0.3, True),
        ("wool", "shears", 0.25, True),
        ("obsidian", "air", 250.0, False),
        ("furnace", "wooden_pickaxe", 2.65, True),
        ("tallgrass", "air", 0.05, True),  # at once: the one tick that the blow takes
    ],
)
def test_digging_takes_as_long_as_in_the_game(block: str, tool: str, seconds: float, drops: bool) -> None:
    k, held = data.block_id[block], data.item_index[tool]
    assert data.dig_ticks[k, held] / 20 == pytest.approx(seconds, abs=0.026)
    assert bool(data.harvestable[k, held]) == drops


@pytest.mark.parametrize("name", ["reeds", "bed", "wooden_door", "stone_slab", "wooden_slab", "fence", "flower_pot"])
def test_what_was_placed_comes_back(name: str) -> None:
    assert data.item_names[data.drop_item[data.block_id[name]]] == name


@pytest.mark.parametrize(
    ("item", "source"), [("quartz_block", "stone_slab"), ("red_sandstone", "sand"), ("boat", "wooden_shovel")]
)
def test_recipes_that_the_game_does_not_have_are_left_out(item: str, source: str) -> None:
    assert all(source not in needs for _, _, needs in recipes(item))
