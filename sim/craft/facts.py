"""The columns of the facts that the craft world and MineDojo's adapter fill alike; `data.fact_names` gives their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.craft.data import LIFE_FACTS, CraftData
from sim.craft.grid import ABOVEGROUND, STANDS
from sim.craft.state import NIGHT_END, NIGHT_START


def write_facts(out: np.ndarray, data: CraftData, arrays: Any, life: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Fill int32 [N, F] but for what is nearby, whose columns [N, K] are returned: how one knows that is the world's own.

    `arrays` has `inventory`, `time`, `killed` and `used` of N agents, `life` is (health, food) f32 [N, 2], `above` bool [N].
    """
    items, near, kinds = len(data.item_names) - 1, len(data.nearby_names), len(data.mob_names) - 1
    status = items + near
    deeds = status + len(LIFE_FACTS)
    out[:, :items] = arrays.inventory[:, 1:]
    out[:, status : status + 2] = np.ceil(life)
    out[:, status + 2] = (arrays.time >= NIGHT_START) & (arrays.time < NIGHT_END)
    out[:, status + 3] = above
    out[:, deeds : deeds + kinds] = arrays.killed[:, 1:]
    out[:, deeds + kinds :] = arrays.used[:, data.counted_items]
    return out[:, items:status]


def aboveground(y: np.ndarray, voxels: np.ndarray, box: Sequence[int], solid: np.ndarray) -> np.ndarray:
    """Bool [N]: who stands (feet at y f32 [N]) near or above the sea level, and can step out on some side.

    `voxels` u8 [N, X, Y, Z] are block ids around the feet cell, `box` their first and last cells, `solid` which ids are.
    """
    x, up, z = -box[0], -box[2], -box[4]
    sides = voxels[:, [x + 1, x - 1, x, x], up + 1 : up + 3, [z, z, z + 1, z - 1]]  # [4, N, 2] where a head would be
    ways = (~solid.astype(bool)[sides].any(axis=2)).any(axis=0)
    return (y >= ABOVEGROUND) & (np.abs(y - np.round(y)) < STANDS) & ways
