"""The columns of the facts that the craft world and MineDojo's adapter fill alike; `data.fact_names` gives their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import prange

from sim.craft.compile import compiled, parallel
from sim.craft.data import LIFE_FACTS, CraftData
from sim.craft.grid import ABOVEGROUND, STANDS
from sim.craft.state import DAY_TICKS, NIGHT_END, NIGHT_START


def write_facts(out: np.ndarray, data: CraftData, arrays: Any, life: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Fill int32 [N, F] but for what is nearby, whose columns [N, K] are returned: how one knows that is the world's own.

    `arrays` has `inventory`, `time`, `ticks`, `killed` and `used` of N agents, `life` is (health, food) f32 [N, 2],
    `above` bool [N].
    """
    items, near, kinds = len(data.item_names) - 1, len(data.nearby_names), len(data.mob_names) - 1
    status = items + near
    deeds = status + len(LIFE_FACTS)
    out[:, :items] = arrays.inventory[:, 1:]
    out[:, status : status + 2] = np.ceil(life)
    night = (arrays.time >= NIGHT_START) & (arrays.time < NIGHT_END)
    out[:, status + 2], out[:, status + 3] = night, ~night
    out[:, status + 4] = nightfalls(arrays.time, arrays.ticks)
    out[:, status + 5] = above
    out[:, deeds : deeds + kinds] = arrays.killed[:, 1:]
    out[:, deeds + kinds :] = arrays.used[:, data.counted_items]
    return out[:, items:status]


def nightfalls(time: np.ndarray, ticks: np.ndarray) -> np.ndarray:
    """Int [N]: how many nights have begun in the last `ticks` int [N], of agents for whom it is `time` int [N] of the day."""
    began = (time.astype(np.int64) - ticks - NIGHT_START) % DAY_TICKS  # after the nightfall before the beginning
    return (began + ticks) // DAY_TICKS


def aboveground(y: np.ndarray, voxels: np.ndarray, box: Sequence[int], solid: np.ndarray) -> np.ndarray:
    """Bool [N]: who stands (feet at y f32 [N]) near or above the sea level, and can walk out of the voxel box: not down a shaft.

    `voxels` u8 [N, X, Y, Z] are block ids around the feet cell, `box` their first and last cells, `solid` which ids are.
    """
    found = (y >= ABOVEGROUND) & (np.abs(y - np.round(y)) < STANDS)
    _keep_who_walks_out(found, voxels, solid, -box[0], -box[2], -box[4])
    return found


@parallel
def _keep_who_walks_out(found, voxels, solid, x, up, z):
    for i in prange(found.shape[0]):
        if found[i]:
            found[i] = _walks_out(voxels[i], solid, x, up, z)


@compiled
def _walks_out(voxels, solid, x, up, z):
    """Whether the edge of the box is reached from the feet cell by steps of at most one block up."""
    width, height, depth = voxels.shape
    seen = np.zeros((width, height, depth), np.uint8)
    todo = np.zeros((width * height * depth, 3), np.int64)
    todo[0, 0], todo[0, 1], todo[0, 2] = x, up, z
    seen[x, up, z] = 1
    count = 1
    while count > 0:
        count -= 1
        cx, cy, cz = todo[count, 0], todo[count, 1], todo[count, 2]
        if cx == 0 or cz == 0 or cx == width - 1 or cz == depth - 1:
            return True
        for side in range(4):
            nx, nz = cx + (side == 0) - (side == 1), cz + (side == 2) - (side == 3)
            for ny in range(1, cy + 2):
                if ny + 1 >= height or seen[nx, ny, nz] or not solid[voxels[nx, ny - 1, nz]]:
                    continue
                free = cy + 2 >= height or ny <= cy or not solid[voxels[cx, cy + 2, cz]]  # to jump
                for level in range(ny, max(cy, ny) + 2):
                    if level < height and solid[voxels[nx, level, nz]]:
                        free = False
                if free:
                    seen[nx, ny, nz] = 1
                    todo[count, 0], todo[count, 1], todo[count, 2] = nx, ny, nz
                    count += 1
    return False
