"""What the success heads read besides the policies' features: how the work lies at its place, and what stands around it.

A policy acts in front of its work and sees that from the robot. Whether a skill started anywhere will succeed depends on where
the work is once the robot has rolled up to it: how far the arm must reach, and whether there is room for the hand.
"""

from __future__ import annotations

import numpy as np

from sim.kitchen.facts import bottom
from sim.kitchen.geometry import axes
from sim.kitchen.layout import DRAWER_FACE, DRAWER_X, NAMES, OPEN_AT, PLACES, standing_at
from sim.kitchen.objects import CATALOGUE
from sim.kitchen.scene import footprint
from sim.kitchen.state import Arrays
from skills.kitchen.features import Rows, features, grasp_point

AROUND, NEAR = 6, 0.35  # other objects that are looked at, and within how many metres of the work
OUTLOOK = 27 + 8 * AROUND
ARM = 0.80  # metres ahead at which the arm's reach begins to end
_SPOTS = [PLACES[name] for name in NAMES]
AT = np.array([(spot.x, spot.y, spot.yaw) for spot in _SPOTS])
REACH = np.array([spot.reach for spot in _SPOTS])
SURFACE = np.array([spot.surface for spot in _SPOTS])
RADII = np.array([footprint(slot) for slot in range(len(CATALOGUE.kind))])


def head_features(family: str, state: Arrays, rows: Rows) -> np.ndarray:
    """float32 [K, SIZE + OUTLOOK]: what a success head reads; its first part is what the policy reads."""
    return np.concatenate([features(family, state, rows), outlook(family, state, rows)], 1)


def outlook(family: str, state: Arrays, rows: Rows) -> np.ndarray:
    """float32 [K, OUTLOOK]; lengths in the place's own frame."""
    env, slot = rows.env, np.maximum(rows.slot, 0)
    work = _work(family, state, rows)
    spot = AT[rows.place]
    base = state["base"][env].astype(np.float64)
    behind, aside = _turned(base[:, :2] - spot[:, :2], spot[:, 2])  # of the robot
    ahead, lateral = _turned(work[:, :2] - spot[:, :2], spot[:, 2])
    excess = lateral - np.clip(lateral, -REACH[rows.place], REACH[rows.place])  # that rolling up does not make up for
    ahead = ahead - np.where(np.abs(behind) < 0.04, behind, 0.0)
    far = np.hypot(ahead, excess)
    rotation = axes(state["quaternion"][env, slot])
    along, across = _turned(rotation[:, :2, 2], spot[:, 2])  # to where its top points
    box = CATALOGUE.box[slot]
    narrow = np.arctan2(rotation[:, 1, 0], rotation[:, 0, 0]) - spot[:, 2] - np.pi / 2
    standing = np.stack([standing_at(base, PLACES[name]) for name in NAMES], 1)[np.arange(len(env)), rows.place]
    drawer = state["drawer"][env]
    parts = (
        np.eye(len(NAMES))[rows.place], standing, np.clip(10 * behind, -2, 2), np.clip(aside - lateral + excess, -2, 2),
        np.clip(ahead, -2, 2), np.clip(lateral, -2, 2), np.clip(5 * excess, -2, 2), np.clip(far, 0, 2),
        np.clip(20 * (ahead - ARM), -2, 2), np.clip(20 * (far - ARM), -2, 2), np.clip(20 * (drawer - OPEN_AT), -2, 2),
        np.where(box, np.sin(2 * narrow), 0.0), np.where(box, np.cos(2 * narrow), 0.0), box, CATALOGUE.sphere[slot],
        np.clip(3 * (bottom(state)[env, slot] - SURFACE[rows.place]), -2, 2), rotation[:, 2, 2], along, across,
        along**2 - across**2, 2 * along * across, _around(state, rows, slot, work, np.where(box, narrow, 0.0)),
    )  # fmt: skip
    return np.concatenate([part if part.ndim == 2 else part[:, None] for part in parts], 1).astype(np.float32)


def _work(family: str, state: Arrays, rows: Rows) -> np.ndarray:
    """float [K, 3]: the point that a skill is about: the grasp, the spot, the middle of the drawer."""
    if family == "put":
        return rows.target
    if family == "pick":
        return grasp_point(state, rows.env, np.maximum(rows.slot, 0))
    inside = DRAWER_FACE + 0.2 - state["drawer"][rows.env].astype(np.float64)
    return np.stack([np.full(len(inside), DRAWER_X), inside, np.full(len(inside), PLACES["drawer"].surface)], 1)


def _turned(offset: np.ndarray, yaw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(forward, lateral) of offsets [K, .., 2] in frames turned by `yaw` [K]."""
    shape = (len(yaw),) + (1,) * (offset.ndim - 2)
    c, s = np.cos(yaw).reshape(shape), np.sin(yaw).reshape(shape)
    return c * offset[..., 0] + s * offset[..., 1], c * offset[..., 1] - s * offset[..., 0]


def _around(state: Arrays, rows: Rows, slot: np.ndarray, work: np.ndarray, narrow: np.ndarray) -> np.ndarray:
    """float [K, 8 * AROUND + 1]: the nearest others: where (in the place's frame and the fingers'), top, width, room, lean."""
    env, k = rows.env, np.arange(len(rows.env))
    position, present = state["position"][env].astype(np.float64), state["present"][env].copy()
    present[k, slot] &= rows.slot != slot
    away = np.where(present, np.hypot(*np.moveaxis(position[..., :2] - work[:, None, :2], -1, 0)), 9.0)
    nearest = np.argsort(away, axis=1, kind="stable")[:, :AROUND]
    row = k[:, None]
    rotation = axes(state["quaternion"][env[:, None], nearest])
    half = (np.abs(rotation) * CATALOGUE.half[nearest][:, :, None, :]).sum(-1)  # of the box around it
    offset = position[row, nearest, :2] - work[:, None, :2]
    yaw = AT[rows.place, 2]
    forward, lateral = _turned(offset, yaw)
    u, v = _turned(offset, yaw + narrow)
    away = away[row, nearest]
    out = np.stack([
        forward / 0.2, lateral / 0.2, np.abs(u) / 0.2, np.abs(v) / 0.2,
        np.clip((position[row, nearest, 2] + half[..., 2] - work[:, None, 2]) / 0.2, -2, 2), 10 * half[..., 0],
        np.clip(5 * (away - RADII[nearest] - RADII[slot][:, None]), -1, 1), rotation[..., 2, 2],
    ], -1)  # fmt: skip
    out[away > NEAR] = np.array([0.0, 0.0, 0.0, 0.0, -2.0, 0.0, 1.0, 0.0])
    return np.concatenate([out.reshape(len(k), -1), (away < NEAR).sum(1)[:, None] / 4], 1)
