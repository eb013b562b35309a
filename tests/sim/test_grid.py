"""The brick layout is a permutation and its two conversions are inverse."""

from __future__ import annotations

import numpy as np

from sim.craft.grid import CELLS, HEIGHT, SIZE, cell_index, from_dense, to_dense


def test_every_cell_has_its_own_place() -> None:
    places = {cell_index(x, y, z) for x in range(SIZE) for y in range(HEIGHT) for z in range(SIZE)}
    assert places == set(range(CELLS))
    assert cell_index(-1, 5, 64) == cell_index(63, 5, 0)


def test_dense_and_back() -> None:
    blocks = np.random.default_rng(0).integers(0, 255, (2, CELLS)).astype(np.uint8)
    cells = to_dense(blocks)
    assert np.array_equal(from_dense(cells), blocks)
    assert cells[1, 3, 7, 61] == blocks[1, cell_index(3, 7, 61)]
