"""The `start` of a task line for the kitchen, checked, as the facts it stands for."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sim.world import UserError

KEYS = ("robot_at", "holding", "objects", "drawer_open", "max_steps")
DRAWER, USER = "drawer", "user"


def start_facts(start: Mapping[str, Any], objects: Iterable[str], places: Iterable[str]) -> dict[str, int]:
    """Facts of a scene: OBJECT_at_PLACE, robot_at_PLACE, holding_OBJECT or hand_empty, drawer_open or drawer_closed.

    Every key may be left out: the robot then stands at the user with an empty hand and the drawer is closed. Raises
    `UserError` for unknown keys, objects and places, and for a scene that cannot be.
    """
    known, spots = sorted(objects), list(places)
    for key in start:
        if key not in KEYS:
            raise UserError(f"unknown key '{key}' in the start of a kitchen scene; there are: {', '.join(KEYS)}")
    facts: Counter[str] = Counter()
    listed = start.get("objects", [])
    if not isinstance(listed, list) or not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in listed):
        raise UserError(f"start: `objects` must be a list of [object, place] pairs, got {listed!r}")
    for name, place in listed:
        facts[f"{_known(name, known, 'object')}_at_{_known(place, spots, 'place')}"] += 1
    facts[f"robot_at_{_known(start.get('robot_at') or USER, spots, 'place')}"] = 1
    held = start.get("holding")
    if held is not None and not isinstance(held, (str, int)):
        raise UserError(f"start: the hand holds one object or null, got {held!r}")
    facts[f"holding_{_known(held, known, 'object')}" if held is not None else "hand_empty"] = 1
    facts["drawer_open" if start.get("drawer_open") else "drawer_closed"] = 1
    return {name.replace(" ", "_"): n for name, n in facts.items()}


def _known(name: Any, known: list[str], what: str) -> str:
    """The name as the kitchen has it; underscores and capitals do not matter."""
    plain = str(name).lower().replace("_", " ").strip()
    alias = {"trash": "trash can", "counter": "close counter", "red bull": "redbull", "water": "water bottle"}
    plain = plain if plain in known else alias.get(plain, plain)
    if plain not in known:
        near = difflib.get_close_matches(plain, known, n=4, cutoff=0.3) or known[:6]
        raise UserError(f"unknown {what} '{name}'; near ones: {', '.join(near)}")
    return plain
