"""`CraftWorld`: N embedded Minecraft-like environments behind Gymnasium's vector interface, in torch tensors.

Observations (each with a leading [N]; names after MineDojo's): `rays_block` u8[R] block ids and `rays_block_distance`
f32[R] of the lidar, `rays_entity` u8[R] mob kinds and `rays_entity_distance` f32[R], `voxels` u8[X, Y, Z] block ids around
the feet in world axes, `compass` f32[2] (yaw, pitch in degrees), `position` f32[3], `life` f32[3] (health, food, oxygen),
`inventory` i16[I], `equipped` i16 item index, `biome` u8, `time` i32 (tick of the day).
Actions: int [N, 3] = (move, functional, item); see `actions.to_minedojo` for what each becomes in MineDojo.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import AutoresetMode

from sim.craft import data as craft_data
from sim.craft.actions import FUNCTIONAL, MOVES
from sim.craft.chance import scramble
from sim.craft.facts import aboveground, write_facts
from sim.craft.grid import CELLS
from sim.craft.kernel import nearby_all, observe_all, reset_some, step_all
from sim.craft.start import Start
from sim.craft.state import (
    WorldConfig,
    fields,
    make_tables,
    observation_dtype,
    records,
    state_dtype,
)
from sim.craft.terrain import BIOMES, Pool


class CraftWorld(gym.vector.VectorEnv):
    """N environments of the embedded world; same seeds, same episodes, whatever N is."""

    metadata = {"render_modes": ["rgb_array"], "autoreset_mode": AutoresetMode.DISABLED}  # noqa: RUF012

    def __init__(
        self,
        num_envs: int = 1,
        *,
        seed: int = 0,
        config: WorldConfig | None = None,
        render_mode: str | None = None,
    ):
        self.num_envs = num_envs
        self.config = config or WorldConfig()
        self.render_mode = render_mode
        self.device = torch.device("cpu")
        self.data = craft_data.load()
        self.tables = make_tables(self.data, self.config)
        self.records = records(np.zeros(num_envs, state_dtype(len(self.data.item_names), len(self.data.mob_names))))
        self._senses = records(np.zeros(num_envs, observation_dtype(self.config)))
        self.arrays = SimpleNamespace(**fields(self.records))
        self.state = SimpleNamespace(**{name: _tensor(a) for name, a in fields(self.records).items()})
        self._words = _block_words(self.records)
        self._observations = self._name_observations()
        self.pool = Pool(seed, self.config.maps_per_biome)
        self.fact_names = craft_data.fact_names(self.data)
        self._starts: list[Start] = [Start.default(self.config)] * num_envs
        self._seeds = seed + np.arange(num_envs, dtype=np.int64)
        self._episodes = np.zeros(num_envs, dtype=np.int64)
        self._paused, self._known = np.zeros(num_envs, dtype=bool), np.zeros(num_envs, dtype=bool)
        self._near = np.zeros((num_envs, len(self.data.nearby_names)), dtype=np.int32)  # of paused ones `_known`
        if self.config.autoreset:
            self.metadata = {**self.metadata, "autoreset_mode": AutoresetMode.SAME_STEP}
        self._make_spaces()

    # -- Gymnasium ---------------------------------------------------------------------------------------------------

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[dict[str, torch.Tensor], dict]:
        """Start new episodes; `seed` is one number (environment i gets seed + i) or one per environment, `options` as in
        `sim.world.World`. A `start` that the world cannot set up raises `UserError`."""
        options = options or {}
        if seed is not None:
            self._seeds = np.asarray(seed, dtype=np.int64) + (np.arange(self.num_envs) if np.ndim(seed) == 0 else 0)
            self._episodes[:] = 0
        mask = options.get("mask")
        chosen = np.arange(self.num_envs) if mask is None else np.flatnonzero(np.asarray(mask))
        starts = options.get("start")
        if starts is not None:
            parsed = {int(i): Start.parse(starts[i], self.config, self.data) for i in chosen}
            for i, start in parsed.items():
                self._starts[i] = start
        self._begin(chosen)
        return self._observations, {}

    def step(
        self, actions: torch.Tensor
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor, torch.Tensor, dict]:
        """Hold actions int [N, 3] for `config.ticks` game ticks. The reward is 0: tasks bring their own."""
        c = self.config
        step_all(
            self.records,
            self.tables,
            self._senses,
            np.asarray(actions),
            self._paused,
            c.ticks,
            c.hostile,
            c.sense_rays,
            c.sense_voxels,
        )
        terminated = self.state.health <= 0
        truncated = (self.state.ticks >= self.state.max_ticks) & ~terminated
        info: dict[str, Any] = {}
        if c.autoreset:
            self._restart(terminated | truncated, info)
        return self._observations, torch.zeros(self.num_envs), terminated, truncated, info

    def render(self) -> Any:
        """First-person pictures of all environments, u8 [N, H, W, 3]."""
        from sim.craft.render import first_person

        return first_person(self, np.arange(self.num_envs))

    def close(self, **kwargs: Any) -> None:
        """Nothing to free: the arrays go with the object."""

    # -- facts -------------------------------------------------------------------------------------------------------

    def facts(self) -> torch.Tensor:
        """int32 [N, F]: inventory counts, nearby flags, life, counts of deeds; see `fact_names`."""
        a, voxels, solid = self.arrays, self._senses["voxels"], self.tables[0]["block_solid"]
        out = np.zeros((self.num_envs, len(self.fact_names)), dtype=np.int32)
        above = aboveground(a.y, voxels, self.config.box, solid)
        nearby_all(self.records, self.tables, self._known, self._near)
        self._known[:] = self._paused
        write_facts(out, self.data, a, np.stack([a.health, a.food], 1), above)[:] = self._near
        return torch.from_numpy(out)

    def pause(self, env_ids: Sequence[int]) -> None:
        """See `sim.world.World`."""
        self._paused[env_ids], self._known[env_ids] = True, False

    @property
    def seeds(self) -> np.ndarray:
        """int64 [N]: what each environment's episodes were seeded with."""
        return self._seeds

    @property
    def ticks(self) -> torch.Tensor:
        """i32 [N]: game ticks since each environment's reset."""
        return self.state.ticks

    def state_position(self) -> torch.Tensor:
        """f32 [N, 3]: where the feet of each environment's agent are."""
        return torch.stack((self.state.x, self.state.y, self.state.z), dim=1)

    def bytes_per_env(self) -> int:
        """Memory of one environment: state and observations."""
        return self.records.itemsize + self._senses.itemsize

    # -- inner parts -------------------------------------------------------------------------------------------------

    def _begin(self, chosen: np.ndarray) -> None:
        """Seed, place and populate the environments `chosen`."""
        if len(chosen) == 0:
            return
        self._paused[chosen] = self._known[chosen] = False
        starts = [self._starts[i] for i in chosen]
        seeds = np.array([self._seeds[i] if s.seed is None else s.seed for i, s in zip(chosen, starts, strict=True)])
        self.arrays.rng[chosen] = scramble(seeds * 1_000_003 + self._episodes[chosen])
        self._episodes[chosen] += 1
        biomes = np.array([self._pick_biome(s, i) for i, s in zip(chosen, starts, strict=True)])
        maps = np.array([self.pool.pick(int(b), int(self.arrays.rng[i])) for i, b in zip(chosen, biomes, strict=True)])
        self.arrays.biome[chosen] = biomes
        self.arrays.time[chosen] = [s.time for s in starts]
        self.arrays.max_ticks[chosen] = [s.max_steps for s in starts]
        self.arrays.spawns[chosen] = [s.spawns for s in starts]
        mobs = np.array([s.mobs for s in starts])
        mob_range = np.array([s.mob_range for s in starts])
        c = self.config
        natural = np.where([s.spawns for s in starts], c.natural_mobs, 0)
        reset_some(self.records, self.tables, self._senses, self._words, chosen, self.pool.words, maps, mobs, mob_range, natural,
                   c.sense_rays, c.sense_voxels)  # fmt: skip
        for i, start in zip(chosen, starts, strict=True):
            for item, count in start.inventory:
                self.arrays.inventory[i, item] = count
            for item in start.worn:
                self.arrays.worn[i, self.data.item_slot[item] - 1] = item
                self.arrays.inventory[i, item] = max(self.arrays.inventory[i, item], 1)

    def _pick_biome(self, start: Start, env: int) -> int:
        return int(self.arrays.rng[env]) % len(BIOMES) if start.biome is None else start.biome

    def _restart(self, done: torch.Tensor, info: dict[str, Any]) -> None:
        """Autoreset: keep the true last observations in `info`, then begin anew."""
        if bool(done.any()):
            info["final_obs"] = {name: value.clone() for name, value in self._observations.items()}
            info["_final_obs"] = done
            self._begin(np.flatnonzero(done.numpy()))

    def observe(self) -> dict[str, torch.Tensor]:
        """The observations of the present state (after `state` was written by hand)."""
        observe_all(self.records, self.tables, self._senses, self.config.sense_rays, self.config.sense_voxels)
        return self._observations

    def _name_observations(self) -> dict[str, torch.Tensor]:
        named = {name: _tensor(a) for name, a in fields(self._senses).items()}
        for name in ("inventory", "equipped", "biome", "time"):
            named[name] = getattr(self.state, name)
        if not self.config.sense_rays:
            named = {k: v for k, v in named.items() if not k.startswith("rays")}
        if not self.config.sense_voxels:
            named.pop("voxels")
        return named

    def _make_spaces(self) -> None:
        shapes = {name: (tuple(t.shape[1:]), t.numpy().dtype) for name, t in self._observations.items()}
        single: dict[str, gym.Space] = {name: _box(shape, dtype) for name, (shape, dtype) in shapes.items()}
        self.single_observation_space = gym.spaces.Dict(single)
        self.single_action_space = gym.spaces.MultiDiscrete([MOVES, FUNCTIONAL, len(self.data.item_names)])
        self.observation_space = gym.vector.utils.batch_space(self.single_observation_space, self.num_envs)
        self.action_space = gym.vector.utils.batch_space(self.single_action_space, self.num_envs)


def _box(shape: tuple[int, ...], dtype: Any) -> gym.spaces.Box:
    if np.issubdtype(dtype, np.integer):
        return gym.spaces.Box(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, dtype)
    return gym.spaces.Box(-np.inf, np.inf, shape, dtype)


def _block_words(envs: np.ndarray) -> np.ndarray:
    """u32 [N, CELLS/4]: the blocks of all environments, four cells of a column in each word, on their own memory."""
    offset = envs.dtype.fields["blocks"][1]  # type: ignore[index]
    words = envs.view(np.ndarray).view(np.uint8).reshape(len(envs), -1)[:, offset : offset + CELLS]
    return words.view(np.uint32)


def _tensor(array: np.ndarray) -> torch.Tensor:
    """A tensor on the same memory; unsigned types torch lacks are seen as signed ones."""
    signed = {np.dtype(np.uint16): np.int16, np.dtype(np.uint32): np.int32}
    return torch.from_numpy(array.view(signed.get(array.dtype, array.dtype)))
