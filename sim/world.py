"""The one small interface that every world shares: a batch of environments stepped together, read through facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch


class UserError(ValueError):
    """A mistake in what the user gave: one line saying what was got, what was expected and what exists."""


class World(Protocol):
    """N environments stepped together, after Gymnasium's vector convention.

    `options` of `reset` may hold `mask` (bool tensor [N], which environments to reset; default all) and `start`
    (one task-file `start` dict or None per environment).
    """

    num_envs: int
    device: torch.device
    fact_names: tuple[str, ...]

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[dict[str, torch.Tensor], dict]:
        """Start new episodes; returns the observations of all environments, each with a leading [N]."""

    def step(
        self, actions: torch.Tensor
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor, torch.Tensor, dict]:
        """Act once in every environment; returns observations, reward [N], terminated [N], truncated [N], info."""

    def pause(self, env_ids: Sequence[int]) -> None:
        """These environments stand still, whatever their actions, until they are reset; they cost nothing meanwhile."""

    def facts(self) -> torch.Tensor:
        """int32 [N, F]: the value of every fact of `fact_names` in every environment, read off the state now."""

    def close(self) -> None:
        """Free what the world holds."""
