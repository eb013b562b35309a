"""The rules against facts of the game that everybody knows."""

from __future__ import annotations

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
    ],
)
def test_recipes(item: str, count: int, station: int, needs: dict[str, int]) -> None:
    assert recipes(item)[0] == (count, station, needs)


def test_no_recipe_eats_its_own_product() -> None:
    for row, result in enumerate(data.recipe_result):
        assert result not in data.recipe_item[row][data.recipe_need[row] > 0]


def test_all_of_plan4mc_can_be_had_from_what_the_worlds_hold() -> None:
    pool = Pool(0, 1)
    natural = {data.block_names[b] for k in range(len(BIOMES)) for b in set(pool.blocks[pool.require(k)].ravel()) if b}
    have = reachable_items(data, natural, set(data.mob_names[1:]))
    goals = {fact for task in load_tasks("plan4mc") for option in task.goal for fact in option}
    assert {fact for fact in goals if not fact.endswith("_nearby")} <= have
    assert {"iron_pickaxe", "diamond_sword", "bed", "bow", "glass", "bread"} & have >= {
        "iron_pickaxe",
        "bed",
        "bow",
        "glass",
    }
    assert len(have) >= 150


def test_tools_decide_what_a_block_gives() -> None:
    ore = data.block_id["diamond_ore"]
    gives = {tool: bool(data.harvestable[ore, data.item_index[tool]]) for tool in ("stone_pickaxe", "iron_pickaxe")}
    assert gives == {"stone_pickaxe": False, "iron_pickaxe": True}
    assert (data.dig_ticks[data.block_id["bedrock"]] == 32767).all()
