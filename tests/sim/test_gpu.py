"""The world's kernel compiles for a GPU, where there is none: what Numba's CUDA target does not know fails here, not there."""

from __future__ import annotations

from types import SimpleNamespace
from unittest import mock

import pytest
import torch

from sim.craft.gpu import CraftOnGPU, ptx
from sim.craft.state import WorldConfig
from sim.craft.world import CraftWorld
from sim.world import UserError

pytest.importorskip("numba_cuda", reason="needs the extra gpu")


def test_the_kernel_compiles_for_a_device_that_is_not_here():
    from numba.cuda import compiler, dispatcher

    hopper = SimpleNamespace(compute_capability=(9, 0))
    world = CraftWorld(2, config=WorldConfig())
    world.reset(seed=0)
    with (
        mock.patch.object(dispatcher, "get_current_device", lambda: hopper),
        mock.patch.object(compiler, "get_current_device", lambda: hopper, create=True),
    ):
        text = ptx(world, hopper.compute_capability)
    assert ".target sm_90" in text and ".visible .entry" in text


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a device")
def test_without_a_device_it_says_so():
    world = CraftWorld(1)
    world.reset(seed=0)
    with pytest.raises(UserError, match="this machine has none"):
        CraftOnGPU(world)
