"""Whole episodes of a policy, for evaluation and as data for the success heads.

The first K episodes of every environment are taken, so that quick (successful) ones are not over-represented.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from skills.policy import SkillPolicy
from skills.ppo import RLTask

Act = Callable[[Tensor], Tensor]


@dataclass
class Episodes:
    """E finished episodes."""

    first: Tensor  # float [E, D] observation at the start
    middle: Tensor  # float [E, D] one observation from anywhere within
    returns: Tensor  # float [E]
    lengths: Tensor  # int [E] decisions
    ticks: Tensor  # float [E] game ticks where the task tells (info["ticks"]), else decisions
    success: Tensor  # bool [E]; info["success"], else whether the episode terminated
    skill: Tensor  # int [E] which of the task's skills was worked on (task.skill_rows), else 0


def actor(policy: SkillPolicy, temperature: float, seed: int) -> Act:
    """Observations -> actions of a policy, with a generator of its own."""
    device = next(policy.parameters()).device
    generator = torch.Generator(device).manual_seed(seed)
    return lambda obs: policy.act(obs.to(device), temperature=temperature, generator=generator).to(obs.device)


@torch.no_grad()
def play(task: RLTask, act: Act, per_env: int = 1, *, seed: int = 0, max_steps: int = 100_000,
         tick: Callable[[int], None] | None = None) -> Episodes:  # fmt: skip
    """Play until every environment has ended `per_env` episodes; `tick(n)` is told of n more finished ones.

    Raises RuntimeError when an episode goes on for longer than `max_steps` decisions in all.
    """
    obs = task.reset()
    n, generator = task.num_envs, torch.Generator().manual_seed(seed)
    first, middle = obs.clone(), obs.clone()
    returns, lengths = torch.zeros(n), torch.zeros(n, dtype=torch.int64)
    skill, played = _skill_rows(task, n), torch.zeros(n, dtype=torch.int64)
    rows: list[tuple[Tensor, ...]] = []
    for _ in range(max_steps):
        swap = torch.rand(n, generator=generator) * (lengths + 1) < 1.0  # reservoir of one
        middle[swap] = obs[swap]
        obs, reward, terminated, truncated, info = task.step(act(obs))
        returns += reward.cpu()
        lengths += 1
        over = (terminated | truncated).cpu()
        taken = over & (played < per_env)
        if bool(taken.any()):
            success = info.get("success", terminated).cpu().bool()
            ticks = torch.as_tensor(info.get("ticks", lengths)).float()
            columns = (first, middle, returns, lengths, ticks, success, skill)
            rows.append(tuple(column[taken].clone() for column in columns))
            if tick is not None:
                tick(int(taken.sum()))
        played += over
        if bool((played >= per_env).all()):
            return Episodes(*(torch.cat(column) for column in zip(*rows, strict=True)))
        if bool(over.any()):
            first[over], returns[over], lengths[over] = obs[over], 0.0, 0
            skill = torch.where(over, _skill_rows(task, n), skill)
    raise RuntimeError(f"after {max_steps} decisions some environment has not ended {per_env} episodes")


def _skill_rows(task: RLTask, n: int) -> Tensor:
    rows = getattr(task, "skill_rows", None)
    return torch.zeros(n, dtype=torch.int64) if rows is None else torch.as_tensor(rows).clone().long()
