"""The pictured environments as plain arrays, and what every picture needs of them: blocks, light, small arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numba import prange

from sim.craft import data as craft_data
from sim.craft.compile import compiled, parallel
from sim.craft.grid import HEIGHT, SIZE, cell_index
from sim.craft.mob_shapes import MobShapes, make_mob_shapes
from sim.craft.terrain import BIOMES
from sim.craft.textures import CUBE, Look, make_look
from sim.world import UserError

EYE_HEIGHT = 1.62
DAY_TICKS = 24_000
FAR = 1e9
FOLIAGE = {
    "plains": (1.0, 1.0, 1.0), "forest": (0.86, 1.0, 0.82), "forest_hills": (0.86, 1.0, 0.82),
    "swampland": (0.82, 0.80, 0.62), "extreme_hills": (0.96, 0.98, 1.08), "desert": (1.42, 1.0, 0.92),
    "jungle": (0.72, 1.1, 0.6), "taiga": (0.88, 0.92, 1.1),
}  # fmt: skip


class Scene(NamedTuple):
    """The pictured environments, one row each."""

    blocks: np.ndarray  # u8[n, CELLS]
    eye: np.ndarray  # f64[n, 3]
    yaw: np.ndarray  # f64[n] radians
    pitch: np.ndarray  # f64[n] radians, + = down
    hour: np.ndarray  # f64[n] radians of the sun's course: 0 sunrise in the east (+x), pi/2 noon
    day: np.ndarray  # f64[n] daylight 0..1
    foliage: np.ndarray  # f64[n, 3]
    mob_kind: np.ndarray  # u8[n, M]
    mob_pos: np.ndarray  # f32[n, M, 3] feet
    mob_yaw: np.ndarray  # f64[n, M] radians
    mob_shorn: np.ndarray  # u8[n, M]
    tops: np.ndarray  # u8[n, SIZE, SIZE] y of the highest block that shades
    cover: np.ndarray  # f32[n, SIZE, SIZE] mean of `tops` around


@lru_cache(maxsize=1)
def shipped_look() -> Look:
    return make_look(craft_data.load())


@lru_cache(maxsize=1)
def shipped_mob_shapes() -> MobShapes:
    return make_mob_shapes(craft_data.load().mob_names)


def gather(world: Any, env_ids: Sequence[int] | np.ndarray | torch.Tensor) -> Scene:
    """Gather the rows `env_ids` of a world's (or a state's) arrays; numpy or torch."""
    state = getattr(world, "arrays", world)
    num_envs = len(state.x)
    chosen = np.atleast_1d(np.asarray(env_ids)).astype(np.int64)
    if len(chosen) and not (0 <= chosen.min() and chosen.max() < num_envs):
        raise UserError(f"environments {chosen.min()}..{chosen.max()} asked for; the world has 0..{num_envs - 1}")

    def rows(name: str, dtype: type) -> np.ndarray:
        return np.ascontiguousarray(np.asarray(getattr(state, name))[chosen], dtype=dtype)

    eye = np.stack([rows("x", np.float64), rows("y", np.float64) + EYE_HEIGHT, rows("z", np.float64)], axis=1)
    hour = rows("time", np.float64) * (2 * np.pi / DAY_TICKS)
    foliage = np.array([FOLIAGE.get(name, (1.0, 1.0, 1.0)) for name in BIOMES])[rows("biome", np.int64)]
    scene = Scene(
        rows("blocks", np.uint8), eye, np.radians(rows("yaw", np.float64)), np.radians(rows("pitch", np.float64)), hour,
        np.clip(np.sin(hour) * 2 + 0.5, 0, 1), foliage, rows("mob_kind", np.uint8), rows("mob_pos", np.float32),
        np.radians(rows("mob_yaw", np.float64)), rows("mob_shorn", np.uint8),
        np.zeros((len(chosen), SIZE, SIZE), np.uint8), np.zeros((len(chosen), SIZE, SIZE), np.float32),
    )  # fmt: skip
    _find_cover(scene.blocks, shipped_look().form, scene.tops, scene.cover)
    return scene


@compiled
def _top(blocks, form, e, x, z):
    """Height of the highest block of a column that shades."""
    y = HEIGHT - 1
    while y > 0 and form[blocks[e, cell_index(x, y, z)]] != CUBE:
        y -= 1
    return y


@parallel
def _find_cover(blocks, form, tops, cover):
    """Fill `tops` and `cover`. (Numba 0.68 loses what a parallel loop writes to a named tuple's array.)"""
    for e in prange(blocks.shape[0]):
        for x in range(SIZE):
            for z in range(SIZE):
                tops[e, x, z] = _top(blocks, form, e, x, z)
        for x in range(SIZE):
            for z in range(SIZE):
                total = 0.0
                for dx in range(-2, 3):
                    for dz in range(-2, 3):
                        total += tops[e, (x + dx) & 63, (z + dz) & 63]
                cover[e, x, z] = total / 25.0


@compiled
def hash01(x, y, z):
    """Pseudo-random number 0..1 of three integers."""
    h = (x * 374761393 + y * 668265263 + z * 2147483647) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((h ^ (h >> 16)) & 0xFFFF) / 65536.0


@compiled
def mix(a, b, share):
    return a + (b - a) * share


@compiled
def clamp(value, low, high):
    return min(max(value, low), high)


@compiled
def wrapped(delta):
    """Shortest signed distance on the torus, metres."""
    return delta - SIZE * math.floor(delta / SIZE + 0.5)


@compiled
def block_of(scene, e, x, y, z):
    if y >= HEIGHT:
        return 0
    if y < 0:
        return 7
    return int(scene.blocks[e, cell_index(x, y, z)])


@compiled
def hit_box(ox, oy, oz, dx, dy, dz, x0, y0, z0, x1, y1, z1):
    """Where a ray enters a box: (distance, axis of the face), FAR if it misses or starts inside."""
    ix = 1.0 / dx if dx != 0.0 else FAR
    iy = 1.0 / dy if dy != 0.0 else FAR
    iz = 1.0 / dz if dz != 0.0 else FAR
    ax, bx = (x0 - ox) * ix, (x1 - ox) * ix
    ay, by = (y0 - oy) * iy, (y1 - oy) * iy
    az, bz = (z0 - oz) * iz, (z1 - oz) * iz
    near_x, near_y, near_z = min(ax, bx), min(ay, by), min(az, bz)
    near = max(near_x, near_y, near_z)
    if near < 0.0 or near > min(max(ax, bx), max(ay, by), max(az, bz)):
        return FAR, 0
    return near, 0 if near == near_x else (1 if near == near_y else 2)


@compiled
def sky_light(scene, e, x, y, z):
    """Share of the sky's light that reaches a cell, 0..1."""
    if y > scene.tops[e, x & 63, z & 63]:
        return 1.0
    return clamp(0.82 - 0.07 * max(scene.cover[e, x & 63, z & 63] - y, 0.0), 0.3, 1.0)


@compiled
def _shuts(scene, look, e, x, y, z):
    return 1 if look.form[block_of(scene, e, x, y, z)] == CUBE else 0


@compiled
def _corner_light(scene, look, e, x, y, z, ax, ay, az, bx, by, bz):
    """Light at a corner of a face: mean of the four open cells before it, darkened by those that are shut."""
    a = _shuts(scene, look, e, x + ax, y + ay, z + az)
    b = _shuts(scene, look, e, x + bx, y + by, z + bz)
    c = 1 if a and b else _shuts(scene, look, e, x + ax + bx, y + ay + by, z + az + bz)
    light = sky_light(scene, e, x, y, z)
    if not a:
        light += sky_light(scene, e, x + ax, y + ay, z + az)
    if not b:
        light += sky_light(scene, e, x + bx, y + by, z + bz)
    if not c:
        light += sky_light(scene, e, x + ax + bx, y + ay + by, z + az + bz)
    return light / (4 - a - b - c) * (1.0 - 0.17 * (a + b + c))


@compiled
def face_light(scene, look, e, x, y, z, axis, u, v):
    """Smooth light at (u, v) of the face that looks into the open cell (x, y, z)."""
    ax, az = (0, 1) if axis == 0 else (1, 0)
    by, bz = (0, 1) if axis == 1 else (1, 0)
    low = mix(_corner_light(scene, look, e, x, y, z, -ax, 0, -az, 0, -by, -bz),
               _corner_light(scene, look, e, x, y, z, ax, 0, az, 0, -by, -bz), u)  # fmt: skip
    high = mix(_corner_light(scene, look, e, x, y, z, -ax, 0, -az, 0, by, bz),
                _corner_light(scene, look, e, x, y, z, ax, 0, az, 0, by, bz), u)  # fmt: skip
    return mix(low, high, v)


@compiled
def face_shade(axis, rising):
    """Fixed shade of a face by its direction; `rising`: the ray goes up, so a horizontal face is seen from below."""
    if axis == 1:
        return 0.55 if rising else 1.0
    return 0.66 if axis == 0 else 0.82


@compiled
def lit(scene, e, r, g, b, light):
    """A colour under skylight 0..1 at the present hour; night is dim and blue."""
    day = mix(0.42, 1.0, scene.day[e])
    level = max(light * day, 0.22)
    cool = (1.0 - scene.day[e]) * 0.35
    return r * level * (1.0 - cool), g * level * (1.0 - 0.7 * cool), b * level


@compiled
def mob_shadow(scene, e, x, y, z):
    """Factor below 1 on the ground under a mob."""
    for m in range(scene.mob_kind.shape[1]):
        if scene.mob_kind[e, m] and abs(scene.mob_pos[e, m, 1] - y) < 0.6:
            dx, dz = wrapped(scene.mob_pos[e, m, 0] - x), wrapped(scene.mob_pos[e, m, 2] - z)
            if dx * dx + dz * dz < 0.25:
                return 0.68
    return 1.0
