"""Maps of the surface seen from above, with the agent and the mobs marked."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numba import prange

from sim.craft.compile import compiled, parallel
from sim.craft.grid import HEIGHT, SIZE
from sim.craft.mob_shapes import MobShapes
from sim.craft.raycast import texel_at
from sim.craft.scene import Scene, block_of, clamp, mix
from sim.craft.textures import CROSS, EMPTY, LIQUID, SIDE, TINTED, TOP


@compiled
def _map_colour(scene, look, e, x, z, u, v):
    """Colour of column (x, z) from above at (u, v) of its cell; slopes are shaded, deep water is dark."""
    y = HEIGHT - 1
    while y > 0 and look.form[block_of(scene, e, x, y, z)] == EMPTY:
        y -= 1
    depth = 0
    while y > 0 and look.form[block_of(scene, e, x, y, z)] == LIQUID:
        y, depth = y - 1, depth + 1
    block = block_of(scene, e, x, y, z)
    plant = look.form[block] == CROSS
    row, column = texel_at(u, v)
    texel = look.texels[block, SIDE if plant else TOP, row, column]
    if texel[3] == 0:
        under = block_of(scene, e, x, max(y - 1, 0), z)
        texel = look.texels[under, TOP, row, column]
    r, g, b = float(texel[0]), float(texel[1]), float(texel[2])
    if texel[3] == TINTED:
        r, g, b = r * scene.foliage[e, 0], g * scene.foliage[e, 1], b * scene.foliage[e, 2]
    slope = float(scene.tops[e, x & 63, z & 63]) - 0.5 * (
        float(scene.tops[e, (x - 1) & 63, z & 63]) + float(scene.tops[e, x & 63, (z - 1) & 63])
    )
    level = clamp(1.0 + 0.07 * slope, 0.66, 1.25) * clamp(0.8 + 0.012 * (y - 16), 0.7, 1.15)
    if depth:
        share = clamp(0.5 + 0.07 * depth, 0.0, 0.92)
        return mix(r * level, 40.0, share), mix(g * level, 90.0, share), mix(b * level, 176.0, share)
    return r * level, g * level, b * level


@parallel
def draw_maps(scene, look, scale, out):
    """Fill out u8[n, 64 * scale, 64 * scale, 3] with the surface."""
    for job in prange(out.shape[0] * SIZE):
        e, z = job // SIZE, job % SIZE
        for x in range(SIZE):
            for i in range(scale):
                for j in range(scale):
                    r, g, b = _map_colour(scene, look, e, x, z, (j + 0.5) / scale, 1.0 - (i + 0.5) / scale)
                    out[e, z * scale + i, x * scale + j, 0] = int(clamp(r, 0.0, 255.0))
                    out[e, z * scale + i, x * scale + j, 1] = int(clamp(g, 0.0, 255.0))
                    out[e, z * scale + i, x * scale + j, 2] = int(clamp(b, 0.0, 255.0))


def draw_markers(scene: Scene, shapes: MobShapes, scale: int, out: np.ndarray) -> None:
    """Mobs as dots and the agent as an arrow, wrapped around the edges."""
    for e in range(len(out)):
        for kind, position in zip(scene.mob_kind[e], scene.mob_pos[e], strict=True):
            if kind:
                _stamp(
                    out[e],
                    position[0] * scale,
                    position[2] * scale,
                    _dot(max(1.0, 0.55 * scale)),
                    shapes.map_colour[kind],
                )
        heading = (-math.sin(scene.yaw[e]), math.cos(scene.yaw[e]))
        _stamp(
            out[e],
            scene.eye[e, 0] * scale,
            scene.eye[e, 2] * scale,
            _arrow(max(3.0, 1.6 * scale), heading),
            (235, 40, 40),
        )


def _dot(radius: float) -> np.ndarray:
    """u8 [s, s]: 2 = fill, 1 = outline, 0 = nothing."""
    half = math.ceil(radius) + 1
    row, column = np.mgrid[-half : half + 1, -half : half + 1]
    distance = np.hypot(row, column)
    return (distance <= radius + 1).astype(np.uint8) + (distance <= radius)


def _arrow(length: float, heading: tuple[float, float]) -> np.ndarray:
    """u8 [s, s]: an arrow head towards (x, z) with a notch in its tail, 2 = fill, 1 = outline, 0 = nothing."""
    half = math.ceil(length) + 2
    row, column = np.mgrid[-half : half + 1, -half : half + 1]
    ahead = (column * heading[0] + row * heading[1]) / length
    aside = np.abs(row * heading[0] - column * heading[1]) / length

    def inside(margin: float) -> np.ndarray:
        sides = aside <= 0.4 * (1.0 - ahead) + margin
        return sides & (ahead >= -0.4 - 0.6 * aside - margin) & (ahead >= -1.0 - margin)

    return inside(1.2 / length).astype(np.uint8) + inside(0.0)


def _stamp(picture: np.ndarray, x: float, z: float, mask: np.ndarray, colour: Sequence[float] | np.ndarray) -> None:
    """Paint a mask at (x, z) pixels: its fill in `colour`, its outline dark."""
    half, size = len(mask) // 2, len(picture)
    rows = np.arange(math.floor(z) - half, math.floor(z) + half + 1) % size
    columns = np.arange(math.floor(x) - half, math.floor(x) + half + 1) % size
    patch = picture[np.ix_(rows, columns)]
    patch[mask == 1] = (20, 20, 24)
    patch[mask == 2] = np.asarray(colour, dtype=np.float64).astype(np.uint8)
    picture[np.ix_(rows, columns)] = patch
