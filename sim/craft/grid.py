"""The block grid: 64 x 48 x 64 cells, wrapped around in x and z, stored in 4 x 4 x 4 bricks of one 64-byte cache line.

A lidar ray of ten cells touches three or four bricks instead of ten columns, which is what makes rays cheap.
"""

from __future__ import annotations

import math

import numpy as np

from sim.craft.compile import compiled

SIZE = 64  # columns along x and along z; a power of two, so that wrapping is a mask
HEIGHT = 48  # cells along y
BRICK = 4
LAYERS = HEIGHT // BRICK
BRICKS_PER_SIDE = SIZE // BRICK
BRICK_COLUMNS = BRICKS_PER_SIDE * BRICKS_PER_SIDE
CELLS = SIZE * SIZE * HEIGHT
SEA_LEVEL = 24
ABOVEGROUND = SEA_LEVEL - 1  # from this height of the feet on, an agent may count as above the ground
STANDS = 0.1  # metres from a whole height within which feet stand, not jump


@compiled
def floor(value):
    """The largest whole number up to value, as an integer: Numba's `math.floor` is one on the CPU and a float on a GPU."""
    return int(math.floor(value))


@compiled
def brick_column(x, z):
    """Index 0..BRICK_COLUMNS of the column of bricks that holds column (x, z)."""
    return ((x & 63) >> 2) * 16 + ((z & 63) >> 2)


@compiled
def cell_index(x, y, z):
    """Index 0..CELLS of cell (x, y, z) in the brick layout; x and z wrap around, y must lie in 0..HEIGHT-1."""
    return (brick_column(x, z) * 12 + (y >> 2)) * 64 + (x & 3) * 16 + (z & 3) * 4 + (y & 3)


def to_dense(blocks: np.ndarray) -> np.ndarray:
    """Bricks u8[..., CELLS] -> cells u8[..., x, y, z], a copy."""
    lead = blocks.shape[:-1]
    bricks = blocks.reshape(*lead, BRICKS_PER_SIDE, BRICKS_PER_SIDE, LAYERS, BRICK, BRICK, BRICK)  # bx bz by x z y
    n = len(lead)
    order = (*range(n), n, n + 3, n + 2, n + 5, n + 1, n + 4)
    return bricks.transpose(order).reshape(*lead, SIZE, HEIGHT, SIZE).copy()


def from_dense(cells: np.ndarray) -> np.ndarray:
    """Cells u8[..., x, y, z] -> bricks u8[..., CELLS], a copy."""
    lead = cells.shape[:-3]
    split = cells.reshape(*lead, BRICKS_PER_SIDE, BRICK, LAYERS, BRICK, BRICKS_PER_SIDE, BRICK)  # bx x by y bz z
    n = len(lead)
    order = (*range(n), n, n + 4, n + 2, n + 1, n + 5, n + 3)
    return split.transpose(order).reshape(*lead, CELLS).copy()
