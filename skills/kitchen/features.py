"""What the policies and success heads of the household robot read: one row of numbers per environment and skill.

Positions are in the robot's frame (forward, lateral, up from the arm's foot). Every family's row is padded to `SIZE`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.kitchen.facts import bottom, where
from sim.kitchen.furniture import BAR, BAR_HEIGHT
from sim.kitchen.geometry import axes, wrap
from sim.kitchen.layout import DRAWER_FACE, DRAWER_X, MOUNT, NAMES, OPEN_AT, PLACES
from sim.kitchen.objects import CATALOGUE
from sim.kitchen.state import NOTHING, Arrays

VERSIONS = {"pick": 1, "put": 3, "drawer": 2}  # put: how things lean, what motors are told; drawer: contents; no clock
OUTLOOK_VERSION = 1  # of what success heads read besides: see `outlook`
SIZE = 48
NEIGHBOURS = 3
FAR = 1.5  # metres beyond which distances are all the same
FAMILIES = ("pick", "put", "drawer")
STEPS = {"pick": 60, "put": 60, "drawer": 60}  # control steps after which a skill has failed
SURFACE = np.array([PLACES[name].surface for name in NAMES])
RELEASE = np.array([0.60 if name == "trash can" else PLACES[name].surface for name in NAMES])  # where things are let go


@dataclass
class Rows:
    """What K rows are about: the environment of each, the object's slot, the place's number, the target of a put."""

    env: np.ndarray  # int [K]
    slot: np.ndarray  # int [K]; NOTHING where there is no such object
    place: np.ndarray  # int [K]
    target: np.ndarray  # float [K, 3]: where the lowest point of a put object shall be, in the world
    opening: np.ndarray  # bool [K]: whether the drawer is to be opened
    steps: np.ndarray  # int [K]: control steps of the arm spent
    told: np.ndarray  # float [K, 4]: how far ahead of the hand its target is, the width that fingers are told, m

    def take(self, k: np.ndarray) -> Rows:
        """Some of the rows."""
        return Rows(*(column[k] for column in vars(self).values()))


def describe(family: str) -> dict[str, Any]:
    """What a card keeps of these features."""
    return {"world": "kitchen", "features": VERSIONS[family], "size": SIZE, "neighbours": NEIGHBOURS,
            "outlook": OUTLOOK_VERSION}  # fmt: skip


def features(family: str, state: Arrays, rows: Rows) -> np.ndarray:
    """float32 [K, SIZE]."""
    parts = {"pick": _pick, "put": _put, "drawer": _drawer}[family](state, rows)
    if VERSIONS[family] == 1:  # these read how much of their time is used
        parts = (rows.steps / STEPS[family], *parts)
    out = np.zeros((len(rows.env), SIZE), dtype=np.float32)
    width = 0
    for part in (*_common(state, rows), *parts):
        block = part if part.ndim == 2 else part[:, None]
        out[:, width : width + block.shape[1]] = block
        width += block.shape[1]
    return out


def in_frame(base: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points [.., 3] of the world in the robots' frames; bases [.., 3]."""
    c, s = np.cos(base[..., 2]), np.sin(base[..., 2])
    dx, dy = points[..., 0] - base[..., 0], points[..., 1] - base[..., 1]
    return np.stack([c * dx + s * dy, c * dy - s * dx, points[..., 2] - MOUNT], -1)


def grasp_point(state: Arrays, env: np.ndarray, slot: np.ndarray) -> np.ndarray:
    """float [K, 3]: where the finger tips take hold, in the world: the middle, or 4.5 cm below the top of tall things."""
    position = state["position"][env, slot].astype(np.float64)
    rotation = axes(state["quaternion"][env, slot])
    half = CATALOGUE.half[slot]
    tall = np.where(CATALOGUE.sphere[slot], half[:, 0], (np.abs(rotation[:, 2, :]) * half).sum(-1))
    position[:, 2] += np.maximum(tall - 0.045, 0.0)
    return position


def drawer_bar(state: Arrays, env: np.ndarray) -> np.ndarray:
    """float [K, 3]: the middle of the drawer's handle, in the world."""
    n = len(env)
    return np.stack([np.full(n, DRAWER_X), DRAWER_FACE - BAR - state["drawer"][env], np.full(n, BAR_HEIGHT)], -1)


def _common(state: Arrays, rows: Rows) -> tuple[np.ndarray, ...]:
    hand = state["hand"][rows.env]
    return (hand[:, :3], np.sin(2 * hand[:, 3]), np.cos(2 * hand[:, 3]), hand[:, 3], 10 * state["width"][rows.env],
            state["hand_speed"][rows.env])  # fmt: skip


def _pick(state: Arrays, rows: Rows) -> tuple[np.ndarray, ...]:
    env, slot = rows.env, np.maximum(rows.slot, 0)
    there = (rows.slot != NOTHING) & state["present"][env, slot]
    base, hand = state["base"][env], state["hand"][env]
    point = in_frame(base, grasp_point(state, env, slot))
    gap = np.where(there[:, None], np.clip(point - hand[:, :3], -FAR, FAR), FAR)
    low = bottom(state)[env, slot]
    rotation = axes(state["quaternion"][env, slot])
    touch = state["touch"][env]
    own = touch == slot[:, None]
    full = (touch[:, 0] == touch[:, 1]) & (touch[:, 0] != NOTHING) & ~own[:, 0]
    return (
        gap, _fine(gap), np.hypot(gap[:, 0], gap[:, 1]), _misfit(rotation, base, hand, slot),
        np.clip(low - SURFACE[rows.place], -1, 1),
        rotation[:, 2, 2] * CATALOGUE.stands[slot], 10 * CATALOGUE.half[slot], state["velocity"][env, slot, 2],
        own & there[:, None], full, there, np.clip(np.hypot(point[:, 0], point[:, 1]), 0, FAR),
        hand[:, 2] + MOUNT - SURFACE[rows.place], rows.place == NAMES.index("drawer"), state["drawer"][env],
        _neighbours(state, env, slot, state["position"][env, slot, :2], base),
    )  # fmt: skip


def _put(state: Arrays, rows: Rows) -> tuple[np.ndarray, ...]:
    env, slot = rows.env, np.maximum(rows.slot, 0)
    there = rows.slot != NOTHING
    base = state["base"][env]
    position = state["position"][env, slot].astype(np.float64)
    position[:, 2] = bottom(state)[env, slot]
    target = in_frame(base, rows.target)
    gap = np.where(there[:, None], np.clip(target - in_frame(base, position), -FAR, FAR), FAR)
    rotation = axes(state["quaternion"][env, slot])
    own = (state["touch"][env] == slot[:, None]) & there[:, None]
    return (
        gap, _fine(gap), _fine(5 * gap[:, 2]), 10 * rows.told[:, 3], np.clip(target, -FAR, FAR),
        rotation[:, 2, 2] * CATALOGUE.stands[slot], _tilt(rotation, base) * CATALOGUE.stands[slot][:, None],
        10 * CATALOGUE.half[slot], state["velocity"][env, slot], own, own.all(1) & state["resting"][env],
        np.stack([NAMES.index("trash can") == rows.place, NAMES.index("drawer") == rows.place], 1), state["drawer"][env],
        _neighbours(state, env, slot, rows.target[:, :2], base), _fine(rows.told[:, :3]),
    )  # fmt: skip


def _drawer(state: Arrays, rows: Rows) -> tuple[np.ndarray, ...]:
    env = rows.env
    bar = in_frame(state["base"][env], drawer_bar(state, env))
    gap = np.clip(bar - state["hand"][env, :3], -FAR, FAR)
    touch = state["touch"][env]
    full = (touch[:, 0] == touch[:, 1]) & (touch[:, 0] != NOTHING)
    facing = wrap(state["base"][env, 2] - PLACES["drawer"].yaw)
    return (gap, _fine(gap), np.hypot(gap[:, 0], gap[:, 1]), 4 * state["drawer"][env], rows.opening, full, facing,
            _fine(state["drawer"][env] - np.where(rows.opening, OPEN_AT, 0.03)), _contents(state, env))  # fmt: skip


def _contents(state: Arrays, env: np.ndarray) -> np.ndarray:
    """float [K, 6]: of what stands in the drawer and may fall: how many, how slender, how upright the worst, its lean, speed."""
    inside = where(state)[env][..., NAMES.index("drawer")] & CATALOGUE.stands
    rotation = axes(state["quaternion"][env])
    upright = np.where(inside, rotation[..., 2, 2], 1.0)
    slender = np.where(inside, CATALOGUE.half[:, 2] / CATALOGUE.half[:, 1], 0.0)  # tall and narrow things fall first
    worst = np.argmin(upright - 0.001 * slender, axis=1)
    k = np.arange(len(env))
    lean = np.where(inside[k, worst], np.clip(5 * rotation[k, worst, 1, 2], -2, 2), 0.0)
    speed = np.where(inside[k, worst], np.clip(2 * state["velocity"][env, worst, 1], -2, 2), 0.0)
    return np.stack([inside.sum(1) / 3, slender.max(1) / 2, slender.sum(1) / 4, np.clip(10 * (1 - upright[k, worst]), 0, 2),
                     lean, speed], 1)  # fmt: skip


def _fine(gap: np.ndarray) -> np.ndarray:
    """The last centimetres, magnified."""
    return np.clip(20 * gap, -2, 2)


def _tilt(rotation: np.ndarray, base: np.ndarray) -> np.ndarray:
    """float [K, 2]: to which side an object leans, in the robot's frame; 1 at 12 degrees."""
    c, s = np.cos(base[:, 2]), np.sin(base[:, 2])
    x, y = rotation[:, 0, 2], rotation[:, 1, 2]
    return np.clip(5 * np.stack([c * x + s * y, c * y - s * x], 1), -2, 2)


def _misfit(rotation: np.ndarray, base: np.ndarray, hand: np.ndarray, slot: np.ndarray) -> np.ndarray:
    """sin and cos of twice the angle between the fingers and a box's narrow side; (0, 1) for what is round."""
    narrow = np.arctan2(rotation[:, 1, 0], rotation[:, 0, 0]) - base[:, 2] - hand[:, 3] - np.pi / 2
    angle = np.where(CATALOGUE.box[slot], 2 * narrow, 0.0)
    return np.stack([np.sin(angle), np.cos(angle)], 1)


def _neighbours(state: Arrays, env: np.ndarray, slot: np.ndarray, centre: np.ndarray, base: np.ndarray) -> np.ndarray:
    """float [K, 9]: the nearest other objects: offset in the robot's frame (in units of 20 cm) and top above its own."""
    position = state["position"][env]
    away = np.hypot(position[..., 0] - centre[:, None, 0], position[..., 1] - centre[:, None, 1])
    away[~state["present"][env]] = 9.0
    away[np.arange(len(env)), slot] = 9.0
    nearest = np.argsort(away, axis=1)[:, :NEIGHBOURS]
    rows = np.arange(len(env))[:, None]
    dx, dy = position[rows, nearest, 0] - centre[:, None, 0], position[rows, nearest, 1] - centre[:, None, 1]
    c, s = np.cos(base[:, 2])[:, None], np.sin(base[:, 2])[:, None]
    top = position[rows, nearest, 2] - position[np.arange(len(env)), slot, 2][:, None]
    out = np.stack([(c * dx + s * dy) / 0.2, (c * dy - s * dx) / 0.2, top / 0.2], -1)
    out[away[rows, nearest] > 0.25] = np.array([0.0, 0.0, -3.0])
    return np.clip(out, -3, 3).reshape(len(env), -1)
