"""Not to fall into one's own shafts, by code: who dug down to a depth and climbed out walks there again, and falls.

Each agent remembers how deep its body has been in every column. A step into one that is open and known to be deep becomes a
step aside. What it never went down it cannot judge, as the voxel box ends two blocks below the feet: who is so badly hurt that
a fall may kill takes no step into such a column either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from sim.craft.grid import SIZE
from sim.craft.physics import BACK, FORWARD, HALF_WIDTH, JUMP_FORWARD, LEFT, RIGHT, SAFE_FALL, SPRINT_FORWARD

if TYPE_CHECKING:
    from sim.craft.world import CraftWorld
    from sim.minedojo.world import MineDojoWorld

TURNS = {FORWARD: 0.0, JUMP_FORWARD: 0.0, SPRINT_FORWARD: 0.0, BACK: 180.0, LEFT: -90.0, RIGHT: 90.0}  # from the gaze
AHEAD = np.array([0.4, 0.8, 1.2])  # metres at which a move's way is looked at: it leads no farther
DEEP = SAFE_FALL + 0.5  # metres: falling farther hurts
CORNERS = [(dx, dz) for dx in (-HALF_WIDTH, HALF_WIDTH) for dz in (-HALF_WIDTH, HALF_WIDTH)]  # of the body
WARY = 8.0  # half hearts at which it goes where it sees the ground
SIDE_TICKS = 32  # for which one keeps to one side


class Footing:
    """Overrides the moves of N agents; `lowest` f32 [N, SIZE, SIZE] is the height where each was deepest in a column."""

    def __init__(self, world: CraftWorld | MineDojoWorld):
        self.world, self.box = world, world.config.box
        self.carries = (world.tables[0]["block_solid"] + world.tables[0]["block_liquid"]).astype(bool)
        self.lowest = np.full((world.num_envs, SIZE, SIZE), np.inf, dtype=np.float32)
        self.last = np.zeros(world.num_envs, dtype=np.int64)  # tick of the last look

    def look(self, obs: dict[str, torch.Tensor], envs: np.ndarray) -> None:
        """Remember where some agents are; all is forgotten where an episode has begun."""
        now = self.world.arrays.ticks[envs]
        self.lowest[envs[now < self.last[envs]]] = np.inf
        self.last[envs] = now
        x, y, z = obs["position"].numpy()[envs].T
        for dx, dz in CORNERS:
            column = envs, np.floor(x + dx).astype(int) % SIZE, np.floor(z + dz).astype(int) % SIZE
            self.lowest[column] = np.minimum(self.lowest[column], y)

    def moves(self, obs: dict[str, torch.Tensor], envs: np.ndarray, moves: np.ndarray) -> np.ndarray:
        """What to do instead of `moves` int [len(envs)]: to the side, to the other, back, or nothing."""
        risky = np.array([move in TURNS for move in moves.tolist()], dtype=bool)
        risky[risky] = self._falls(obs, envs[risky], moves[risky])
        some, out = envs[risky], moves.copy()
        if not len(some):
            return out
        left = self.world.arrays.ticks[some] // SIDE_TICKS % 2 == 0
        chosen = np.zeros(len(some), dtype=moves.dtype)
        for other in (np.full(len(some), BACK), np.where(left, RIGHT, LEFT), np.where(left, LEFT, RIGHT)):
            chosen = np.where(self._falls(obs, some, other), chosen, other)
        out[risky] = chosen
        return out

    def _falls(self, obs: dict[str, torch.Tensor], envs: np.ndarray, moves: np.ndarray) -> np.ndarray:
        """Bool [len(envs)]: whether each of `moves` leads into an open column that is known to be deep."""
        position, yaw = obs["position"].numpy()[envs], obs["compass"].numpy()[envs, 0]
        turned = np.radians(yaw + np.array([TURNS[move] for move in moves.tolist()]))[:, None]
        x, y, z = position[:, :1], position[:, 1], position[:, 2:]
        to_x = np.floor(x - np.sin(turned) * AHEAD).astype(int)
        to_z = np.floor(z + np.cos(turned) * AHEAD).astype(int)
        column, row = envs[:, None], np.arange(len(envs))[:, None]
        deep = self.lowest[column, to_x % SIZE, to_z % SIZE] < y[:, None] - DEEP
        deep |= obs["life"].numpy()[envs, :1] <= WARY
        across = to_x - np.floor(x).astype(int) - self.box[0], to_z - np.floor(z).astype(int) - self.box[4]
        below = obs["voxels"].numpy()[envs][
            row, across[0], : 1 - self.box[2], across[1]
        ]  # [n, points, levels up to the feet]
        return (deep & ~self.carries[below].any(-1)).any(1)
