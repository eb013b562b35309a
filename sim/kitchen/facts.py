"""Facts of the kitchen, read off poses, joints and contacts; nothing is remembered but arrivals and how long a grip lasts.

`OBJECT_at_PLACE` counts what lies on or in a place, `holding_OBJECT` is what both fingers hold clear of everything,
`hand_empty`, `robot_at_PLACE`, `visited_PLACE`, `drawer_open` and `drawer_closed`. What lies on the floor is at no place.
"""

from __future__ import annotations

import numpy as np

from sim.kitchen.geometry import axes, drop, lies_at, surface_below
from sim.kitchen.layout import NAMES, PLACES, standing_at
from sim.kitchen.objects import CATALOGUE, COPIES, THINGS
from sim.kitchen.simulation import FIRM
from sim.kitchen.state import NOTHING, Arrays


def fact_names() -> tuple[str, ...]:
    """Every fact, in the order of `read_facts`' columns."""
    places = [name.replace(" ", "_") for name in NAMES]
    things = [thing.name.replace(" ", "_") for thing in THINGS]
    at = [f"{thing}_at_{place}" for thing in things for place in places]
    return (*at, *(f"holding_{thing}" for thing in things), *(f"robot_at_{place}" for place in places),
            *(f"visited_{place}" for place in places), "hand_empty", "drawer_open", "drawer_closed")  # fmt: skip


def read_facts(state: Arrays) -> np.ndarray:
    """int32 [N, F]."""
    n = len(state["ticks"])
    at = where(state)  # [N, S, P]
    counts = at.reshape(n, len(THINGS), COPIES, len(NAMES)).sum(2).reshape(n, -1)
    held = held_slot(state)
    holding = np.zeros((n, len(THINGS)), dtype=np.int32)
    rows = np.flatnonzero(held != NOTHING)
    holding[rows, held[rows] // COPIES] = 1
    robot = np.stack([standing_at(state["base"], PLACES[name]) for name in NAMES], 1)
    touching = (state["touch"][:, 0] == state["touch"][:, 1]) & (state["touch"][:, 0] != NOTHING)
    rest = np.stack([~touching, state["opened"], ~state["opened"]], 1)
    return np.concatenate([counts, holding, robot, state["visited"], rest], 1).astype(np.int32)


def where(state: Arrays) -> np.ndarray:
    """bool [N, S, P]: which objects lie at which place; what is firmly held lies nowhere."""
    low = bottom(state)
    drawer = state["drawer"][:, None]
    at = np.stack([lies_at(PLACES[name], state["position"], low, drawer) for name in NAMES], -1)
    held = held_slot(state)
    loose = state["present"].copy()
    rows = np.flatnonzero(held != NOTHING)
    loose[rows, held[rows]] = False
    return at & loose[..., None]


def bottom(state: Arrays) -> np.ndarray:
    """float [N, S]: height of every object's lowest point."""
    fall = drop(axes(state["quaternion"]), CATALOGUE.half, CATALOGUE.sphere)
    return state["position"][..., 2] - fall


def clearance(state: Arrays) -> np.ndarray:
    """float [N, S]: how far every object is above what is below it."""
    position = state["position"]
    return bottom(state) - surface_below(position[..., 0], position[..., 1], state["drawer"][:, None])


def held_slot(state: Arrays) -> np.ndarray:
    """int [N]: the object that is held up firmly, or NOTHING."""
    return np.where(state["grip"] >= FIRM, state["touch"][:, 0], NOTHING)
