"""What a policy is conditioned on: for every skill of a library, which blocks and mobs are its target and which item it holds.

Conditioning is by *masks over what the senses report*, never by a target number: a network trained to dig some ores
digs one that a user adds later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.craft.data import FLITS, CraftData
from sim.craft.grid import ABOVEGROUND
from sim.craft.terrain import ORE_BANDS
from skills.schema import Skill

ANYWHERE = (0, 47)
SURFACE = (ABOVEGROUND, 47)  # where what is to be found stands, unless it is stone or lies in it
PICKAXES = ("diamond", "iron", "stone", "golden", "wooden")  # the best one first
PASSIVE = ("cow", "sheep", "pig", "chicken")
TRAITS = 4 + len(PASSIVE)
FIGHT = "fight"  # the family of policies that are told of their opponent
FIND = "find"  # the family that holds a pickaxe where it has one: the way out of where one dug leads through stone
SHOOTERS = ("skeleton", "witch")


@dataclass(frozen=True)
class TargetTable:
    """One row per skill."""

    blocks: np.ndarray  # u8[S, 256] 1 where a block id is the target
    mobs: np.ndarray  # u8[S, K] 1 where a mob kind is
    tool: np.ndarray  # i16[S] item to hold, 0 = none asked
    depth: np.ndarray  # f32[S, 2] heights between which the target lies
    limit: np.ndarray  # f32[S] game ticks
    traits: np.ndarray  # f32[S, TRAITS] how hard it is, see `_traits`


def best_pickaxe(inventory: np.ndarray, data: CraftData) -> np.ndarray:
    """int [N]: the best pickaxe of each inventory [N, items], 0 = none."""
    items = np.array([data.item_index[f"{kind}_pickaxe"] for kind in PICKAXES])
    held = inventory[:, items] > 0
    return np.where(held.any(1), items[held.argmax(1)], 0)


def target_blocks(name: str, data: CraftData) -> np.ndarray:
    """u8[256]: the blocks that count as `name`: by nearby fact, by block name, or by what they drop."""
    mask = np.zeros(256, dtype=np.uint8)
    if name in data.nearby_names:
        mask[data.block_nearby == data.nearby_names.index(name)] = 1
    if not mask.any() and name in data.block_id:
        mask[data.block_id[name]] = 1
    if not mask.any() and name in data.item_index:
        mask[data.drop_item == data.item_index[name]] = 1
    mask[0] = 0
    return mask


def make_targets(skills: list[Skill], data: CraftData) -> TargetTable:
    """The conditioning of every skill, in the library's order."""
    blocks = np.zeros((len(skills), 256), dtype=np.uint8)
    mobs = np.zeros((len(skills), len(data.mob_names)), dtype=np.uint8)
    tool = np.zeros(len(skills), dtype=np.int16)
    depth = np.tile(np.array(ANYWHERE, dtype=np.float32), (len(skills), 1))
    limit = np.array([skill.steps for skill in skills], dtype=np.float32)
    for row, skill in enumerate(skills):
        if skill.equips:
            tool[row] = data.item_index[skill.equips]
        if skill.target is None or skill.policy in (None, "place"):
            continue
        if skill.target in data.mob_names:
            mobs[row, data.mob_names.index(skill.target)] = 1
        else:
            blocks[row] = target_blocks(skill.target, data)
            depth[row] = ORE_BANDS.get(skill.target, ANYWHERE)
        if skill.policy == FIND and skill.target not in (*ORE_BANDS, "cobblestone", "gravel"):
            depth[row] = SURFACE
    traits = np.array([_traits(skill, blocks[row], tool[row], data) for row, skill in enumerate(skills)], np.float32)
    return TargetTable(blocks, mobs, tool, depth, limit, traits.reshape(-1, TRAITS))


def _opponent(skill: Skill, mob: int, tool: int, data: CraftData) -> list[float]:
    """Who is fought and with what, in the same eight numbers: time, health, damage, speed, range, fuse, flight, weapon."""
    name = data.mob_names[mob]
    return [skill.steps / 4000.0, float(data.mob_health[mob]) / 20.0, min(float(data.mob_damage[mob]), 10.0) / 10.0,
            float(data.mob_speed[mob]) * 10.0, float(name in SHOOTERS), float(name == "creeper"),
            float(data.mob_temper[mob] == FLITS), float(data.item_damage[tool]) / 10.0]  # fmt: skip


def _traits(skill: Skill, blocks: np.ndarray, tool: int, data: CraftData) -> list[float]:
    """Time allowed, pieces asked for, pieces that one mob gives, digging time, and which passive mob it is."""
    fact, count = next(iter(skill.obtains.items()))
    if skill.policy == FIGHT and skill.target in data.mob_names:
        return _opponent(skill, data.mob_names.index(skill.target), tool, data)
    drops = 0.0
    if skill.target in data.mob_names and fact in data.item_index:
        given = data.mob_drop_item[data.mob_names.index(skill.target)] == data.item_index[fact]
        low, high = (np.asarray(a)[data.mob_names.index(skill.target)] for a in (data.mob_drop_min, data.mob_drop_max))
        drops = float((given * (low + high)).sum()) / 2
    ticks = data.dig_ticks[blocks > 0, tool]
    dig = min(float(ticks.min()) / 80.0, 2.0) if ticks.size else 0.0
    return [skill.steps / 4000.0, count / 4.0, drops / 4.0, dig, *(float(skill.target == name) for name in PASSIVE)]
