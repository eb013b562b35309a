"""MineDojo's programmatic tasks as the package defines them, in our words: where each starts and which facts must hold.

Nothing here is chosen by us: targets, amounts, biomes, inventories, mobs and prompts are read out of minedojo 0.1.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache
from typing import Any

from sim.craft import data as craft_data
from sim.craft.biomes import BIOMES, TABLE
from sim.craft.data import CraftData, reachable_items
from sim.minedojo.names import item_name
from sim.minedojo.package import submodule

CATEGORIES = ("harvest", "combat", "techtree", "survival")
WEARS = ("feet", "legs", "chest", "head")
NIGHT, MIDNIGHT = 13_000, 18_000  # MineDojo's own start times
SPAWN_RADIUS = 7.0  # within which MineDojo puts the mobs of a combat task
LIMITS = {"harvest": 24_000, "techtree": 24_000, "combat": 4_000, "survival": 48_000}  # game ticks; MineDojo sets none
INERT = ("clock", "compass")  # Minecraft counts no use of these: nothing happens when they are used


@dataclass(frozen=True)
class Definition:
    """One programmatic task."""

    id: str
    category: str
    prompt: str
    biome: str | None  # None: any
    inventory: dict[str, int]
    worn: tuple[str, ...]
    mobs: dict[str, int]
    time: int | None
    spawns: bool  # whether other mobs may be about
    target: str
    count: int

    @property
    def goal(self) -> dict[str, int]:
        """The facts that MineDojo's success criterion asks for."""
        if self.category == "harvest":
            return {self.target: self.count + self.inventory.get(self.target, 0)}
        prefix = {"combat": "killed_", "techtree": "used_"}.get(self.category, "survived_")
        return {prefix + self.target: self.count}

    @property
    def home(self) -> str | None:
        """Its biome; where MineDojo names none, one in which it can be done: our maps have one biome, its world has all."""
        if self.biome is not None or self.category not in ("harvest", "techtree"):
            return self.biome
        given = frozenset(self.inventory)
        fitting = [biome for biome in BIOMES if self.target in given or self.target in _had(biome, given)]
        return fitting[zlib.crc32(self.id.encode()) % len(fitting)] if fitting else None

    @property
    def start(self) -> dict[str, Any]:
        """The `start` of a task of the craft world, in the biome of `home`."""
        start: dict[str, Any] = {"max_steps": LIMITS[self.category]}
        start |= {"biome": home} if (home := self.home) else {}
        start |= {"inventory": self.inventory} if self.inventory else {}
        start |= {"worn": list(self.worn)} if self.worn else {}
        start |= {"mobs": self.mobs, "mob_range": SPAWN_RADIUS} if self.mobs else {}
        start |= {} if self.time is None else {"time": self.time}
        return start | ({} if self.spawns else {"spawns": False})


@cache
def definitions() -> tuple[Definition, ...]:
    """All programmatic tasks of the package, in its order."""
    tasks = submodule("tasks")
    specs, prompts = tasks.ALL_TASKS_SPECS, tasks.P_TASKS_PROMPTS_GUIDANCE
    return tuple(_read(name, specs[name], str(prompts[name]["prompt"])) for name in tasks.ALL_PROGRAMMATIC_TASK_IDS)


def _read(name: str, spec: Any, prompt: str) -> Definition:
    category = str(spec["__cls__"]).lower()
    inventory: dict[str, int] = {}
    worn = []
    for slot, entry in spec.get("initial_inventory", {}).items():
        item = item_name(str(entry["name"]))
        inventory[item] = inventory.get(item, 0) + int(entry.get("quantity", 1))
        if slot in WEARS:
            worn.append(item)
    mobs: dict[str, int] = {}
    listed = spec.get("initial_mobs", [])
    for mob in [listed] if isinstance(listed, str) else listed:
        mobs[str(mob)] = mobs.get(str(mob), 0) + 1
    target = spec.get("target_names", spec.get("tech_item", spec.get("target_days", "")))
    night = (
        MIDNIGHT if spec.get("always_night") else NIGHT if spec.get("start_at_night", category == "combat") else None
    )
    return Definition(name, category, prompt, spec.get("specified_biome"), inventory, tuple(worn), mobs, night,
                      bool(spec.get("allow_mob_spawn", True)), str(target), int(spec.get("target_quantities", 1)))  # fmt: skip


def obstacle(task: Definition) -> str:
    """Why the embedded world cannot fulfil a task, in a few words; empty where it can.

    It can when everything that the success criterion asks for can be had by some order of digging, hunting and
    crafting, from what the task gives and what its biome has.
    """
    if task.biome is not None and task.biome not in BIOMES:
        return f"no biome {task.biome}"
    data = craft_data.load()
    if task.category == "survival":
        return "no skill survives days"
    if task.category == "combat":
        return "" if task.target in data.mob_names else f"no mob {task.target}"
    if task.category == "techtree" and task.target in INERT:
        return "Minecraft counts no use of it"
    if task.target not in data.item_index:
        return "no such item in Minecraft 1.11"
    given = frozenset(task.inventory)
    return "" if task.target in _had(task.biome, given) else f"no way to {task.target}"


@cache
def _had(biome: str | None, given: frozenset[str]) -> frozenset[str]:
    """Items that can be had in a biome (None: in some biome) from what is given."""
    chosen = BIOMES if biome is None else (biome,)
    data = craft_data.load()
    return frozenset().union(*(reachable_items(data, natural_blocks(b), _natural_mobs(data, b), given) for b in chosen))


@cache
def natural_blocks(biome: str) -> frozenset[str]:
    """Names of the blocks that grow or lie in the maps of a biome."""
    import numpy as np

    from sim.craft.terrain import Pool

    pool = Pool(0, 4)
    names = craft_data.load().block_names
    found = np.unique(pool.blocks[pool.require(BIOMES.index(biome))])
    return frozenset(names[k] for k in found.tolist() if k)


def _natural_mobs(data: CraftData, biome: str) -> frozenset[str]:
    """The animals of a biome, and the monsters of the night."""
    rabbits, slimes = TABLE[biome].rabbits, ("slime",) if TABLE[biome].slimes else ()
    animals = (*(data.mob_names[1:5] if rabbits < 1.0 else ()), *(("rabbit",) if rabbits else ()))
    return frozenset((*animals, *data.mob_names[5:9], *slimes))
