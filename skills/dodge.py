"""Keeping one's distance, by code, whatever an agent is busy with: a shield around its policy.

A creeper explodes when it has been near for a second and a half, and that kills; a zombie strikes only from nearer than a sword
reaches. Policies learned neither to step back in time and come again, nor to keep just out of reach. So who fights a creeper
steps back before its fuse has burnt (it starts anew), who fights what strikes goes back while it is too near, hitting all
the same, and who does anything else keeps away from creepers. Only senses that the policies have too are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from sim.craft.data import KEEN, NEUTRAL, NIGHT, CraftData
from sim.craft.grid import SIZE
from sim.craft.mobs import BLAST, CLAW
from sim.craft.physics import BACK, JUMP_UP, LEFT, RIGHT, SPRINT_FORWARD
from skills.schema import Skill
from skills.targets import FIGHT

if TYPE_CHECKING:
    from sim.craft.world import CraftWorld
    from sim.minedojo.world import MineDojoWorld

CREEPER = "creeper"
SHOOTERS = ("skeleton", "witch")  # to go back from these is no use
HALF_WIDTH = 0.3  # metres from where a ray meets a mob to its middle
NEAR = BLAST + HALF_WIDTH  # where the fuse may burn
DWELL = 12  # of the 30 ticks of its fuse, after which a fighter steps back: that takes ten
CLEAR = NEAR + 0.2  # metres at which it may come again
CLOSE, APART = CLAW + 0.7, CLAW + 1.1  # metres to what strikes: from where one goes back, and where that is enough
AWAY, FAR = 4.5, 6.5  # metres: who fights none steps away from there, as far as there
LEAST_GAIN = 0.2  # metres farther by a metre's way
RECALL = 40  # ticks for which one that is out of sight is minded
MOVES = np.array([BACK, LEFT, RIGHT, SPRINT_FORWARD])
TURNS = np.radians([180.0, -90.0, 90.0, 0.0])  # of each of these moves from the gaze; yaw grows to the right


def foes(skills: Sequence[Skill], data: CraftData) -> np.ndarray:
    """int [len(skills)]: the kind of mob that each skill fights, 0 = none."""
    fights = [skill.policy == FIGHT and skill.target in data.mob_names for skill in skills]
    return np.array([data.mob_names.index(str(s.target)) if f else 0 for s, f in zip(skills, fights, strict=True)])


class Dodger:
    """Overrides the moves of N agents; each remembers where it last saw what it minds: its foe, or else a creeper."""

    def __init__(self, world: CraftWorld | MineDojoWorld):
        n, c = world.num_envs, world.config
        self.world, self.box = world, c.box
        data = world.data
        self.creeper = data.mob_names.index(CREEPER)
        shoots = np.isin(data.mob_names, SHOOTERS)
        self.strikes = np.isin(data.mob_temper, (NIGHT, KEEN, NEUTRAL)) & ~shoots  # of kinds; creepers among them
        self.solid, self.liquid = (world.tables[0][name].astype(bool) for name in ("block_solid", "block_liquid"))
        self.pitch, self.yaw = np.radians(np.array(c.lidar)).T
        self.kind = np.full(n, self.creeper)  # of mob that is minded
        self.place = np.zeros((n, 2))  # where it was seen last, x and z
        self.seen_at = np.full(n, -RECALL)  # tick
        self.near_for = np.zeros(n)  # ticks
        self.retreats = np.zeros(n, dtype=bool)
        self.last = np.zeros(n, dtype=np.int64)  # tick of the last look

    def begin(self, envs: np.ndarray) -> None:
        """Forget all about some environments."""
        self.seen_at[envs], self.near_for[envs], self.retreats[envs] = -RECALL, 0.0, False
        self.last[envs] = self.world.arrays.ticks[envs]

    def moves(self, obs: dict[str, torch.Tensor], envs: np.ndarray, moves: np.ndarray, foes: np.ndarray) -> np.ndarray:
        """What to do instead of `moves` int [len(envs)]; `foes` int [len(envs)]: the kind of mob that each fights, 0 = none."""
        passed = self._attend(envs, foes)
        position, compass = obs["position"].numpy()[envs][:, [0, 2]], np.radians(obs["compass"].numpy()[envs])
        self._look(obs, envs, position, compass)
        minds = self.last[envs] - self.seen_at[envs] < RECALL
        some, position, out = envs[minds], position[minds], moves.copy()
        if not len(some):
            return out
        away = position - self.place[some]
        away -= SIZE * np.floor(away / SIZE + 0.5)
        self._decide(some, np.hypot(*away.T), passed[minds], fights=foes[minds] == self.kind[some])
        step = self._step(obs, some, position, compass[minds, 0], away)
        out[minds] = np.where(self.retreats[some] & (step > 0), step, moves[minds])
        return out

    def _attend(self, envs: np.ndarray, foes: np.ndarray) -> np.ndarray:
        """Mind what each fights if that strikes, else creepers; returns the ticks since the last look."""
        now, kind = self.world.arrays.ticks[envs].astype(np.int64), np.where(self.strikes[foes], foes, self.creeper)
        self.begin(envs[(now < self.last[envs]) | (kind != self.kind[envs])])
        passed, self.last[envs], self.kind[envs] = now - self.last[envs], now, kind
        return passed

    def _decide(self, envs: np.ndarray, distance: np.ndarray, passed: np.ndarray, fights: np.ndarray) -> None:
        """Begin to retreat, or stop; each argument [len(envs)]."""
        self.near_for[envs] = np.where(distance < NEAR, self.near_for[envs] + passed, 0.0)
        bursts = self.kind[envs] == self.creeper
        begins = np.where(bursts, np.where(fights, self.near_for[envs] >= DWELL, distance < AWAY), distance < CLOSE)
        ends = distance >= np.where(bursts, np.where(fights, CLEAR, FAR), APART)
        self.retreats[envs] = (self.retreats[envs] | begins) & ~ends

    def _step(self, obs: dict[str, torch.Tensor], envs: np.ndarray, position: np.ndarray, yaw: np.ndarray,
              away: np.ndarray) -> np.ndarray:  # fmt: skip
        """The move int [len(envs)] that leads farthest `away` [len(envs), (x, z)], 0 where none does."""
        turned = yaw[:, None] + TURNS
        ways = np.stack([-np.sin(turned), np.cos(turned)], -1)  # [n, moves, (x, z)]
        gain = (ways * away[:, None]).sum(-1) / np.maximum(np.hypot(*away.T), 1e-6)[:, None]
        shut, up = self._ways(obs, envs, position, ways)
        gain[shut] = 0.0
        best, row = gain.argmax(1), np.arange(len(envs))
        return np.where(gain[row, best] < LEAST_GAIN, 0, np.where(up[row, best], JUMP_UP, MOVES[best]))

    def _look(self, obs: dict[str, torch.Tensor], envs: np.ndarray, position: np.ndarray, compass: np.ndarray) -> None:
        """Remember where the nearest mob of the kind is."""
        kinds, far = obs["rays_entity"].numpy()[envs], obs["rays_entity_distance"].numpy()[envs]
        far = np.where(kinds == self.kind[envs, None], far, np.inf)
        ray = far.argmin(1)
        met = np.flatnonzero(np.isfinite(far.min(1)))
        ray, some = ray[met], envs[met]
        flat = far[met, ray] * np.cos(compass[met, 1] + self.pitch[ray]) + HALF_WIDTH
        yaw = compass[met, 0] + self.yaw[ray]
        self.place[some] = position[met] + flat[:, None] * np.stack([-np.sin(yaw), np.cos(yaw)], -1)
        self.seen_at[some] = self.last[some]

    def _ways(self, obs: dict[str, torch.Tensor], envs: np.ndarray, position: np.ndarray,
              ways: np.ndarray) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """Bool [len(envs), moves] each: where a metre that way no body fits or there is water, and where it must jump first."""
        step = (np.floor(position[:, None] + ways) - np.floor(position)[:, None]).astype(int)
        x, y, z = step[..., 0] - self.box[0], -self.box[2], step[..., 1] - self.box[4]
        blocks, row = obs["voxels"].numpy()[envs], np.arange(len(envs))[:, None]
        ground, feet, head, above = (self.solid[blocks[row, x, y + k, z]] for k in (-1, 0, 1, 2))
        wet = self.liquid[blocks[row, x, y, z]] | (~ground & self.liquid[blocks[row, x, y - 1, z]])
        low = self.solid[blocks[:, -self.box[0], y + 2, -self.box[4]]][:, None]  # nothing to jump into
        up = feet & ~head & ~above & ~low
        return head | (feet & ~up) | wet, up
