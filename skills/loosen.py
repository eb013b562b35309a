"""Getting loose, by code: a policy that stays on one spot for long has caught on a leaf, in a corner or in a hole.

Its agent turns to one of the four sides, digs what is before its eyes, walks on for some metres, and then the policy has its
way again; the next time it is another side. Who is to place something and stands in a shaft places it into what it dug.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from sim.craft.act import ATTACK, EQUIP, USE
from sim.craft.grid import SIZE
from sim.craft.physics import JUMP_FORWARD, PITCH_DOWN, PITCH_UP, YAW_LEFT, YAW_RIGHT
from skills.targets import best_pickaxe

if TYPE_CHECKING:
    from sim.craft.world import CraftWorld
    from sim.minedojo.world import MineDojoWorld

STAYS = 2.0  # metres: who has not been farther away has not moved
WALKS = 60  # ticks that getting loose takes
NEAR, REACH = 1.3, 3.5  # metres to a block that is in the way, and to one against which something is placed
BIN = 15.0  # degrees of one turn


class Loosener:
    """Takes over from the policies of N agents for a while; each remembers where it was and since when."""

    def __init__(self, world: CraftWorld | MineDojoWorld):
        n = world.num_envs
        self.world = world
        self.place = np.zeros((n, 2))
        self.since = np.zeros(n, dtype=np.int64)  # tick
        self.tries = np.zeros(n, dtype=np.int64)
        self.ends = np.full(n, -1, dtype=np.int64)  # tick at which it is loose, -1 = not at work
        self.yaw = np.zeros(n)

    def begin(self, envs: np.ndarray) -> None:
        """Watch some agents anew."""
        self.place[envs], self.since[envs] = (
            self.world.state_position().numpy()[envs][:, [0, 2]],
            self.world.arrays.ticks[envs],
        )
        self.ends[envs] = -1

    def stuck(self, obs: dict[str, torch.Tensor], envs: np.ndarray, patience: np.ndarray) -> np.ndarray:
        """Bool [len(envs)]: who has stayed on one spot for `patience` int [len(envs)] ticks, or is getting loose."""
        now, position = self.world.arrays.ticks[envs].astype(np.int64), obs["position"].numpy()[envs][:, [0, 2]]
        gone = position - self.place[envs]
        gone -= SIZE * np.floor(gone / SIZE + 0.5)
        at_work = self.ends[envs] >= 0
        over = (np.hypot(*gone.T) > STAYS) & ~at_work | at_work & (now >= self.ends[envs]) | (now < self.since[envs])
        self.begin(envs[over])
        begins = ~at_work & ~over & (now - self.since[envs] >= patience)
        some = envs[begins]
        self.ends[some] = now[begins] + WALKS
        self.tries[some] += 1
        yaw = obs["compass"].numpy()[some, 0]
        self.yaw[some] = (np.round(yaw / 90.0) + self.tries[some]) * 90.0
        return self.ends[envs] >= 0

    def act(self, obs: dict[str, torch.Tensor], envs: np.ndarray, tools: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Actions int [len(envs), 3]; `places` bool [len(envs)]: who is to use its tool (item int) on a block."""
        compass, ray = obs["compass"].numpy(), obs["rays_block_distance"].numpy()[:, 0]
        held, pickaxe = self.world.arrays.equipped, best_pickaxe(self.world.arrays.inventory[envs], self.world.data)
        out = np.zeros((len(envs), 3), dtype=np.int64)
        for k, env in enumerate(envs.tolist()):
            off = (self.yaw[env] - compass[env, 0] + 180.0) % 360.0 - 180.0
            pitch, front = compass[env, 1], ray[env]
            if abs(off) > BIN / 2:
                out[k, 0] = YAW_RIGHT if off > 0 else YAW_LEFT
            elif abs(pitch) > BIN / 2:
                out[k, 0] = PITCH_UP if pitch > 0 else PITCH_DOWN
            elif front < NEAR:
                out[k, 1:] = (EQUIP, pickaxe[k]) if pickaxe[k] not in (0, held[env]) else (ATTACK, 0)
            elif places[k] and front < REACH:
                out[k, 1:] = (USE, 0) if held[env] == tools[k] else (EQUIP, tools[k])
            else:
                out[k, 0] = JUMP_FORWARD
        return out
