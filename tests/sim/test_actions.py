"""Our actions and MineDojo's are one to one."""

from __future__ import annotations

import numpy as np
import pytest

from sim.craft.actions import FUNCTIONAL, MINEDOJO_NVEC, MOVES, from_minedojo, to_minedojo


def test_there_and_back() -> None:
    craft, slot = {5: 17, 9: 200}, {5: 3, 9: 30}
    seen = set()
    for move in range(MOVES):
        for functional in range(FUNCTIONAL):
            for item in (5, 9) if functional in (4, 5, 6, 7) else (0,):
                theirs = to_minedojo((move, functional, item), craft, slot)
                assert (theirs >= 0).all() and (theirs < MINEDOJO_NVEC).all()
                ours = from_minedojo(theirs, {v: k for k, v in craft.items()}, {v: k for k, v in slot.items()})
                assert tuple(ours) == (move, functional, item)
                seen.add(tuple(theirs))
    assert len(seen) == MOVES * (FUNCTIONAL + 4)


def test_an_item_they_lack_does_nothing() -> None:
    assert to_minedojo((1, 4, 7), {}, {}).tolist() == [1, 0, 0, 12, 12, 0, 0, 0]


def test_other_combinations_are_refused() -> None:
    with pytest.raises(ValueError, match="one body key"):
        from_minedojo(np.array([1, 1, 0, 12, 12, 0, 0, 0]), {}, {})
