"""Tiny tasks for the learner's tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor


class Chase:
    """Walk on a line to a goal in view; actions (left, stay, right) and a second head that does nothing.

    Ends on reaching the goal (success) or after `limit` steps (truncated).
    """

    def __init__(self, num_envs: int = 64, seed: int = 0, limit: int = 20, hopeless: float = 0.0):
        self.num_envs, self.obs_dim, self.action_sizes = num_envs, 4, (3, 2)
        self.skill_names = ("near", "far")
        self.limit, self.hopeless = limit, hopeless
        self.rng = np.random.default_rng(seed)
        self.position, self.goal = np.zeros(num_envs), np.zeros(num_envs)
        self.steps = np.zeros(num_envs, dtype=np.int64)
        self.stuck = np.zeros(num_envs, dtype=bool)
        self.skill_rows = np.zeros(num_envs, dtype=np.int64)

    def _begin(self, rows: np.ndarray) -> None:
        n = len(rows)
        self.skill_rows[rows] = self.rng.integers(2, size=n)
        reach = np.where(self.skill_rows[rows] == 0, self.rng.integers(1, 3, size=n), self.rng.integers(3, 6, size=n))
        self.position[rows] = self.rng.integers(-3, 4, size=n)
        self.goal[rows] = self.position[rows] + reach * self.rng.choice([-1, 1], size=n)
        self.stuck[rows] = self.rng.random(n) < self.hopeless
        self.steps[rows] = 0

    def _obs(self) -> Tensor:
        columns = (self.position, self.goal, self.goal - self.position, self.stuck)
        return torch.tensor(np.stack(columns, 1), dtype=torch.float32)

    def reset(self) -> Tensor:
        self._begin(np.arange(self.num_envs))
        return self._obs()

    def step(self, actions: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, dict[str, Any]]:
        before = np.abs(self.goal - self.position)
        self.position += (actions[:, 0].numpy() - 1) * ~self.stuck
        self.steps += 1
        away = np.abs(self.goal - self.position)
        success = away == 0
        cut = (self.steps >= self.limit) & ~success
        reward = torch.tensor(before - away + 5.0 * success - 0.1, dtype=torch.float32)
        info = {"final_obs": self._obs(), "success": torch.from_numpy(success), "ticks": self.steps * 2}
        done = np.flatnonzero(success | cut)
        self._begin(done)
        return self._obs(), reward, torch.from_numpy(success), torch.from_numpy(cut), info


class ResumableChase(Chase):
    """With its state in checkpoints."""

    NAMES = ("position", "goal", "steps", "stuck", "skill_rows")

    def state_dict(self) -> dict[str, Any]:
        state = {name: torch.from_numpy(getattr(self, name).copy()) for name in self.NAMES}
        return {**state, "rng": self.rng.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name in self.NAMES:
            setattr(self, name, state[name].numpy().copy())
        self.rng.bit_generator.state = state["rng"]


class CartPole:
    """Gymnasium's CartPole-v1 as an RLTask."""

    def __init__(self, num_envs: int, seed: int):
        import gymnasium
        from gymnasium.vector import AutoresetMode, SyncVectorEnv

        make = [lambda: gymnasium.make("CartPole-v1")] * num_envs
        self.env = SyncVectorEnv(make, autoreset_mode=AutoresetMode.SAME_STEP)
        self.num_envs, self.obs_dim, self.action_sizes, self.seed = num_envs, 4, (2,), seed

    def reset(self) -> Tensor:
        return torch.from_numpy(self.env.reset(seed=self.seed)[0])

    def step(self, actions: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, dict[str, Any]]:
        obs, reward, terminated, truncated, info = self.env.step(actions[:, 0].numpy())
        final = obs.copy()
        if "final_obs" in info:
            for i in np.flatnonzero(terminated | truncated):
                final[i] = info["final_obs"][i]
        to = torch.from_numpy
        return to(obs), to(reward).float(), to(terminated), to(truncated), {"final_obs": to(final)}
