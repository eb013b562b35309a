"""The `start` of a task line for the craft world, checked; see `KEYS`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sim.craft.data import CraftData
from sim.craft.state import DAY_TICKS, MAX_MOBS, NIGHT_START, WorldConfig
from sim.craft.terrain import BIOMES
from sim.world import UserError

DAY_START = 1000  # tick at which a day's episode begins
MAX_START_COUNT = 2304
KEYS = ("biome", "inventory", "worn", "mobs", "mob_range", "spawns", "max_steps", "time", "seed")


@dataclass(frozen=True)
class Start:
    """How an episode begins; `biome` and `seed` None = drawn."""

    biome: int | None
    inventory: tuple[tuple[int, int], ...]  # (item index, count)
    worn: tuple[int, ...]  # armour: item indices
    mobs: tuple[int, ...]  # wanted count by mob kind
    mob_range: float  # blocks around the spawn
    spawns: bool  # whether there are animals besides those asked for, and monsters at night
    max_steps: int  # game ticks
    time: int
    seed: int | None

    @classmethod
    def default(cls, config: WorldConfig) -> Start:
        return cls(None, (), (), (0,), 30.0, True, config.max_steps, DAY_START, None)

    @classmethod
    def parse(cls, start: dict[str, Any] | None, config: WorldConfig, data: CraftData) -> Start:
        """Check a task-file `start`; raises `UserError` naming what is wrong and what exists."""
        start = start or {}
        for key in start:
            if key not in KEYS:
                raise UserError(f"start has no key '{key}' in the craft world; it knows {', '.join(KEYS)}")
        inventory = tuple(
            (_known(name, data.item_index, "item"), _count(n, name)) for name, n in _pairs(start, "inventory")
        )
        kinds = {name: k for k, name in enumerate(data.mob_names) if name}
        mobs = [0] * len(data.mob_names)
        for name, n in _pairs(start, "mobs"):
            mobs[_known(name, kinds, "mob")] = _count(n, name)
        if sum(mobs) > MAX_MOBS:
            raise UserError(f"start asks for {sum(mobs)} mobs; an environment holds at most {MAX_MOBS}")
        biome = start.get("biome")
        return cls(
            None if biome is None else _known(biome, {b: k for k, b in enumerate(BIOMES)}, "biome"),
            inventory,
            _worn(start, data),
            tuple(mobs),
            float(_number(start, "mob_range", 30, 1)),
            _flag(start, "spawns", True),
            int(_number(start, "max_steps", config.max_steps, 1)),
            _time(start.get("time", "day")),
            None if start.get("seed") is None else int(_number(start, "seed", 0, 0)),
        )


def _worn(start: dict[str, Any], data: CraftData) -> tuple[int, ...]:
    """The armour that `start.worn` names, one piece a slot."""
    names = start.get("worn", [])
    if not isinstance(names, list):
        raise UserError(f"start.worn must be a list of pieces of armour, got {names!r}")
    pieces = tuple(_known(name, data.item_index, "item") for name in names)
    for name, item in zip(names, pieces, strict=True):
        if not data.item_slot[item]:
            raise UserError(f"start.worn: '{name}' is no armour")
    if len({int(data.item_slot[item]) for item in pieces}) < len(pieces):
        raise UserError(f"start.worn: two pieces for one part of the body in {', '.join(names)}")
    return pieces


def _pairs(start: dict[str, Any], key: str) -> list[tuple[str, Any]]:
    value = start.get(key, {})
    if not isinstance(value, dict):
        raise UserError(f"start.{key} must be an object of names and counts, got {value!r}")
    return list(value.items())


def _known(name: Any, index: dict[str, int], what: str) -> int:
    if name in index:
        return index[name]
    import difflib

    near = difflib.get_close_matches(str(name), index, n=5, cutoff=0.5) or sorted(index)[:12]
    raise UserError(f"unknown {what} '{name}'; near ones: {', '.join(near)}")


def _count(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_START_COUNT:
        raise UserError(f"count of '{name}' must be a whole number 0..{MAX_START_COUNT}, got {value!r}")
    return value


def _number(start: dict[str, Any], key: str, default: float, low: float) -> float:
    value = start.get(key, default)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or value < low:
        raise UserError(f"start.{key} must be a number of at least {low}, got {value!r}")
    return value


def _flag(start: dict[str, Any], key: str, default: bool) -> bool:
    value = start.get(key, default)
    if not isinstance(value, bool):
        raise UserError(f"start.{key} must be true or false, got {value!r}")
    return value


def _time(value: Any) -> int:
    named = {"day": DAY_START, "night": NIGHT_START + 1000}
    if value in named:
        return named[value]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < DAY_TICKS:
        return value
    raise UserError(f"start.time must be 'day', 'night' or a tick 0..{DAY_TICKS - 1}, got {value!r}")
