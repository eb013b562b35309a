"""Where things stand: six places, each with a spot for the robot and an area for objects, and the floor between them.

Metres and radians; x to the east, y to the north, z up. The robot's arm stands `MOUNT` above the floor. In a place's own
frame the robot stands at the origin and looks along `forward`; `lateral` is to its left.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np

MOUNT = 0.85
RADIUS = 0.27  # of the robot's base
ROOM = (-2.6, -2.0, 2.6, 2.0)  # west, south, east, north
DRAWER_TRAVEL = 0.30
DRAWER_FACE = 1.40  # y of the cabinet's front
DRAWER_X = 0.75
DRAWER_WIDTH = 0.44  # inside
OPEN_AT, SHUT_AT = 0.26, 0.05  # joint positions at which the drawer begins to count as open, and as closed


@dataclass(frozen=True)
class Place:
    """Where the robot stands to work, and the rectangle (in that frame) on which objects lie."""

    name: str
    x: float
    y: float
    yaw: float
    surface: float  # height of what objects stand on
    near: float  # forward distance of the area's edges, as objects are put there
    far: float
    width: float  # half the lateral extent of the area
    reach: float = 0.0  # how far aside of (x, y) the robot may stand
    edge: float = 0.0  # rectangle that still counts as this place: forward from `edge` to `back`, lateral `side`
    back: float = 0.0
    side: float = 0.0

    def world(self, forward: float, lateral: float) -> tuple[float, float]:
        """Coordinates of a point of this place's frame."""
        c, s = cos(self.yaw), sin(self.yaw)
        return self.x + c * forward - s * lateral, self.y + s * forward + c * lateral

    def local(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(forward, lateral) of points in the world."""
        c, s = cos(self.yaw), sin(self.yaw)
        dx, dy = x - self.x, y - self.y
        return c * dx + s * dy, c * dy - s * dx


NORTH, SOUTH, EAST, WEST = pi / 2, -pi / 2, 0.0, pi
PLACES = {
    place.name: place
    for place in (
        Place("close counter", -1.0, 1.10, NORTH, 0.90, 0.40, 0.62, 0.62, 0.55, 0.29, 0.90, 0.75),
        Place("table", -0.9, -0.10, SOUTH, 0.80, 0.40, 0.62, 0.45, 0.38, 0.29, 1.00, 0.56),
        Place("far counter", 1.1, -1.10, SOUTH, 0.90, 0.40, 0.62, 0.62, 0.55, 0.29, 0.90, 0.75),
        Place("drawer", DRAWER_X, 0.68, NORTH, 0.78, 0.545, 0.615, 0.15, 0.0, 0.46, 1.10, 0.23),
        Place("trash can", 1.60, 0.35, EAST, 0.06, 0.50, 0.50, 0.0, 0.0, 0.33, 0.67, 0.17),
        Place("user", -1.46, 0.45, WEST, 0.80, 0.43, 0.66, 0.20, 0.10, 0.29, 0.79, 0.26),
    )
}
NAMES = tuple(PLACES)
TRASH_RIM = 0.62  # height over which things are let go
DRAWER_RIM = 0.88

Rectangle = tuple[float, float, float, float]  # west, south, east, north
OBSTACLES: tuple[Rectangle, ...] = (
    (-1.75, 1.40, -0.25, 2.0),  # close counter
    (0.35, 0.97, 1.15, 2.0),  # cabinet, and the room its drawer needs
    (0.35, -2.0, 1.85, -1.40),  # far counter
    (-1.45, -1.10, -0.35, -0.40),  # table
    (1.92, 0.17, 2.28, 0.53),  # trash can
    (-2.60, 0.15, -1.76, 0.75),  # the user and the tray
)


def blocked(x: np.ndarray, y: np.ndarray, margin: float = RADIUS) -> np.ndarray:
    """Bool: where the base cannot stand, for coordinates of any one shape."""
    west, south, east, north = ROOM
    out = (x < west + margin) | (x > east - margin) | (y < south + margin) | (y > north - margin)
    for left, bottom, right, top in OBSTACLES:
        dx = np.maximum(np.maximum(left - x, x - right), 0.0)
        dy = np.maximum(np.maximum(bottom - y, y - top), 0.0)
        out = out | (np.hypot(dx, dy) < margin)
    return out


def clear(x: float, y: float, margin: float = RADIUS) -> bool:
    """Whether the base can stand at a point."""
    return not bool(blocked(np.float64(x), np.float64(y), margin))


def station_distance(base: np.ndarray, place: Place) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How far bases [N, 3] (x, y, yaw) are from standing at a place: forward and lateral metres, radians."""
    forward, lateral = place.local(base[:, 0], base[:, 1])
    turn = np.abs((base[:, 2] - place.yaw + pi) % (2 * pi) - pi)
    return forward, lateral, turn


def standing_at(base: np.ndarray, place: Place) -> np.ndarray:
    """Bool [N]: whether bases [N, 3] stand where one works at the place."""
    forward, lateral, turn = station_distance(base, place)
    return (np.abs(forward) < 0.12) & (np.abs(lateral) < place.reach + 0.10) & (turn < 0.30)
