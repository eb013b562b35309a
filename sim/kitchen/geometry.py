"""What poses mean: how high an object's lowest point is, what it stands over, whether it stands upright. Pure arrays."""

from __future__ import annotations

import numpy as np

from sim.kitchen.layout import DRAWER_FACE, DRAWER_RIM, DRAWER_WIDTH, DRAWER_X, PLACES, TRASH_RIM, Place

INSET = 0.02  # thickness of the drawer's walls
DRAWER_DEPTH = 0.50
RIMS = {"drawer": DRAWER_RIM, "trash can": TRASH_RIM}  # containers: what is below the rim is in them


def axes(quaternion: np.ndarray) -> np.ndarray:
    """Quaternions [.., 4] (x, y, z, w) -> rotation matrices [.., 3, 3]."""
    x, y, z, w = np.moveaxis(np.asarray(quaternion, dtype=np.float64), -1, 0)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
        2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
        2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return np.stack(rows, -1).reshape(*x.shape, 3, 3)


def drop(rotation: np.ndarray, half: np.ndarray, sphere: np.ndarray) -> np.ndarray:
    """Distance from the centre down to the lowest point, for rotations [.., 3, 3], half extents [.., 3]."""
    return np.where(sphere, half[..., 0], (np.abs(rotation[..., 2, :]) * half).sum(-1))


def over(place: Place, x: np.ndarray, y: np.ndarray, drawer: np.ndarray) -> np.ndarray:
    """Bool: whether points lie above a place; `drawer` is how far it is open (the drawer moves with it)."""
    if place.name == "drawer":
        front = DRAWER_FACE - drawer
        inside = (y > front + INSET) & (y < front + DRAWER_DEPTH - INSET)
        return inside & (np.abs(x - DRAWER_X) < DRAWER_WIDTH / 2)
    forward, lateral = place.local(x, y)
    return (forward > place.edge) & (forward < place.back) & (np.abs(lateral) < place.side)


def surface_below(x: np.ndarray, y: np.ndarray, drawer: np.ndarray) -> np.ndarray:
    """Height of what is below points: a place's surface, or the floor."""
    out = np.zeros(np.shape(x))
    for place in PLACES.values():
        out = np.where(over(place, x, y, drawer), place.surface, out)
    return out


def lies_at(place: Place, position: np.ndarray, bottom: np.ndarray, drawer: np.ndarray) -> np.ndarray:
    """Bool [..]: whether objects (centres [.., 3], lowest points [..]) lie on or in a place."""
    there = over(place, position[..., 0], position[..., 1], drawer)
    if place.name in RIMS:
        return there & (bottom > place.surface - 0.05) & (bottom < RIMS[place.name] - 0.06)
    height = bottom - place.surface
    return there & (height > -0.03) & (height < 0.05)


def wrap(angle: np.ndarray) -> np.ndarray:
    """Angles to [-pi, pi)."""
    return (angle + np.pi) % (2 * np.pi) - np.pi
