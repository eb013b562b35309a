"""Who runs out of air under water goes up for some, and only then."""

from __future__ import annotations

import numpy as np
import torch

from sim.craft.physics import BACK, FORWARD, JUMP_UP
from sim.craft.world import CraftWorld
from skills.breathe import BREATHED, GASPS, Breather


def test_it_goes_up_until_it_has_breathed() -> None:
    world = CraftWorld(2)
    breather, both = Breather(world), np.arange(2)

    def moves(*air: float) -> list[int]:
        life = torch.tensor([[20.0, 20.0, a] for a in air])
        return breather.moves({"life": life}, both, np.array([FORWARD, BACK])).tolist()

    assert moves(300.0, GASPS) == [FORWARD, BACK]
    assert moves(300.0, GASPS - 1) == [FORWARD, JUMP_UP]
    assert moves(GASPS - 1, BREATHED - 1) == [JUMP_UP, JUMP_UP], "still on its way up"
    assert moves(300.0, BREATHED) == [FORWARD, BACK]
