"""Symbolic worlds: each skill's declared effects are applied instead of physics, so only the planning is tested.

`SymbolicWorld` stands where a real world does, `SymbolicRunner` where the policies do; the executor sees no difference.
One skill is one step and one tick. A skill whose needs do not hold changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from planner.effects import Facts, apply, missing
from skills.schema import Skill


class SymbolicWorld:
    """N sets of facts; actions int [N, 3] hold 1 + the skill's position in the first column, 0 = nothing."""

    def __init__(self, num_envs: int, skills: Iterable[Skill], fact_names: Sequence[str],
                 read_start: Callable[[Mapping[str, Any]], Mapping[str, int]] | None = None):  # fmt: skip
        self.num_envs, self.device = num_envs, torch.device("cpu")
        self.skills = list(skills)
        self.fact_names = tuple(fact_names)
        self.read_start = read_start or declared_facts
        self.ticks = torch.zeros(num_envs, dtype=torch.int32)
        self._facts: list[Facts] = [{} for _ in range(num_envs)]

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[dict[str, torch.Tensor], dict]:
        """Facts become those that a start stands for."""
        options = options or {}
        mask, starts = options.get("mask"), options.get("start")
        for env in range(self.num_envs) if mask is None else np.flatnonzero(np.asarray(mask)):
            start = (starts[env] if starts is not None else None) or {}
            self._facts[env] = dict(self.read_start(start))
            self.ticks[env] = 0
        return {}, {}

    def step(
        self, actions: torch.Tensor
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor, torch.Tensor, dict]:
        """Apply one skill per environment; nothing ends by itself."""
        for env, chosen in enumerate(actions[:, 0].tolist()):
            if chosen:
                skill = self.skills[chosen - 1]
                self.ticks[env] += 1
                if not missing(skill, self._facts[env]):
                    self._facts[env] = apply(skill, self._facts[env])
        nothing = torch.zeros(self.num_envs, dtype=torch.bool)
        return {}, torch.zeros(self.num_envs), nothing, nothing, {}

    def pause(self, env_ids: Sequence[int]) -> None:
        """Nothing to do: without an action nothing happens here."""

    def facts(self) -> torch.Tensor:
        """int32 [N, F]: the facts of every environment."""
        rows = [[facts.get(name, 0) for name in self.fact_names] for facts in self._facts]
        return torch.tensor(rows, dtype=torch.int32)

    def close(self) -> None:
        """Nothing to free."""


def declared_facts(start: Mapping[str, Any]) -> dict[str, int]:
    """The facts of a craft start: its inventory, and `facts` for anything else."""
    return {**start.get("facts", {}), **start.get("inventory", {})}


class SymbolicRunner:
    """Turns the chosen skill into the symbolic world's action."""

    def __init__(self, num_envs: int, skills: Mapping[str, Skill]):
        self._skill = torch.zeros(num_envs, dtype=torch.long)
        known = [skill.success for skill in skills.values()]
        self._success = torch.tensor([float("nan") if p is None else p for p in known])

    def start(self, env_ids: Sequence[int], skill_indices: Sequence[int]) -> None:
        """Begin skills in some environments."""
        self._skill[list(env_ids)] = torch.as_tensor(skill_indices, dtype=torch.long) + 1

    def act(self, obs: dict[str, torch.Tensor], env_ids: Sequence[int]) -> torch.Tensor:
        """Actions int [N, 3]."""
        actions = torch.zeros(len(self._skill), 3, dtype=torch.long)
        actions[env_ids, 0] = self._skill[env_ids]
        return actions

    def success_probability(self, obs: dict[str, torch.Tensor], env_ids: Sequence[int]) -> torch.Tensor:
        """Float [len(env_ids), S]: the measured success of every skill; NaN where none was measured."""
        return self._success.expand(len(env_ids), -1)
