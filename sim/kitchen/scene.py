"""The `start` of a task line for the kitchen, checked: as the facts it stands for, and as a scene for the physics."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.kitchen.disturb import KINDS as DISTURBANCES
from sim.kitchen.layout import DRAWER_TRAVEL, NAMES, PLACES, Place
from sim.kitchen.objects import COPIES, KINDS, SLOTS
from sim.world import UserError

KEYS = ("robot_at", "holding", "objects", "drawer_open", "max_steps", "disturbances")
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
    _disturbances(start)
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


def _disturbances(start: Mapping[str, Any]) -> tuple[str, ...]:
    """The names under `disturbances`, checked."""
    named = start.get("disturbances", [])
    if not isinstance(named, (list, tuple)) or not all(name in DISTURBANCES for name in named):
        raise UserError(f"start: `disturbances` must be a list of {', '.join(DISTURBANCES)}, got {named!r}")
    return tuple(named)


# -- for the physics -----------------------------------------------------------------------------------------------------

GAP, LEAST_GAP = 0.045, 0.012  # metres wanted between two objects, and put up with
TRIES = 60


@dataclass(frozen=True)
class Lying:
    """An object in a scene; without `at` (x, y in the place's frame, or a height too) it is put where there is room."""

    slot: int
    place: str
    at: tuple[float, ...] | None = None
    turn: float | None = None  # about the vertical


@dataclass(frozen=True)
class Scene:
    """What a kitchen is set up with."""

    base: tuple[float, float, float] = (PLACES["user"].x, PLACES["user"].y, PLACES["user"].yaw)
    objects: tuple[Lying, ...] = ()
    drawer: float = 0.0  # how far it is open, m
    holding: int | None = None  # slot
    grasp: tuple[float, ...] | None = None  # pose of what is held in the hand's frame; None: upright
    hand: tuple[float, float, float, float] | None = None  # where the hand is; None: tucked
    lying: tuple[int, ...] = ()  # slots of objects that have fallen over
    lenient: bool = False  # leave out what has no room instead of refusing the scene
    disturbances: tuple[str, ...] = ()

    @classmethod
    def parse(cls, start: Mapping[str, Any]) -> Scene:
        """The scene of a task's `start`. Raises `UserError` as `start_facts` does, and for what has no room."""
        start_facts(start, KINDS, NAMES)
        copies: Counter[str] = Counter()
        held = start.get("holding")
        holding = None if held is None else _slot(_known(held, sorted(KINDS), "object"), copies)
        objects = tuple(
            Lying(_slot(_known(name, sorted(KINDS), "object"), copies), _known(place, list(NAMES), "place"))
            for name, place in start.get("objects", [])
        )
        place = PLACES[_known(start.get("robot_at") or USER, list(NAMES), "place")]
        scene = cls((place.x, place.y, place.yaw), objects, DRAWER_TRAVEL - 0.01 if start.get("drawer_open") else 0.0,
                    holding, disturbances=_disturbances(start))  # fmt: skip
        for _ in settle(scene, np.random.default_rng(0)):
            pass
        return scene


def _slot(name: str, copies: Counter[str]) -> int:
    """The next free copy of a kind."""
    if copies[name] >= COPIES:
        raise UserError(f"start: this kitchen has {COPIES} of each object, got more of '{name}'")
    copies[name] += 1
    return KINDS[name] * COPIES + copies[name] - 1


def settle(scene: Scene, rng: np.random.Generator) -> Iterator[tuple[int, list[float], list[float]]]:
    """(slot, position, quaternion) of every object of a scene. Raises `UserError` where a place has no room left."""
    taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name in NAMES}
    for lying in sorted(scene.objects, key=lambda one: (one.at is None, -footprint(one.slot))):
        place, thing = PLACES[lying.place], SLOTS[lying.slot][0]
        widest = 0.3 if lying.place == DRAWER else np.pi  # a drawer is tidy: the hand has no room to turn in it
        turn = float(rng.uniform(-widest, widest)) if lying.turn is None else lying.turn
        spot = lying.at[:2] if lying.at is not None else _spot(place, footprint(lying.slot), taken[lying.place], rng)
        if spot is None and scene.lenient:
            continue
        if spot is None:
            raise UserError(f"start: no room left at the {lying.place} for the {thing.name}")
        layer = len(taken[lying.place])
        taken[lying.place].append((spot[0], spot[1], footprint(lying.slot)))
        x, y = place.world(spot[0], spot[1])
        if lying.place == DRAWER:
            y += DRAWER_TRAVEL - scene.drawer  # the drawer carries what is in it
        height = place.surface + thing.half[2] + 0.001
        if lying.at is not None and len(lying.at) > 2:
            height = lying.at[2] + thing.half[2]
        elif lying.place == "trash can":
            height += 0.13 * layer
        s, c = float(np.sin(turn / 2)), float(np.cos(turn / 2))
        if lying.slot in scene.lying:
            side = 2**-0.5
            height += thing.half[0] - thing.half[2]
            yield lying.slot, [x, y, height], [c * side, s * side, s * side, c * side]
        else:
            yield lying.slot, [x, y, height], [0.0, 0.0, s, c]


def footprint(slot: int) -> float:
    """Radius of the circle in which an object stands, m."""
    thing = SLOTS[slot][0]
    x, y, _ = thing.half
    return float(np.hypot(x, y)) if thing.turns else x


def _spot(place: Place, radius: float, taken: list[tuple[float, float, float]], rng: np.random.Generator
          ) -> tuple[float, float] | None:  # fmt: skip
    """A free point of a place's area (forward, lateral), as roomy as can be had."""
    if place.name == "trash can":
        return (0.50 + float(rng.uniform(-0.04, 0.04)), float(rng.uniform(-0.04, 0.04))) if len(taken) < 6 else None
    for gap in (GAP, 0.03, 0.02, LEAST_GAP):
        for _ in range(TRIES):
            forward, lateral = float(rng.uniform(place.near, place.far)), float(rng.uniform(-place.width, place.width))
            if all(np.hypot(forward - f, lateral - s) > radius + r + gap for f, s, r in taken):
                return forward, lateral
    return None


def roomy_spot(place: Place, slot: int, others: list[tuple[float, float, float]], rng: np.random.Generator
               ) -> tuple[float, float, float]:  # fmt: skip
    """Centre (in the world) of a spot of a place at which an object would stand clear of the others' centres."""
    best, most = (0.0, 0.0), -1.0
    for _ in range(40):
        x, y = place.world(float(rng.uniform(place.near, place.far)), float(rng.uniform(-place.width, place.width)))
        room = min((float(np.hypot(x - ox, y - oy)) for ox, oy, _ in others), default=1.0)
        if room > most:
            best, most = (x, y), room
    return (*best, place.surface + SLOTS[slot][0].half[2] + 0.002)


def free_spot(place: Place, slot: int, others: np.ndarray, lateral: float) -> tuple[float, float]:
    """Where to put an object down: the roomiest point (forward, lateral), nearest to `lateral` among roomy ones.

    `others`: float [K, 3], forward, lateral and radius of what lies there.
    """
    if place.name == "trash can":
        return 0.50, 0.0
    forward, aside = np.meshgrid(np.linspace(place.near, place.far, 6), np.linspace(-place.width, place.width, 25))
    points = np.stack([forward.ravel(), aside.ravel()], 1)
    room = np.full(len(points), 0.20)
    for f, s, radius in others:
        room = np.minimum(room, np.hypot(points[:, 0] - f, points[:, 1] - s) - radius)
    room = np.minimum(room - footprint(slot), 0.09)
    middle = (place.near + place.far) / 2
    cost = 0.12 * np.abs(points[:, 1] - lateral) + 0.15 * np.abs(points[:, 0] - middle) - 2.0 * room
    best = points[int(np.argmin(cost))]
    return float(best[0]), float(best[1])
