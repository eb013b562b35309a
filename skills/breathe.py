"""Coming up for air, by code: a policy that digs under water, or swims below a shore, goes on until its agent drowns.

With little air left and water around the head, its move becomes a stroke upwards, until it has breathed; what it does with
its hands stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from sim.craft.physics import JUMP_UP

if TYPE_CHECKING:
    from sim.craft.world import CraftWorld
    from sim.minedojo.world import MineDojoWorld

GASPS, BREATHED = 100.0, 250.0  # of 300: air at which it goes up, and with which it goes on


class Breather:
    """Overrides the moves of N agents; each remembers whether it is on its way up."""

    def __init__(self, world: CraftWorld | MineDojoWorld):
        self.gasps = np.zeros(world.num_envs, dtype=bool)

    def moves(self, obs: dict[str, torch.Tensor], envs: np.ndarray, moves: np.ndarray) -> np.ndarray:
        """What to do instead of `moves` int [len(envs)]."""
        air = obs["life"].numpy()[envs, 2]
        self.gasps[envs] = np.where(self.gasps[envs], air < BREATHED, air < GASPS)
        return np.where(self.gasps[envs], JUMP_UP, moves)
