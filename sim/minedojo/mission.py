"""The mission XML that MineDojo sends before an episode, read: what the embedded world must set up and report.

Whatever a mission asks for and the embedded world cannot do raises a `UserError` that names it.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import numpy as np

from sim.craft.biomes import BIOMES
from sim.minedojo.names import biome_ids
from sim.world import UserError

MISSION = "{http://ProjectMalmo.microsoft.com}"
ARMOUR_SLOT, OFFHAND_SLOT, SLOTS = 36, 40, 41  # the first of four slots for armour; after them the other hand's
CALM = ("clear", "normal")  # weathers


@dataclass(frozen=True)
class Stack:
    """One slot of an inventory."""

    slot: int
    item: str
    count: int


@dataclass(frozen=True)
class Mission:
    """What one episode is to be like."""

    height: int  # of the picture, pixels
    width: int
    grid: tuple[int, int, int, int, int, int] | None  # voxels around the feet: x, y, z, each first and last
    rays: tuple[tuple[float, float, float], ...]  # pitch, yaw (radians, as MineDojo counts them), reach (metres)
    biome: str | None
    seed: int | None  # of the map; None: any
    time: int | None
    time_passes: bool
    mobs_spawn: bool
    health: float
    food: float
    inventory: tuple[Stack, ...]
    position: tuple[float, float, float, float, float] | None  # x, y, z, yaw, pitch

    @classmethod
    def parse(cls, text: bytes | str) -> Mission:
        """Read a mission; raises `UserError` for what the embedded world cannot do."""
        root = ElementTree.fromstring(text)
        for name, reason in (("FileWorldGenerator", "worlds from a file"), ("FlatWorldGenerator", "flat worlds"),
                             ("VillageSpawnDecorator", "villages"), ("DrawingDecorator", "drawing")):  # fmt: skip
            if root.find(f".//{MISSION}{name}") is not None:
                raise UserError(f"the embedded world has no {reason} ({name} in MineDojo's mission)")
        weather = _text(root, "Weather", "normal")
        if weather not in CALM:
            raise UserError(f"the embedded world has no weather '{weather}'; it is always {CALM[0]}")
        speed = float(_text(root, "BreakSpeedMultiplier", "1"))
        if speed != 1.0:
            raise UserError(f"the embedded world digs at Minecraft's own speed, not at {speed} times it")
        biome, seed = _generator(root)
        place = root.find(f".//{MISSION}Placement")
        grid = root.find(f".//{MISSION}Grid")
        time = root.find(f".//{MISSION}StartTime")
        return cls(
            int(_text(root, "Height", "64")),
            int(_text(root, "Width", "64")),
            None if grid is None else _grid(grid),
            tuple(_ray(offset) for offset in root.iter(f"{MISSION}RayOffset")),
            biome,
            seed,
            None if time is None else int(str(time.text)),
            _text(root, "AllowPassageOfTime", "true") == "true",
            _text(root, "AllowSpawning", "true") == "true",
            _attribute(root, "StartingHealth", "health", 20.0),
            _attribute(root, "StartingFood", "food", 20.0),
            tuple(_stack(entry) for entry in root.iter(f"{MISSION}InventoryObject")),
            None if place is None else _place(place),
        )

    def lidar(self) -> tuple[tuple[float, float], ...]:
        """(pitch, yaw) of each ray in our degrees: MineDojo casts rays to the side opposite to the yaw it is given."""
        return tuple((round(math.degrees(p), 6), round(-math.degrees(y), 6)) for p, y, _ in self.rays)


def _text(root: Any, name: str, default: str) -> str:
    found = root.find(f".//{MISSION}{name}")
    return default if found is None or not (found.text or "").strip() else str(found.text).strip()


def _attribute(root: Any, name: str, key: str, default: float) -> float:
    found = root.find(f".//{MISSION}{name}")
    return default if found is None else float(found.get(key, default))


def _generator(root: Any) -> tuple[str | None, int | None]:
    """Biome and map seed of the world generator."""
    for name in ("BiomeGenerator", "DefaultWorldGenerator"):
        found = root.find(f".//{MISSION}{name}")
        if found is not None:
            number = found.get("biome")
            biome = None
            if number is not None:
                rows = np.flatnonzero(biome_ids() == int(number))
                if len(rows) == 0:
                    raise UserError(
                        f"the embedded world has no biome of Minecraft's number {number}; it has {', '.join(BIOMES)}"
                    )
                biome = BIOMES[rows[0]]
            return biome, _seed(found.get("seed", ""))
    return None, None


def _seed(text: str) -> int | None:
    """A world's seed as a number; like Minecraft, any text will do."""
    if text in ("", "None"):
        return None
    return int(text) % 2**31 if text.lstrip("-").isdigit() else zlib.crc32(text.encode()) % 2**31


def _ray(offset: Any) -> tuple[float, float, float]:
    return float(offset.get("pitch", 0)), float(offset.get("yaw", 0)), float(offset.get("distance", 0))


def _stack(entry: Any) -> Stack:
    return Stack(int(entry.get("slot", 0)), str(entry.get("type")), int(entry.get("quantity", 1)))


def _grid(grid: Any) -> tuple[int, int, int, int, int, int]:
    low, high = grid.find(f"{MISSION}min"), grid.find(f"{MISSION}max")
    numbers = [int(end.get(axis)) for axis in "xyz" for end in (low, high)]
    return numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]


def _place(place: Any) -> tuple[float, float, float, float, float]:
    x, y, z, yaw, pitch = (float(place.get(name, 0)) for name in ("x", "y", "z", "yaw", "pitch"))
    return x, y, z, yaw, pitch
