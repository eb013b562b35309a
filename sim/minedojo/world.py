"""`--world minedojo`: N MineDojo environments behind the interface of `CraftWorld`, for the same policies and planners.

Each environment is a `Player`, in its own process where Minecraft runs, in this one on the embedded world. A client that
dies is replaced; the episode that it took along is reported in `info["failures"]`, apart from episodes that fail.
"""

from __future__ import annotations

import multiprocessing as mp
import traceback
from collections.abc import Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import torch

from sim.craft import data as craft_data
from sim.craft.actions import FUNCTIONAL, MOVES
from sim.craft.facts import aboveground, write_facts
from sim.craft.senses import NEARBY_MOB
from sim.craft.start import Start
from sim.craft.state import WorldConfig, make_tables, observation_dtype
from sim.minedojo.player import BACKENDS, Player
from sim.world import UserError

PATIENCE = 600.0  # seconds that a client may take for one call; starting Minecraft takes minutes
About = tuple[WorldConfig, str, tuple[int, int]]  # what a player is made with
SCALARS = ("equipped", "ticks", "time", "biome")
COUNTS = ("inventory", "killed", "used")


class MineDojoWorld(gym.vector.VectorEnv):
    """N MineDojo environments; observations, actions and facts are those of `CraftWorld`.

    Mobs are nearby when a ray meets them: MineDojo reports no others.
    """

    metadata = {"render_modes": []}  # noqa: RUF012

    def __init__(self, num_envs: int = 1, *, seed: int = 0, config: WorldConfig | None = None, backend: str = "minecraft",
                 workers: bool | None = None, picture: tuple[int, int] = (16, 16)):  # fmt: skip
        if backend not in BACKENDS:
            raise UserError(f"MineDojo runs on {' or on '.join(BACKENDS)}, not on '{backend}'")
        self.num_envs, self.config, self.backend = num_envs, config or WorldConfig(), backend
        self.device = torch.device("cpu")
        self.data = craft_data.load()
        self.tables = make_tables(self.data, self.config)
        self.fact_names = craft_data.fact_names(self.data)
        apart = backend == "minecraft" if workers is None else workers
        about = (self.config, backend, picture)
        self._make = (lambda: _Remote(about)) if apart else (lambda: _Local(about))
        self._players: list[_Local | _Remote] = [self._make() for _ in range(num_envs)]
        self._senses = np.zeros(num_envs, observation_dtype(self.config))
        n, items, kinds = num_envs, len(self.data.item_names), len(self.data.mob_names)
        self.arrays = SimpleNamespace(
            inventory=np.zeros((n, items), np.int16), killed=np.zeros((n, kinds), np.int16), used=np.zeros((n, items), np.int16),
            equipped=np.zeros(n, np.int16), ticks=np.zeros(n, np.int32), time=np.zeros(n, np.int32), biome=np.zeros(n, np.uint8),
            max_ticks=np.full(n, self.config.max_steps, np.int32),
        )  # fmt: skip
        self._dead, self._paused = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        self._pictures = np.zeros((n, *picture, 3), np.uint8)
        self._failed: dict[int, str] = {}
        self._seeds = seed + np.arange(n, dtype=np.int64)
        self._starts = [Start.default(self.config)] * n
        self._obs = {name: torch.from_numpy(self._senses[name]) for name in self._senses.dtype.names or ()}
        for name in ("inventory", "equipped", "biome", "time"):
            self._obs[name] = torch.from_numpy(getattr(self.arrays, name))
        self.single_action_space = gym.spaces.MultiDiscrete([MOVES, FUNCTIONAL, items])
        self.single_observation_space = gym.spaces.Dict(
            {k: gym.spaces.Box(-np.inf, np.inf, tuple(v.shape[1:]), np.float32) for k, v in self._obs.items()}
        )
        self.action_space = gym.vector.utils.batch_space(self.single_action_space, n)
        self.observation_space = gym.vector.utils.batch_space(self.single_observation_space, n)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[dict[str, torch.Tensor], dict]:
        """Start episodes; see `sim.world.World`. A client that does not start raises `UserError` after one more try."""
        options = options or {}
        if seed is not None:
            self._seeds = np.asarray(seed, dtype=np.int64) + (np.arange(self.num_envs) if np.ndim(seed) == 0 else 0)
        mask, starts = options.get("mask"), options.get("start")
        chosen = list(range(self.num_envs)) if mask is None else np.flatnonzero(np.asarray(mask)).tolist()
        if starts is not None:
            parsed = {env: Start.parse(starts[env], self.config, self.data) for env in chosen}
            for env, start in parsed.items():
                self._starts[env] = start
        self._failed = {}
        self._paused[chosen] = False
        for attempt in (1, 2):
            self._ask({env: ("begin", self._starts[env], int(self._seeds[env])) for env in chosen})
            chosen = [env for env in chosen if env in self._failed]
            if chosen and attempt == 2:
                raise UserError(f"MineDojo did not start: {self._failed[chosen[0]]}; see `saycraft doctor`")
            self._failed = {}
        for env, start in enumerate(self._starts):
            self.arrays.max_ticks[env] = start.max_steps
        return self._obs, {}

    def step(
        self, actions: torch.Tensor
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor, torch.Tensor, dict]:
        """Hold actions int [N, 3]; `info["failures"]` {env: what happened} names environments that broke."""
        self._failed = {}
        rows = enumerate(np.asarray(actions).tolist())
        self._ask({env: ("act", row) for env, row in rows if not self._paused[env]})
        terminated = torch.from_numpy(self._dead.copy())
        truncated = torch.from_numpy(self.arrays.ticks >= self.arrays.max_ticks) & ~terminated
        return self._obs, torch.zeros(self.num_envs), terminated, truncated, {"failures": dict(self._failed)}

    def facts(self) -> torch.Tensor:
        """int32 [N, F]; see `fact_names`."""
        data, a = self.data, self.arrays
        voxels, met = self._senses["voxels"], self._senses["rays_entity"]
        out = np.zeros((self.num_envs, len(self.fact_names)), dtype=np.int32)
        above = aboveground(self._senses["position"][:, 1], voxels, self.config.box, self.tables[0]["block_solid"])
        near = write_facts(out, data, a, self._senses["life"][:, :2], above)
        close = (met > 0) & (self._senses["rays_entity_distance"] <= NEARBY_MOB)
        for env in range(self.num_envs):
            found = np.unique(data.block_nearby[np.unique(voxels[env])])
            near[env, found[found >= 0]] = 1
            near[env, data.mob_nearby[np.unique(met[env][close[env]])]] = 1
        return torch.from_numpy(out)

    def pause(self, env_ids: Sequence[int]) -> None:
        """See `sim.world.World`: nothing is asked of their clients."""
        self._paused[env_ids] = True

    @property
    def seeds(self) -> np.ndarray:
        """int64 [N]: what each environment's episodes were seeded with."""
        return self._seeds

    @property
    def ticks(self) -> torch.Tensor:
        """i32 [N]: game ticks since each environment's reset."""
        return torch.from_numpy(self.arrays.ticks)

    def state_position(self) -> torch.Tensor:
        """f32 [N, 3]: where the feet are."""
        return self._obs["position"]

    def pictures(self, env_ids: Sequence[int]) -> np.ndarray:
        """What each of some agents sees, u8 [n, H, W, 3]."""
        return np.stack([self._pictures[env] for env in env_ids])

    def close(self, **kwargs: Any) -> None:
        """End all clients."""
        for player in self._players:
            player.close()

    def _ask(self, calls: dict[int, tuple[Any, ...]]) -> None:
        """Send every player its call, then gather the answers; a player that fails is replaced."""
        for env, call in calls.items():
            self._players[env].send(call)
        answers = {env: self._players[env].receive() for env in calls}
        for answer in answers.values():
            if isinstance(answer, UserError):
                raise answer
        for env, answer in answers.items():
            if isinstance(answer, str):
                self._failed[env] = answer
                self._players[env].close()
                self._players[env] = self._make()
                continue
            self._senses[env] = answer["senses"]
            for name in (*SCALARS, *COUNTS):
                getattr(self.arrays, name)[env] = answer[name]
            self._dead[env], self._pictures[env] = answer["dead"], answer["picture"]


def _serve(player: Player, call: Sequence[Any]) -> Any:
    """Do one call; the answer is the player's state, a `UserError`, or what went wrong as text."""
    try:
        getattr(player, call[0])(*call[1:])
    except UserError as error:
        return error
    except Exception as error:  # sockets, timeouts, a dead client: whatever a game may do
        return f"{type(error).__name__}: {error}".strip().splitlines()[0] or traceback.format_exc(limit=1)
    names = (*SCALARS, *COUNTS, "picture")
    return {"senses": player.senses[0].copy(), "dead": player.done, **{name: getattr(player, name) for name in names}}


class _Local:
    """A player in this process."""

    def __init__(self, about: About):
        self.player = Player(*about)
        self._answer: Any = None

    def send(self, call: tuple[Any, ...]) -> None:
        self._answer = _serve(self.player, call)

    def receive(self) -> Any:
        return self._answer

    def close(self) -> None:
        self.player.close()


class _Remote:
    """A player in its own process."""

    def __init__(self, about: About):
        context = mp.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, about), daemon=True)
        self._process.start()
        theirs.close()

    def send(self, call: tuple[Any, ...]) -> None:
        with suppress(OSError):  # `receive` tells
            self._pipe.send(call)

    def receive(self) -> Any:
        try:
            if self._pipe.poll(PATIENCE):
                return self._pipe.recv()
            return f"no answer from Minecraft within {PATIENCE:.0f} s"
        except (EOFError, OSError):
            return "the process of the client has died"

    def close(self) -> None:
        self._process.terminate()
        self._process.join(5.0)
        self._pipe.close()


def _work(pipe: Any, about: About) -> None:
    """The loop of a player's process."""
    player = Player(*about)
    while True:
        try:
            pipe.send(_serve(player, pipe.recv()))
        except (EOFError, OSError, KeyboardInterrupt):
            player.close()
            return
