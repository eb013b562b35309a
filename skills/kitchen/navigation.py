"""Driving: shortest paths over the floor plan by networkx, followed at the base's speed.

Not learned: the map is known and the base goes where it is told, so a path search is exact, needs no training and never
fails; a learned policy could only come near that.
"""

from __future__ import annotations

from functools import lru_cache
from math import hypot

import networkx as nx
import numpy as np

from sim.kitchen.geometry import wrap
from sim.kitchen.layout import RADIUS, ROOM, Place, blocked, clear
from sim.kitchen.simulation import BASE_STEP

CELL = 0.10  # metres of the floor plan's grid
ARRIVED, TURNED = 0.015, 0.03  # m, rad
Point = tuple[float, float]


@lru_cache(maxsize=1)
def floor_plan() -> nx.Graph:
    """Free points of a grid, joined to their eight neighbours; edges weigh their length."""
    west, south, east, north = ROOM
    xs, ys = np.arange(west, east + 1e-9, CELL), np.arange(south, north + 1e-9, CELL)
    free = ~blocked(*np.meshgrid(xs, ys, indexing="ij"))
    graph = nx.Graph()
    for i, j in np.argwhere(free).tolist():
        graph.add_node((i, j), at=(float(xs[i]), float(ys[j])))
        for di, dj in ((-1, 0), (0, -1), (-1, -1), (-1, 1)):
            if (i + di, j + dj) in graph:
                graph.add_edge((i, j), (i + di, j + dj), weight=hypot(di, dj) * CELL)
    return graph


def path(start: Point, goal: Point) -> list[Point]:
    """Way points from `start` to `goal`, both excluded and included, kept only where the way must bend."""
    if _straight(start, goal):
        return [goal]
    plan = floor_plan()
    ends = [_nearest(plan, point) for point in (start, goal)]
    cells = nx.astar_path(plan, *ends, heuristic=lambda a, b: hypot(a[0] - b[0], a[1] - b[1]) * CELL)
    points = [*(plan.nodes[cell]["at"] for cell in cells), goal]
    kept, here, k = [], start, 0
    while k < len(points):
        ahead = next((n for n in range(len(points) - 1, k, -1) if _straight(here, points[n])), k)
        here = points[ahead]
        kept.append(here)
        k = ahead + 1
    return kept


def _nearest(plan: nx.Graph, point: Point) -> tuple[int, int]:
    return min(
        plan.nodes, key=lambda n: (plan.nodes[n]["at"][0] - point[0]) ** 2 + (plan.nodes[n]["at"][1] - point[1]) ** 2
    )


def _straight(a: Point, b: Point) -> bool:
    """Whether the base can drive from a to b without a bend."""
    steps = max(int(hypot(b[0] - a[0], b[1] - a[1]) / 0.04), 1)
    share = np.linspace(0.0, 1.0, steps + 1)
    xs, ys = a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])
    return not bool(blocked(xs, ys, RADIUS).any())


def station(place: Place, lateral: float = 0.0) -> tuple[float, float, float]:
    """Where to stand (x, y, yaw) to work at a point of a place that is `lateral` aside of its middle."""
    x, y = place.world(0.0, float(np.clip(lateral, -place.reach, place.reach)))
    return (x, y, place.yaw) if clear(x, y) else (place.x, place.y, place.yaw)


def towards(base: np.ndarray, goal: tuple[float, float, float], way: list[Point] | None = None) -> np.ndarray:
    """The base action [3] that brings a base (x, y, yaw) nearer to a pose, through the first of the way points.

    Reached way points are taken off `way`; zeros once the pose is reached.
    """
    while way and len(way) > 1 and hypot(way[0][0] - base[0], way[0][1] - base[1]) < 0.05:
        way.pop(0)
    x, y = way[0] if way else goal[:2]
    dx, dy = x - base[0], y - base[1]
    turn = float(wrap(np.float64(goal[2] - base[2])))
    there = hypot(goal[0] - base[0], goal[1] - base[1]) < ARRIVED
    if there and abs(turn) < TURNED:
        return np.zeros(3)
    c, s = np.cos(base[2]), np.sin(base[2])
    move = np.array([c * dx + s * dy, c * dy - s * dx])
    move /= max(float(np.hypot(*move)) / BASE_STEP[0], 1.0)
    return np.array([move[0] / BASE_STEP[0], move[1] / BASE_STEP[1], np.clip(turn / BASE_STEP[2], -1, 1)])
