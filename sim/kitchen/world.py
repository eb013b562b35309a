"""`KitchenWorld`: N kitchens behind Gymnasium's vector interface, in this process or spread over worker processes.

Observations are the fields of `sim.kitchen.state` with a leading [N], as torch tensors over the memory that the workers
write; facts are read off them. Actions: float [N, 8] in -1..1, see `sim.kitchen.simulation`; zero does nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import weakref
from collections.abc import Sequence
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from sim.kitchen.facts import fact_names, read_facts
from sim.kitchen.scene import Scene
from sim.kitchen.simulation import ACTION_SIZE, CONTROL_HZ, Simulation
from sim.kitchen.state import FIELDS, Arrays, allocate, size, view
from sim.world import UserError

MAX_TICKS = 10 * 60 * CONTROL_HZ  # of an episode whose task sets no limit


class KitchenWorld(gym.vector.VectorEnv):
    """N kitchens; the same scene and seed give the same episode, whatever N and however many workers."""

    metadata = {"render_modes": ["rgb_array"], "autoreset_mode": AutoresetMode.DISABLED}  # noqa: RUF012
    tick_seconds = 1 / CONTROL_HZ
    max_ticks = MAX_TICKS

    def __init__(self, num_envs: int = 1, *, seed: int = 0, workers: int | None = None, render_mode: str | None = None):
        """`workers`: processes besides this one; None: one per core from four kitchens on, 0: all in this process."""
        self.num_envs, self.render_mode = num_envs, render_mode
        self.device = torch.device("cpu")
        self.fact_names = fact_names()
        self.single_observation_space, self.single_action_space = observation_space(), action_space()
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        workers = min(num_envs // 2, _cores()) if workers is None else min(workers, num_envs)
        self._team = _Workers(num_envs, workers) if workers > 0 else _Here(num_envs)
        self.state: Arrays = self._team.state
        self._seed, self._episodes = seed, np.zeros(num_envs, dtype=np.int64)
        self._paused = np.zeros(num_envs, dtype=bool)
        self._last_seed = np.full(num_envs, seed, dtype=np.int64)

    @property
    def ticks(self) -> torch.Tensor:
        """int32 [N]: control steps since each reset."""
        return torch.from_numpy(self.state["ticks"])

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[dict[str, torch.Tensor], dict]:
        """Start episodes; `options`: `mask` bool [N], `start`: one task start or `Scene` or None per environment."""
        options = options or {}
        mask, starts = options.get("mask"), options.get("start")
        chosen = np.arange(self.num_envs) if mask is None else np.flatnonzero(np.asarray(mask))
        if seed is not None and np.ndim(seed) == 0:
            seed = np.arange(self.num_envs) + int(seed)
        jobs = []
        for env in chosen.tolist():
            start = (starts[env] if starts is not None else None) or {}
            scene = start if isinstance(start, Scene) else Scene.parse(start)
            self._episodes[env] += 1
            own = self._seed * 1_000_003 + env * 1009 + int(self._episodes[env])
            jobs.append((env, scene, int(seed[env]) if seed is not None else own))
        self._paused[chosen] = False
        self._team.reset(jobs)
        return self._observe(), {}

    def pause(self, env_ids: Sequence[int]) -> None:
        """See `sim.world.World`: their physics rests."""
        self._paused[env_ids] = True

    def step(self, actions: Any) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor, torch.Tensor, dict]:
        """One control step in every kitchen; no reward, and nothing ends by itself."""
        acts = np.asarray(actions, dtype=np.float32)
        if acts.shape != (self.num_envs, ACTION_SIZE):
            raise UserError(f"kitchen actions are [{self.num_envs}, {ACTION_SIZE}], got {list(acts.shape)}")
        self._team.step(acts, ~self._paused)
        nothing = torch.zeros(self.num_envs, dtype=torch.bool)
        return self._observe(), torch.zeros(self.num_envs), nothing, nothing.clone(), {}

    def facts(self) -> torch.Tensor:
        """int32 [N, F]."""
        return torch.from_numpy(read_facts(self.state))

    def pictures(self, env_ids: Sequence[int], width: int, height: int) -> list[np.ndarray]:
        """The scene and the work, each u8 [n, H, W, 3]; see `sim.kitchen.render`."""
        shots = self._team.pictures([int(env) for env in env_ids], width, height)
        return [np.stack([pair[view] for pair in shots]) for view in range(2)]

    def render(self) -> tuple[np.ndarray, ...] | None:
        """The scene of every kitchen."""
        return tuple(self.pictures(range(self.num_envs), 480, 360)[0]) if self.render_mode else None

    def close_extras(self, **kwargs: Any) -> None:
        """Stop the workers."""
        self._team.close()

    def _observe(self) -> dict[str, torch.Tensor]:
        return {name: torch.from_numpy(array) for name, array in self.state.items()}


def observation_space() -> gym.spaces.Dict:
    """Of one kitchen: every field of the state."""
    spaces: dict[str, gym.Space] = {}
    for name, (shape, dtype) in FIELDS.items():
        if dtype is np.bool_:
            spaces[name] = gym.spaces.Box(0, 1, shape, dtype=np.bool_)
        else:
            low, high = (-(2**31), 2**31 - 1) if dtype is np.int32 else (-np.inf, np.inf)
            spaces[name] = gym.spaces.Box(low, high, shape, dtype=dtype)
    return gym.spaces.Dict(spaces)


def action_space() -> gym.spaces.Box:
    """Of one kitchen."""
    return gym.spaces.Box(-1.0, 1.0, (ACTION_SIZE,), dtype=np.float32)


class _Here:
    """All kitchens in this process."""

    def __init__(self, num_envs: int):
        self.state = allocate(num_envs)
        self.kitchens = [Simulation() for _ in range(num_envs)]

    def reset(self, jobs: list[tuple[int, Scene, int]]) -> None:
        for env, scene, seed in jobs:
            self.kitchens[env].reset(scene, seed)
            self.kitchens[env].read(self.state, env)

    def step(self, actions: np.ndarray, moving: np.ndarray) -> None:
        for env in np.flatnonzero(moving).tolist():
            self.kitchens[env].step(actions[env])
            self.kitchens[env].read(self.state, env)

    def pictures(self, envs: list[int], width: int, height: int) -> list[tuple[np.ndarray, np.ndarray]]:
        from sim.kitchen.render import scene_view, work_view

        return [(scene_view(self.kitchens[e], width, height), work_view(self.kitchens[e], width, height)) for e in envs]

    def close(self) -> None:
        for kitchen in self.kitchens:
            kitchen.close()
        self.kitchens = []


class _Workers:
    """Kitchens spread over processes that write what they see to shared memory."""

    def __init__(self, num_envs: int, workers: int):
        context = multiprocessing.get_context("spawn")
        self.memory = SharedMemory(create=True, size=size(num_envs))
        self.state = view(self.memory, num_envs)
        self.parts = np.array_split(np.arange(num_envs), workers)
        self.owner = np.concatenate([np.full(len(part), w) for w, part in enumerate(self.parts)])
        self.pipes, self.processes = [], []
        for part in self.parts:
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, self.memory.name, num_envs, part), daemon=True)
            process.start()
            theirs.close()
            self.pipes.append(ours)
            self.processes.append(process)
        self._end = weakref.finalize(self, _end, self.pipes, self.processes, self.memory, self.state)
        self._ask([("ready",)] * workers)

    def reset(self, jobs: list[tuple[int, Scene, int]]) -> None:
        self._ask([("reset", [job for job in jobs if self.owner[job[0]] == w]) for w in range(len(self.parts))])

    def step(self, actions: np.ndarray, moving: np.ndarray) -> None:
        self._ask([("step", actions[part], moving[part]) for part in self.parts])

    def pictures(self, envs: list[int], width: int, height: int) -> list[tuple[np.ndarray, np.ndarray]]:
        shares = [[env for env in envs if self.owner[env] == w] for w in range(len(self.parts))]
        answers = self._ask([("pictures", share, width, height) for share in shares])
        found = {env: shot for share, shots in zip(shares, answers, strict=True)
                 for env, shot in zip(share, shots, strict=True)}  # fmt: skip
        return [found[env] for env in envs]

    def _ask(self, messages: list[tuple]) -> list[Any]:
        """Send each worker its message and wait for all; a worker's error is raised here."""
        for pipe, message in zip(self.pipes, messages, strict=True):
            pipe.send(message)
        answers = []
        for w, pipe in enumerate(self.pipes):
            try:
                answers.append(pipe.recv())
            except EOFError:
                raise RuntimeError(f"kitchen worker {w} died; its physics may have run out of memory") from None
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    def close(self) -> None:
        self._end()


def _end(pipes: list[Any], processes: list[Any], memory: SharedMemory, state: Arrays) -> None:
    """Stop the workers and give the memory back, at `close` or when the program ends."""
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.close()
        process.join(timeout=5)
        if process.is_alive():
            process.terminate()
    for name in list(state):
        state[name] = state[name].copy()  # readers keep what was seen last
    memory.close()
    memory.unlink()


def _serve(pipe: Any, name: str, num_envs: int, envs: np.ndarray) -> None:
    """A worker: does what the pipe says until it is closed."""
    memory = SharedMemory(name=name)
    state = view(memory, num_envs)
    kitchens = {int(env): Simulation() for env in envs}
    here = _Here.__new__(_Here)
    here.state, here.kitchens = state, kitchens  # type: ignore[assignment]
    while True:
        try:
            message = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            break
        try:
            answer: Any = None
            if message[0] == "reset":
                here.reset(message[1])
            elif message[0] == "step":
                for env, action, moves in zip(kitchens, message[1], message[2], strict=True):
                    if moves:
                        kitchens[env].step(action)
                        kitchens[env].read(state, env)
            elif message[0] == "pictures":
                answer = here.pictures(*message[1:])
        except Exception as error:
            answer = error
        pipe.send(answer)
    here.state = {}
    del state
    memory.close()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
