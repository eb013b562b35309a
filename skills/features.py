"""From observations to what the policies read: one float row per environment, centred on the agent and on its target.

Uses only what real MineDojo reports too (rays, voxels, compass, position, life, inventory, the action before), plus a memory
of where the target was last seen, which is kept here. The layout is the same for every family of policies:

    near grid   4 ahead x 3 across x 6 up      1 where a block is solid, turned to the gaze
    rays        R closeness, R target closeness 1 - distance/range, 0 if nothing is met
    target      box, rays, memory              each: seen?, ahead, right, up, distance, and how far gaze and target part
    body        pitch, height, depth band, life, tool, motion since the last decision, way from the start, time used
    action      12 moves, 3 interactions       one-hot of the decision before
    place       biome one-hot, day's clock     sine and cosine of the time of day, and whether it is night
    task        8 traits of the skill          see `skills.targets`
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from numba import prange

from sim.craft.actions import INTERACT, MOVES
from sim.craft.biomes import BIOMES
from sim.craft.compile import compiled, parallel
from sim.craft.grid import SIZE
from sim.craft.senses import EYE_HEIGHT
from sim.craft.state import DAY_TICKS, MAX_FOOD, MAX_HEALTH, MAX_OXYGEN, NIGHT_END, NIGHT_START, WorldConfig
from sim.craft.world import CraftWorld
from skills.targets import TRAITS, TargetTable

if TYPE_CHECKING:
    from sim.minedojo.world import MineDojoWorld

GRID = (-1, 2, -1, 1, -2, 3)  # ahead, across, up: first and last cell
GRID_CELLS = 72
TARGET_NUMBERS = 8
BODY_NUMBERS = 20
PLACE_NUMBERS = len(BIOMES) + 3
FEATURES_VERSION = 2


def feature_size(config: WorldConfig) -> int:
    """Length of a feature row under a world's configuration."""
    return (
        GRID_CELLS
        + 2 * len(config.lidar)
        + 3 * TARGET_NUMBERS
        + BODY_NUMBERS
        + MOVES
        + len(INTERACT)
        + PLACE_NUMBERS
        + TRAITS
    )


@compiled
def _wrapped(delta):
    return delta - SIZE * math.floor(delta / SIZE + 0.5)


@compiled
def _near_grid(out, k, voxels, box, solid, yaw):
    """Solid cells around the feet, turned so that the gaze is ahead."""
    c, n = math.cos(yaw), math.sin(yaw)
    for ahead in range(-1, 3):
        for across in range(-1, 2):
            dx = int(math.floor(-n * ahead - c * across + 0.5))
            dz = int(math.floor(c * ahead - n * across + 0.5))
            for up in range(-2, 4):
                out[k] = solid[voxels[dx - box[0], up - box[2], dz - box[4]]]
                k += 1
    return k


@compiled
def _write_target(out, k, seen, dx, dy, dz, yaw, pitch, scale):
    """Eight numbers of a target at (dx, dy, dz) from the eye."""
    if seen:
        c, n = math.cos(yaw), math.sin(yaw)
        ahead, right = -n * dx + c * dz, -c * dx - n * dz
        flat = math.hypot(dx, dz)
        distance = math.hypot(flat, dy)
        aim = math.atan2(-dy, flat + 1e-6) - pitch
        out[k] = 1.0
        out[k + 1] = max(min(ahead / scale, 2.0), -2.0)
        out[k + 2] = max(min(right / scale, 2.0), -2.0)
        out[k + 3] = max(min(dy / scale, 2.0), -2.0)
        out[k + 4] = min(distance / scale, 2.0)
        out[k + 5] = ahead / (flat + 1e-6)
        out[k + 6] = right / (flat + 1e-6)
        out[k + 7] = aim
    return k + 8


@compiled
def _ray_features(out, k, blocks, block_distance, mobs, mob_distance, want_block, want_mob, limit):
    """Closeness of what each ray meets and of the target; returns (k, best ray or -1, its distance)."""
    rays = blocks.shape[0]
    best, best_distance = -1, limit
    for r in range(rays):
        distance = min(block_distance[r], mob_distance[r]) if mobs[r] else block_distance[r]
        out[k + r] = 1.0 - distance / limit
        hit = 0.0
        if mobs[r] and want_mob[mobs[r]]:
            hit = mob_distance[r]
        elif not mobs[r] and want_block[blocks[r]]:
            hit = block_distance[r]
        if hit > 0.0:
            out[k + rays + r] = 1.0 - hit / limit
            if hit < best_distance:
                best, best_distance = r, hit
    return k + 2 * rays, best, best_distance


@compiled
def _nearest_voxel(voxels, box, want_block, fx, fy, fz):
    """Nearest target block of the box: (found, dx, dy, dz) from the eye to its centre; f* = eye within the feet cell."""
    best, bx, by, bz = 1e9, 0.0, 0.0, 0.0
    for x in range(voxels.shape[0]):
        for y in range(voxels.shape[1]):
            for z in range(voxels.shape[2]):
                if want_block[voxels[x, y, z]]:
                    dx = x + box[0] + 0.5 - fx
                    dy = y + box[2] + 0.5 - fy
                    dz = z + box[4] + 0.5 - fz
                    d = dx * dx + dy * dy + dz * dz
                    if d < best:
                        best, bx, by, bz = d, dx, dy, dz
    return best < 1e8, bx, by, bz


@compiled
def _write_place(out, k, biome, time):
    """Biome and time of day."""
    out[k + biome] = 1.0
    k += len(BIOMES)
    angle = 2.0 * math.pi * time / DAY_TICKS
    out[k], out[k + 1] = math.sin(angle), math.cos(angle)
    out[k + 2] = 1.0 if NIGHT_START <= time < NIGHT_END else 0.0
    return k + 3


@compiled
def _featurize(i, out, senses, memory, tables, skill, rays, box, limit):
    """Fill feature row i; see the module's docstring for the layout."""
    (blocks, block_distance, mobs, mob_distance, voxels, compass, position, life, inventory, equipped, biome, time) = (
        senses
    )
    (seen, seen_at, seen_age, start_at, last_at, move, interact, used) = memory
    (want_blocks, want_mobs, tool, depth, ticks_limit, traits, solid, dig_ticks, harvestable) = tables
    row = out[i]
    row[:] = 0.0
    k = skill[i]
    want_block, want_mob = want_blocks[k], want_mobs[k]
    yaw, pitch = math.radians(compass[i, 0]), math.radians(compass[i, 1])
    x, y, z = position[i, 0], position[i, 1], position[i, 2]
    at = _near_grid(row, 0, voxels[i], box, solid, yaw)
    at, ray, distance = _ray_features(
        row, at, blocks[i], block_distance[i], mobs[i], mob_distance[i], want_block, want_mob, limit
    )
    fx, fz = x - math.floor(x), z - math.floor(z)
    fy = y + EYE_HEIGHT - math.floor(y + 0.01)
    found, dx, dy, dz = _nearest_voxel(voxels[i], box, want_block, fx, fy, fz)
    at = _write_target(row, at, found, dx, dy, dz, yaw, pitch, 4.0)
    if ray >= 0:
        p = int(round((compass[i, 1] + 90.0) / 15.0))
        d = rays[p, ray]
        c, n = math.cos(yaw), math.sin(yaw)
        rx, ry, rz = (c * d[0] - n * d[2]) * distance, d[1] * distance, (n * d[0] + c * d[2]) * distance
        at = _write_target(row, at, True, rx, ry, rz, yaw, pitch, 16.0)
        if not found:
            dx, dy, dz = rx, ry, rz
    else:
        at += 8
    if found or ray >= 0:
        seen[i] = 1
        seen_at[i, 0], seen_at[i, 1], seen_at[i, 2] = x + dx, y + EYE_HEIGHT + dy, z + dz
        seen_age[i] = 0
    elif seen[i]:
        seen_age[i] += 1
        gone = math.hypot(_wrapped(seen_at[i, 0] - x), _wrapped(seen_at[i, 2] - z)) < 1.5
        if (gone and seen_age[i] > 12) or seen_age[i] > 150:
            seen[i] = 0
    at = _write_target(
        row, at, seen[i], _wrapped(seen_at[i, 0] - x), seen_at[i, 1] - y - EYE_HEIGHT, _wrapped(seen_at[i, 2] - z), yaw,
        pitch, 16.0,
    )  # fmt: skip
    c, n = math.cos(yaw), math.sin(yaw)
    mx, my, mz = _wrapped(x - last_at[i, 0]), y - last_at[i, 1], _wrapped(z - last_at[i, 2])
    sx, sz = _wrapped(x - start_at[i, 0]), _wrapped(z - start_at[i, 2])
    front = blocks[i, 0] if not mobs[i, 0] else 0
    row[at] = pitch
    row[at + 1] = (y - 24.0) / 16.0
    row[at + 2] = max(min((y - depth[k, 0]) / 8.0, 2.0), -2.0)
    row[at + 3] = max(min((y - depth[k, 1]) / 8.0, 2.0), -2.0)
    row[at + 4] = life[i, 0] / MAX_HEALTH
    row[at + 5] = life[i, 1] / MAX_FOOD
    row[at + 6] = life[i, 2] / MAX_OXYGEN
    row[at + 7] = 1.0 if tool[k] == 0 or equipped[i] == tool[k] else 0.0
    row[at + 8] = 1.0 if tool[k] == 0 or inventory[i, tool[k]] > 0 else 0.0
    row[at + 9] = min(dig_ticks[front, equipped[i]] / 80.0, 2.0) if front else 0.0
    row[at + 10] = harvestable[front, equipped[i]] if front else 0.0
    row[at + 11] = 1.0 if front and block_distance[i, 0] < 4.5 else 0.0
    row[at + 12] = -n * mx + c * mz
    row[at + 13] = -c * mx - n * mz
    row[at + 14] = my
    row[at + 15] = (-n * sx + c * sz) / 16.0
    row[at + 16] = (-c * sx - n * sz) / 16.0
    row[at + 17] = min(used[i] / ticks_limit[k], 2.0)
    row[at + 18] = 1.0 - math.exp(-seen_age[i] / 10.0) if seen[i] else 1.0
    row[at + 19] = min(block_distance[i, 0], 4.5) / 4.5
    at += 20
    row[at + move[i]] = 1.0
    row[at + 12 + interact[i]] = 1.0
    at = _write_place(row, at + 15, biome[i], time[i])
    row[at : at + traits.shape[1]] = traits[k]
    last_at[i, 0], last_at[i, 1], last_at[i, 2] = x, y, z


@parallel
def _featurize_all(envs, out, senses, memory, tables, skill, rays, box, limit):
    for j in prange(envs.shape[0]):
        _featurize(envs[j], out, senses, memory, tables, skill, rays, box, limit)


_START_AT, _LAST_AT = 3, 4


def _fresh_memory(n: int) -> tuple[np.ndarray, ...]:
    """What `_featurize` keeps of n agents: seen, seen_at, seen_age, start_at, last_at, move, interact, used."""
    f = np.float32
    return (np.zeros(n, np.uint8), np.zeros((n, 3), f), np.zeros(n, np.int32), np.zeros((n, 3), f), np.zeros((n, 3), f),
            np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int32))  # fmt: skip


class Featurizer:
    """Feature rows of N environments and the memory behind them.

    `skill` int64 [N] holds the row of `targets` that each environment works on; set it through `begin`.
    """

    def __init__(self, num_envs: int, world: CraftWorld | MineDojoWorld, targets: TargetTable):
        config: WorldConfig = world.config
        t = world.tables[0]
        self.size = feature_size(config)
        self.skill = np.zeros(num_envs, dtype=np.int64)
        self.rows = np.zeros((num_envs, self.size), dtype=np.float32)
        self._memory = _fresh_memory(num_envs)
        self._tables = (targets.blocks, targets.mobs, targets.tool, targets.depth, targets.limit, targets.traits,
                        t["block_solid"], t["dig_ticks"], t["harvestable"])  # fmt: skip
        self._rays, self._box, self._limit = t["rays"], t["box"], float(config.ray_range)
        self._all = np.arange(num_envs)

    @property
    def target_seen(self) -> np.ndarray:
        """u8 [N]: whether the memory holds a place where the target is or was."""
        return self._memory[0]

    @property
    def ticks_used(self) -> np.ndarray:
        """i32 [N]: game ticks since `begin`; written by who steps the world."""
        return self._memory[7]

    def begin(self, envs: np.ndarray, skills: np.ndarray, position: torch.Tensor) -> None:
        """Forget everything about `envs` and condition them on `skills` (rows of the target table)."""
        seen, _, age, start_at, last_at, move, interact, used = self._memory
        self.skill[envs] = skills
        here = position.numpy()[envs]
        start_at[envs], last_at[envs] = here, here
        seen[envs], age[envs], move[envs], interact[envs], used[envs] = 0, 0, 0, 0, 0

    def acted(self, envs: np.ndarray, move: np.ndarray, interact: np.ndarray, ticks: np.ndarray) -> None:
        """Remember the decision just taken and the game ticks it lasted, each [len(envs)]."""
        self._memory[5][envs], self._memory[6][envs] = move, interact
        self._memory[7][envs] += ticks

    def at_start(
        self, obs: dict[str, torch.Tensor], envs: np.ndarray, skills: np.ndarray, position: torch.Tensor
    ) -> torch.Tensor:
        """Feature rows float32 [len(envs), size] of skills (rows of the target table) that would begin now in `envs`; an
        environment may come many times. The memory stays as it is."""
        senses = tuple(obs[name].numpy()[envs] for name in _SENSES)
        memory, here = _fresh_memory(len(envs)), position.numpy()[envs]
        memory[_START_AT][:], memory[_LAST_AT][:] = here, here
        rows = np.zeros((len(envs), self.size), dtype=np.float32)
        _featurize_all(
            np.arange(len(envs)), rows, senses, memory, self._tables, skills, self._rays, self._box, self._limit
        )
        return torch.from_numpy(rows)

    def __call__(self, obs: dict[str, torch.Tensor], envs: np.ndarray | None = None) -> torch.Tensor:
        """Feature rows of all environments, float32 [N, size] (only those of `envs` are refreshed)."""
        senses = tuple(obs[name].numpy() for name in _SENSES)
        _featurize_all(
            self._all if envs is None else envs, self.rows, senses, self._memory, self._tables, self.skill, self._rays,
            self._box, self._limit,
        )  # fmt: skip
        return torch.from_numpy(self.rows)


_SENSES = ("rays_block", "rays_block_distance", "rays_entity", "rays_entity_distance", "voxels", "compass", "position",
           "life", "inventory", "equipped", "biome", "time")  # fmt: skip
