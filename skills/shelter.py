"""Digging in, by code: down three blocks, a block overhead, and wait there until one is well again.

What everybody does who is caught outdoors at night with nothing in hand: nobody strikes who cannot come near, and nobody shoots
at what it does not see. Needs no more than the senses that the policies have.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from sim.craft.act import ATTACK, EQUIP, PLACE
from sim.craft.physics import FORWARD, JUMP_FORWARD, YAW_RIGHT
from sim.craft.senses import EYE_HEIGHT
from skills.climb import DOWN, NEAR_GROUND, OVERHEAD, look, turn
from skills.targets import best_pickaxe

if TYPE_CHECKING:
    from sim.craft.world import CraftWorld
    from sim.minedojo.world import MineDojoWorld

ROOFING = ("dirt", "cobblestone", "sandstone", "planks", "log", "stone", "gravel", "sand")  # what lies loose last
LOWEST = 3  # height of the feet below which nobody digs
DEEP, DEEPEST = 3, 6  # blocks below where it began: for a roof, and where there is nothing for one
WAY, TURNING = 60, 4  # ticks that it walks one way in search of a place, the first ones spent on turning
SIDES = ((0, 1), (0, -1), (1, 0), (-1, 0))
PITCHES = (-45.0, -60.0, -30.0, -75.0)
SURE = 0.12  # metres that a ray has to keep from the edges of the face that a roof is put against


class Shelterer:
    """Actions of any of N agents that dig in; each remembers from where it dug down."""

    def __init__(self, world: CraftWorld | MineDojoWorld):
        self.world, self.box = world, world.config.box
        self.solid, self.liquid = world.tables[0]["block_solid"], world.tables[0]["block_liquid"]
        self.roofing = [world.data.item_index[name] for name in ROOFING]
        self.top = np.zeros(world.num_envs)

    def begin(self, envs: np.ndarray) -> None:
        """Start to dig in where the agents stand."""
        self.top[envs] = np.round(self.world.state_position().numpy()[envs, 1])

    def is_below(self, obs: dict[str, torch.Tensor], envs: np.ndarray) -> np.ndarray:
        """Bool [len(envs)]: who has dug down already."""
        return obs["position"].numpy()[envs, 1] < self.top[envs] - 0.5

    def act(self, obs: dict[str, torch.Tensor], envs: np.ndarray) -> np.ndarray:
        """Actions int [len(envs), 3]."""
        senses = {name: obs[name].numpy() for name in ("position", "compass", "voxels")}
        tools = best_pickaxe(self.world.arrays.inventory[envs], self.world.data)
        return np.array([self._one(env, {k: v[env] for k, v in senses.items()}, int(tool))
                         for env, tool in zip(envs.tolist(), tools, strict=True)])  # fmt: skip

    def _one(self, env: int, s: dict[str, np.ndarray], tool: int) -> tuple[int, int, int]:
        pitch, y = float(s["compass"][1]), float(s["position"][1])
        if self._is(self.solid, s, 0, OVERHEAD, 0):
            return (0, 0, 0)
        roof = self._roof(env, s)
        if roof is not None:
            item, yaw, up = roof
            return turn(float(s["compass"][0]), yaw) or look(pitch, up) or (0, PLACE, item)
        if y > self.top[env] - 0.5 and not self._may_dig(s):
            return self._walk_on(env, y)
        if not self._is(self.solid, s, 0, -1, 0):  # the edge still carries it, or it falls
            return self._step_in(s) if abs(y - round(y)) < NEAR_GROUND else (0, 0, 0)
        if not self._may_dig(s) or self.top[env] - y > DEEPEST:
            return (0, 0, 0)
        if tool and self.world.arrays.equipped[env] != tool:
            return (0, EQUIP, tool)
        return look(pitch, DOWN) or (0, ATTACK, 0)

    def _is(self, table: np.ndarray, s: dict[str, np.ndarray], x: int, y: int, z: int) -> bool:
        """Whether the block at an offset from the feet is one of a table's."""
        return bool(table[s["voxels"][x - self.box[0], y - self.box[2], z - self.box[4]]])

    def _may_dig(self, s: dict[str, np.ndarray]) -> bool:
        """Whether there is firm ground two blocks down, and no water around the next one."""
        around = any(self._is(self.liquid, s, x, y, z) for x, z in ((0, 0), *SIDES) for y in (-1, 0))
        return float(s["position"][1]) > LOWEST and self._is(self.solid, s, 0, -2, 0) and not around

    def _walk_on(self, env: int, y: float) -> tuple[int, int, int]:
        """Look for a better place, now and then another way; there it begins anew."""
        self.top[env] = round(y)
        return (YAW_RIGHT if self.world.arrays.ticks[env] % WAY < TURNING else JUMP_FORWARD, 0, 0)

    def _step_in(self, s: dict[str, np.ndarray]) -> tuple[int, int, int]:
        """Walk over the hole that was dug: what stands on its edge does not fall."""
        off = [float(v) - math.floor(float(v)) - 0.5 for v in s["position"][[0, 2]]]
        x = abs(off[0]) > abs(off[1])
        side = (-1 if off[0] > 0 else 1, 0) if x else (0, -1 if off[1] > 0 else 1)
        return turn(float(s["compass"][0]), side) or (FORWARD, 0, 0)

    def _roof(self, env: int, s: dict[str, np.ndarray]) -> tuple[int, tuple[int, int], float] | None:
        """(item, side, pitch) with which the hole can be shut now; None while it is not deep enough, or without anything."""
        held = np.flatnonzero(self.world.arrays.inventory[env, self.roofing] > 0)
        walls = [self._is(self.solid, s, x, y, z) for x, z in SIDES for y in (0, 1)]
        deep = self.top[env] - round(float(s["position"][1])) >= DEEP
        if not len(held) or not all(walls) or not deep:
            return None
        for x, z in SIDES:
            far = _to_wall(s["position"], x, z)
            for pitch in PITCHES:
                level = EYE_HEIGHT + far * math.tan(math.radians(-pitch))
                if OVERHEAD + SURE < level < OVERHEAD + 1 - SURE and self._is(self.solid, s, x, OVERHEAD, z):
                    return self.roofing[held[0]], (x, z), pitch
        return None


def _to_wall(position: np.ndarray, x: int, z: int) -> float:
    """Metres from the body's axis to the wall of its own column on side (x, z)."""
    along = float(position[0] if x else position[2])
    rest = along - math.floor(along)
    return 1.0 - rest if x + z > 0 else rest
