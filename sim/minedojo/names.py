"""Minecraft's three ways to name a thing, as MineDojo shows them, and ours.

Inventories and commands use item ids (`log`), rays and voxels the block's name in English (`wood` for every log, `grass
block`), rays the class of an entity (`EntityCow`). Plan4MC's code knows the first difference as "`wood` for `log`".
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from sim.craft import data
from sim.craft.biomes import BIOMES

SHOWN = {"log2": "wood", "leaves2": "leaves", "lit_furnace": "furnace", "lit_redstone_ore": "redstone ore", "wheat": "crops",
         "water": "water", "lava": "lava", "snow": "snow block", "fence": "oak fence", "fence_gate": "oak fence gate"}  # fmt: skip
AIR, NOBODY = "air", "null"


@cache
def block_names() -> tuple[str, ...]:
    """What rays and voxels call each of the 256 block ids."""
    import minecraft_data

    game = minecraft_data(data.VERSION)
    shown = {block["id"]: block["displayName"] for block in game.blocks_list}
    names = data.load().block_names
    return tuple(SHOWN.get(name, re.sub(r" *\(.*\)", "", shown.get(k, AIR)).lower()) for k, name in enumerate(names))


@cache
def block_ids() -> dict[str, int]:
    """The block id that a shown name stands for; of several, the commonest (`wood` is a log of oak)."""
    first: dict[str, int] = {}
    known = data.load()
    for k, name in enumerate(block_names()):
        if known.block_names[k] and name not in first:
            first[name] = k
    first |= {"water": known.block_id["water"], "lava": known.block_id["lava"], AIR: 0}
    return first


@cache
def entity_names() -> tuple[str, ...]:
    """What rays call each mob kind."""
    return (
        NOBODY,
        *("Entity" + "".join(part.capitalize() for part in name.split("_")) for name in data.load().mob_names[1:]),
    )


@cache
def entity_kinds() -> dict[str, int]:
    """The mob kind by the name that MineDojo makes of an entity's class (lower case, without `Entity`)."""
    return {name.removeprefix("Entity").lower(): k for k, name in enumerate(entity_names()) if k}


def item_name(shown: str) -> str:
    """The item id of a name in MineDojo's inventory, which has blanks for underscores."""
    return shown.replace(" ", "_")


@cache
def biome_ids() -> np.ndarray:
    """int [B]: Minecraft's number of each of our biomes."""
    from sim.minedojo.package import submodule

    known = submodule("sim.mc_meta.mc").BIOMES_MAP
    return np.array([known[name] for name in BIOMES])
