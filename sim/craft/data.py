"""The rules of Minecraft 1.11.2 as arrays: blocks, items, tools, recipes, drops, mobs.

Everything that the PyPI package `minecraft-data` knows is taken from it; what it lacks stands in `extra.yaml`. Variants of a
block or item (kinds of wood, colours of wool) are one item here, named by Minecraft's own 1.11 name.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

VERSION = "1.11.2"
NEVER = 32767  # dig_ticks of what cannot be broken
MAX_DROPS = 3
MAX_INGREDIENTS = 9
HAND, TABLE, FURNACE = 0, 1, 2  # recipe_station
NO_TOOL, DIGS, TILLS = 0, 1, 2  # item_tool: breaking a block counts as a use, or tilling the soil does
TIERS = ("wooden", "golden", "stone", "iron", "diamond")
TOOLS = ("sword", "pickaxe", "axe", "hoe", "shovel")
TEMPERS = ("grazes", "night", "keen", "neutral", "flits")
GRAZES, NIGHT, KEEN, NEUTRAL, FLITS = range(len(TEMPERS))  # mob_temper
LIFE_FACTS = ("health", "food", "night", "day", "nightfalls", "aboveground")  # nightfalls: nights begun meanwhile
ARMOUR = ("boots", "leggings", "chestplate", "helmet")  # by slot


@dataclass(frozen=True)
class CraftData:
    """I items (index 0 is air), 256 block ids, R recipes, K mob kinds (0 is none)."""

    version: str  # of Minecraft
    item_names: tuple[str, ...]
    item_index: dict[str, int]
    item_stack: np.ndarray  # i16[I]
    item_durability: np.ndarray  # i16[I] uses, 0 = does not wear
    item_places: np.ndarray  # u8[I] block that placing it makes, 0 = none
    item_damage: np.ndarray  # f32[I] half hearts of a hit
    item_food: np.ndarray  # f32[I] hunger restored, 0 = not edible
    item_saturation: np.ndarray  # f32[I] and saturation
    item_armour: np.ndarray  # f32[I] armour points when worn
    item_toughness: np.ndarray  # f32[I]
    item_slot: np.ndarray  # u8[I] where it is worn: 1 feet .. 4 head, 0 = no armour
    item_tool: np.ndarray  # u8[I] NO_TOOL, DIGS or TILLS
    counted_items: np.ndarray  # i32[U] those whose uses are facts
    block_names: tuple[str, ...]  # [256], "" where there is none
    block_id: dict[str, int]
    block_solid: np.ndarray  # u8[256] stops a body
    block_liquid: np.ndarray  # u8[256]
    block_replaceable: np.ndarray  # u8[256] can be built over
    block_opaque: np.ndarray  # u8[256] stops a lidar ray: all but air and liquids
    block_color: np.ndarray  # u8[256, 3]
    dig_ticks: np.ndarray  # i16[256, I] game ticks to break a block with an item in hand
    harvestable: np.ndarray  # u8[256, I] whether it then drops
    drop_item: np.ndarray  # i16[256]
    drop_min: np.ndarray  # u8[256]
    drop_max: np.ndarray  # u8[256]
    drop_chance: np.ndarray  # f32[256]
    drop_rare_item: np.ndarray  # i16[256] what drops instead now and then
    drop_rare_chance: np.ndarray  # f32[256]
    shear_item: np.ndarray  # i16[256] what shears cut in place of it, 0 = nothing else
    seed_item: np.ndarray  # i16[256] what comes besides, none to three, 0 = nothing
    recipe_result: np.ndarray  # i16[R], sorted by result
    recipe_count: np.ndarray  # u8[R]
    recipe_station: np.ndarray  # u8[R] HAND, TABLE or FURNACE
    recipe_item: np.ndarray  # i16[R, 9] ingredients, 0 padded; a smelt's fuel is one of them
    recipe_need: np.ndarray  # i16[R, 9]
    recipe_start: np.ndarray  # i32[I + 1] rows of item i are recipe_start[i]:recipe_start[i + 1]
    mob_names: tuple[str, ...]
    mob_health: np.ndarray  # f32[K]
    mob_width: np.ndarray  # f32[K] metres
    mob_height: np.ndarray  # f32[K]
    mob_speed: np.ndarray  # f32[K] metres a tick
    mob_damage: np.ndarray  # f32[K] half hearts
    mob_temper: np.ndarray  # u8[K] position in TEMPERS
    mob_drop_item: np.ndarray  # i16[K, 3]
    mob_drop_min: np.ndarray  # u8[K, 3]
    mob_drop_max: np.ndarray  # u8[K, 3]
    nearby_names: tuple[str, ...]  # what a fact NAME_nearby exists for: blocks, then mobs
    block_nearby: np.ndarray  # i16[256] index into nearby_names, -1 = none
    mob_nearby: np.ndarray  # i16[K]


@cache
def load() -> CraftData:
    """Read and check everything once."""
    import minecraft_data

    game = minecraft_data(VERSION)
    extra = yaml.safe_load((Path(__file__).parent / "extra.yaml").read_text())
    items = {item["id"]: item for item in game.items_list}
    names = ("air", *(item["name"] for item in game.items_list))
    index = {name: k for k, name in enumerate(names)}
    parts = _items(game, extra, names, index) | _blocks(game, extra, items, index) | _mobs(game, extra, index)
    parts |= _recipes(game, extra, items, index)
    return CraftData(version=VERSION, item_names=names, item_index=index, **parts)


def _items(game: Any, extra: dict, names: tuple[str, ...], index: dict[str, int]) -> dict[str, Any]:
    places = np.zeros(len(names), np.uint8)
    for name, k in index.items():
        if name in game.blocks_name and name != "air":
            places[k] = game.blocks_name[name]["id"]
    for name, block in extra["places"].items():
        places[index[name]] = game.blocks_name[block]["id"]
    damage = np.ones(len(names), np.float32)
    for tool, tiers in extra["damage"].items():
        for tier, value in tiers.items():
            damage[index[f"{tier}_{tool}"]] = value
    food, saturation = np.zeros(len(names), np.float32), np.zeros(len(names), np.float32)
    for name, entry in game.foods_name.items():
        if name in index:
            food[index[name]], saturation[index[name]] = entry["foodPoints"], entry["saturation"]
    for name, (points, sated) in extra["food"].items():
        food[index[name]], saturation[index[name]] = points, sated
    entries = [None, *game.items_list]
    return {
        "item_stack": np.array([e["stackSize"] if e else 64 for e in entries], np.int16),
        "item_durability": np.array([e.get("maxDurability", 0) if e else 0 for e in entries], np.int16),
        "item_places": places,
        "item_damage": damage,
        "item_food": food,
        "item_saturation": saturation,
        **_armour(extra, index),
        "item_tool": np.array([_tool(name) for name in names], np.uint8),
        "counted_items": np.array([index[name] for name in _counted(extra)], np.int32),
    }


def _tool(name: str) -> int:
    """What using an item as a tool means."""
    kind = name.split("_")[-1]
    return TILLS if kind == "hoe" else DIGS if kind in TOOLS else NO_TOOL


def _counted(extra: dict) -> list[str]:
    """Items whose uses are counted as facts: tools, armour, and what `extra.yaml` adds."""
    tools = [f"{tier}_{tool}" for tool in TOOLS for tier in TIERS]
    armour = [f"{material}_{piece}" for material in extra["armour"] for piece in ARMOUR]
    return [*tools, *armour, *extra["used"]]


def _armour(extra: dict, index: dict[str, int]) -> dict[str, Any]:
    points, tough = np.zeros(len(index), np.float32), np.zeros(len(index), np.float32)
    slot = np.zeros(len(index), np.uint8)
    for material, entry in extra["armour"].items():
        for place, (piece, value) in enumerate(zip(ARMOUR, entry["points"], strict=True), start=1):
            item = index[f"{material}_{piece}"]
            points[item], tough[item], slot[item] = value, entry.get("toughness", 0), place
    return {"item_armour": points, "item_toughness": tough, "item_slot": slot}


def _blocks(game: Any, extra: dict, items: dict[int, dict], index: dict[str, int]) -> dict[str, Any]:
    blocks = {b["id"]: b for b in game.blocks_list if b["id"] < 256}
    names = tuple(blocks[k]["name"] if k in blocks else "" for k in range(256))
    block_id = {name: k for k, name in enumerate(names) if name}
    ids = np.arange(256)
    liquid = np.isin(ids, [block_id[n] for n in ("water", "flowing_water", "lava", "flowing_lava")])
    passable = np.isin(ids, [block_id[n] for n in extra["passable"]])
    solid = np.array([k in blocks and blocks[k]["boundingBox"] == "block" for k in ids]) & ~passable & ~liquid
    color = (ids[:, None] * np.array([37, 59, 83]) % 120 + 80).astype(np.uint8)
    for name, rgb in extra["colors"].items():
        color[block_id[name]] = rgb
    return {
        "block_names": names,
        "block_id": block_id,
        "block_solid": solid.astype(np.uint8),
        "block_liquid": liquid.astype(np.uint8),
        "block_replaceable": np.isin(ids, [block_id[n] for n in extra["replaceable"]]).astype(np.uint8),
        "block_opaque": np.array([bool(names[k]) and k > 0 and not liquid[k] for k in ids], np.uint8),
        "block_color": color,
        **_digging(game, extra, blocks, items, index),
        **_drops(extra, blocks, block_id, items, index),
        **_nearby(extra, block_id),
    }


def _digging(
    game: Any, extra: dict, blocks: dict[int, dict], items: dict[int, dict], index: dict[str, int]
) -> dict[str, Any]:
    """Ticks and harvest of every block with every item (minecraft.wiki "Breaking", the 1.11 formula)."""
    ticks = np.full((256, len(index)), NEVER, np.int16)
    harvest = np.zeros((256, len(index)), np.uint8)
    for k, block in blocks.items():
        hardness = extra["hardness"].get(block["name"], block["hardness"])
        material = extra["material"].get(block["name"], block.get("material"))
        tools = {int(i) for i in block["harvestTools"]} if block.get("harvestTools") else None
        speeds = {int(i): v for i, v in game.materials.get(material, {}).items()}
        by_item = [(0, 0), *((index[item["name"]], item_id) for item_id, item in items.items())]
        for column, item_id in by_item:
            fits = tools is None or item_id in tools
            harvest[k, column] = fits
            if hardness is not None and hardness >= 0 and block["diggable"]:
                share = speeds.get(item_id, 1.0) / max(hardness, 1e-9) / (30.0 if fits else 100.0)
                ticks[k, column] = 1 if share >= 1.0 else min(math.ceil(1.0 / share - 1e-9), NEVER)
    return {"dig_ticks": ticks, "harvestable": harvest}


def _drops(extra: dict, blocks: dict, block_id: dict, items: dict, index: dict[str, int]) -> dict[str, Any]:
    item, rare = np.zeros(256, np.int16), np.zeros(256, np.int16)
    least, most = np.ones(256, np.uint8), np.ones(256, np.uint8)
    chance, rare_chance = np.ones(256, np.float32), np.zeros(256, np.float32)
    for k, block in blocks.items():
        drops = [
            (d, index[name]) for d in block.get("drops", []) if (name := _dropped(d["drop"], block, items)) in index
        ]
        if drops:
            first, item[k] = drops[0]
            least[k] = int(first.get("minCount", 1))
            most[k] = int(first.get("maxCount", max(least[k], 1)))
    for name, entry in extra["drops"].items():
        k = block_id[name]
        item[k] = index[entry["item"]] if entry["item"] else 0
        least[k], most[k] = entry.get("least", 1), entry.get("most", 1)
        chance[k] = entry.get("chance", 1.0)
        if "rare" in entry:
            rare[k], rare_chance[k] = index[entry["rare"]], entry["rare_chance"]
    sheared = np.zeros(256, np.int16)
    for name, entry in extra["sheared"].items():
        sheared[block_id[name]] = index[entry]
    seeds = np.zeros(256, np.int16)
    for name, entry in extra["seeds"].items():
        seeds[block_id[name]] = index[entry]
    return {"drop_item": item, "drop_min": least, "drop_max": most, "drop_chance": chance, "drop_rare_item": rare,
            "drop_rare_chance": rare_chance, "shear_item": sheared, "seed_item": seeds}  # fmt: skip


def _dropped(drop: int | dict, block: dict, items: dict[int, dict]) -> str:
    """The name of a dropped item; a block without an item of its own id drops the item of its own name (reeds, bed, doors)."""
    drop_id = drop["id"] if isinstance(drop, dict) else drop
    if drop_id in items:
        return items[drop_id]["name"]
    return block["name"] if drop_id == block["id"] else ""


def _nearby(extra: dict, block_id: dict[str, int]) -> dict[str, Any]:
    names = (*extra["nearby"], *extra["mobs"])
    block_nearby = np.full(256, -1, np.int16)
    for k, blocks in enumerate(extra["nearby"].values()):
        block_nearby[[block_id[b] for b in blocks]] = k
    mob_nearby = np.array([-1, *(names.index(m, len(extra["nearby"])) for m in extra["mobs"])], np.int16)
    return {"nearby_names": names, "block_nearby": block_nearby, "mob_nearby": mob_nearby}


def _mobs(game: Any, extra: dict, index: dict[str, int]) -> dict[str, Any]:
    mobs = extra["mobs"]
    size = (len(mobs) + 1, MAX_DROPS)
    item, least, most = np.zeros(size, np.int16), np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for k, mob in enumerate(mobs.values(), start=1):
        for j, (name, (low, high)) in enumerate(mob["drops"].items()):
            item[k, j], least[k, j], most[k, j] = index[name], low, high

    def column(values: list[float]) -> np.ndarray:
        return np.array([0.0, *values], np.float32)

    return {
        "mob_names": ("", *mobs),
        "mob_health": column([m["health"] for m in mobs.values()]),
        "mob_speed": column([m["speed"] for m in mobs.values()]),
        "mob_damage": column([m.get("damage", 0) for m in mobs.values()]),
        "mob_width": column([game.entities_name[m]["width"] for m in mobs]),
        "mob_height": column([game.entities_name[m]["height"] for m in mobs]),
        "mob_temper": np.array([0, *(TEMPERS.index(m.get("temper", "grazes")) for m in mobs.values())], np.uint8),
        "mob_drop_item": item,
        "mob_drop_min": least,
        "mob_drop_max": most,
    }


Row = tuple[int, int, int, tuple[tuple[int, int], ...]]  # result, count, station, ingredients


def _recipe_row(recipe: dict, names: dict[int, str], index: dict[str, int]) -> Row | None:
    """One recipe with its variants collapsed; None for repairs and recolouring."""
    if "inShape" in recipe:
        cells = [cell for line in recipe["inShape"] for cell in line]
        small = len(recipe["inShape"]) <= 2 and all(len(line) <= 2 for line in recipe["inShape"])
    else:
        cells = recipe["ingredients"]
        small = len(cells) <= 4
    need: dict[int, int] = {}
    for cell in cells:
        item_id = cell["id"] if isinstance(cell, dict) else cell
        if item_id is None or item_id == -1:
            continue
        if item_id not in names:
            return None
        item = index[names[item_id]]
        need[item] = need.get(item, 0) + 1
    result = recipe["result"]
    if result["id"] not in names:
        return None
    item = index[names[result["id"]]]
    if item in need:
        return None
    return item, result["count"], HAND if small else TABLE, tuple(sorted(need.items()))


def _recipes(game: Any, extra: dict, items: dict[int, dict], index: dict[str, int]) -> dict[str, Any]:
    names = {item_id: item["name"] for item_id, item in items.items()}
    names |= {b["id"]: b["name"] for b in game.blocks_list if b["name"] in index and b["id"] not in names}
    names |= {game.blocks_name[block]["id"]: item for block, item in extra["same_item"].items()}
    found = {row: None for rows in game.recipes.values() for r in rows if (row := _recipe_row(r, names, index))}
    unreal = {(index[name], index[source]) for name, sources in extra["unreal"].items() for source in sources}
    found = {row: None for row in found if not any((row[0], source) in unreal for source, _ in row[3])}
    for name, entry in extra["recipes"].items():
        need = {index[source]: count for source, count in entry["needs"].items()}
        found[(index[name], entry["count"], TABLE, tuple(sorted(need.items())))] = None
    fuel = index[extra["fuel"]]
    for name, source in extra["smelting"].items():
        need = {index[source]: 1}
        need[fuel] = need.get(fuel, 0) + 1
        found[(index[name], 1, FURNACE, tuple(sorted(need.items())))] = None
    preferred = {index[name]: index[first] for name, first in extra["prefer"].items()}

    def rank(row: Row) -> tuple:
        wanted = preferred.get(row[0], -1)
        return row[0], all(item != wanted for item, _ in row[3])

    rows = sorted(found, key=rank)
    item, need_count = (
        np.zeros((len(rows), MAX_INGREDIENTS), np.int16),
        np.zeros((len(rows), MAX_INGREDIENTS), np.int16),
    )
    for k, row in enumerate(rows):
        for j, (ingredient, count) in enumerate(row[3]):
            item[k, j], need_count[k, j] = ingredient, count
    results = np.array([row[0] for row in rows], np.int16)
    return {
        "recipe_result": results,
        "recipe_count": np.array([row[1] for row in rows], np.uint8),
        "recipe_station": np.array([row[2] for row in rows], np.uint8),
        "recipe_item": item,
        "recipe_need": need_count,
        "recipe_start": np.searchsorted(results, np.arange(len(index) + 1)).astype(np.int32),
    }


def fact_names(data: CraftData) -> tuple[str, ...]:
    """The names of the world's facts: items held, NAME_nearby, life, killed_MOB and used_ITEM since the episode began."""
    near = (f"{name}_nearby" for name in data.nearby_names)
    killed = (f"killed_{name}" for name in data.mob_names[1:])
    used = (f"used_{data.item_names[i]}" for i in data.counted_items)
    return (*data.item_names[1:], *near, *LIFE_FACTS, *killed, *used)


def reachable_items(
    data: CraftData, blocks: Collection[str], mobs: Collection[str], given: Collection[str] = ()
) -> set[str]:
    """Items that can be had in a world of these natural blocks and mobs, by any order of digging and crafting.

    `given` are there from the start.
    """
    have = set(given) | {data.item_names[i] for m in mobs for i in data.mob_drop_item[data.mob_names.index(m)] if i}
    have |= {"wool"} if "sheep" in mobs else set()
    while True:
        held = [0, *(data.item_index[name] for name in have)]
        new = set(have)
        for name in blocks:
            k = data.block_id[name]
            if any(data.harvestable[k, h] and data.dig_ticks[k, h] < NEVER for h in held):
                drops = (data.drop_item[k], data.drop_rare_item[k], data.seed_item[k])
                new |= {data.item_names[i] for i in drops if i}
            if data.shear_item[k] and "shears" in have:
                new.add(data.item_names[data.shear_item[k]])
        for row in range(len(data.recipe_result)):
            if all(data.item_names[i] in have for i in data.recipe_item[row] if i):
                station = int(data.recipe_station[row])
                if station == HAND or ("crafting_table", "furnace")[station - 1] in have:
                    new.add(data.item_names[data.recipe_result[row]])
        if "cow" in mobs and "bucket" in new:
            new.add("milk_bucket")
        new |= {"egg"} if "chicken" in mobs else set()
        if new == have:
            return have
        have = new
