"""The networks that perform skills: one small actor-critic per family, and all families in one batched pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sim.craft.actions import INTERACT, MOVES
from sim.world import UserError
from skills.networks import Normaliser, StackedMLP, linears, make_mlp, orthogonal

ACTION_SIZES = (MOVES, len(INTERACT))


class SkillPolicy(nn.Module):
    """Features float32 [B, D] -> a categorical distribution per action head, and a state value.

    `separate_value` gives the critic its own hidden layers (twice the cost of training, the same cost of acting).
    """

    def __init__(self, obs_dim: int, action_sizes: Sequence[int] = ACTION_SIZES, hidden: Sequence[int] = (256, 256),
                 activation: str = "silu", separate_value: bool = False):  # fmt: skip
        super().__init__()
        self.obs_dim, self.action_sizes, self.hidden = obs_dim, tuple(action_sizes), tuple(hidden)
        self.activation, self.separate_value = activation, separate_value
        width = self.hidden[-1] if self.hidden else obs_dim
        self.normaliser = Normaliser(obs_dim)
        self.trunk = make_mlp(obs_dim, self.hidden, activation)
        self.value_trunk = make_mlp(obs_dim, self.hidden, activation) if separate_value else None
        self.low_precision = False  # hidden layers in bfloat16; set by the learner where the processor gains by it
        self.actor = orthogonal(nn.Linear(width, sum(self.action_sizes)), 0.01)
        self.critic = orthogonal(nn.Linear(width, 1), 1.0)

    @property
    def shape(self) -> dict[str, Any]:
        """The constructor's arguments, as a card or a checkpoint keeps them."""
        return {"obs_dim": self.obs_dim, "action_sizes": list(self.action_sizes), "hidden": list(self.hidden),
                "activation": self.activation, "separate_value": self.separate_value}  # fmt: skip

    def forward(self, features: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Raw features [B, D] -> (logits [B, n] per head, value [B])."""
        logits, value = self.evaluate(self.normaliser(features))
        return logits.split(self.action_sizes, -1), value

    def evaluate(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """*Normalised* features [B, D] -> (logits of all heads side by side [B, sum], value [B])."""
        h = self._hidden(self.trunk, x)
        v = h if self.value_trunk is None else self._hidden(self.value_trunk, x)
        return self.actor(h), self.critic(v).squeeze(-1)

    def value(self, x: Tensor) -> Tensor:
        """*Normalised* features [B, D] -> value [B]."""
        return self.critic(self._hidden(self.value_trunk or self.trunk, x)).squeeze(-1)

    def _hidden(self, trunk: nn.Sequential, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.low_precision):
            return trunk(x).float()

    @torch.no_grad()
    def act(self, features: Tensor, *, temperature: float = 1.0, mask: Tensor | None = None,
            generator: torch.Generator | None = None) -> Tensor:  # fmt: skip
        """Raw features [B, D] -> actions int64 [B, heads]; temperature 0 takes the likeliest."""
        logits = self.actor(self.trunk(self.normaliser(features)))
        return sample(logits, self.action_sizes, temperature=temperature, mask=mask, generator=generator)


def log_probabilities(logits: Tensor, sizes: Sequence[int], mask: Tensor | None = None) -> Tensor:
    """Logits of all heads side by side -> log-probabilities [B, sum]; what `mask` (True = allowed) bars is -1e9."""
    if mask is not None:
        logits = logits.masked_fill(~mask, -1e9)
    return torch.cat([head.log_softmax(-1) for head in logits.split(tuple(sizes), -1)], -1)


def sample(logits: Tensor, sizes: Sequence[int], *, temperature: float = 1.0, mask: Tensor | None = None,
           generator: torch.Generator | None = None, noise: Tensor | None = None) -> Tensor:  # fmt: skip
    """Draw int64 [B, heads] from the logits of all heads side by side [B, sum] (Gumbel-max), with exponential `noise` [B, sum]
    of one's own or of the generator's."""
    if mask is not None:
        logits = logits.masked_fill(~mask, -1e9)
    if temperature > 0:
        if noise is None:
            noise = torch.empty_like(logits).exponential_(generator=generator)
        logits = logits / temperature - noise.clamp_min(1e-30).log()
    return torch.stack([head.argmax(-1) for head in logits.split(tuple(sizes), -1)], -1)


class PolicyStack(nn.Module):
    """Every family's actor as one network over rows of mixed families."""

    def __init__(self, policies: dict[str, SkillPolicy]):
        super().__init__()
        self.names = tuple(policies)
        members = list(policies.values())
        if len({(p.activation, p.action_sizes) for p in members}) != 1:
            shapes = ", ".join(f"{name}: {p.activation} {p.action_sizes}" for name, p in policies.items())
            raise UserError(f"policies to be stacked must share activation and actions, got {shapes}")
        self.action_sizes = members[0].action_sizes
        layers = [linears(p.trunk) + [p.actor] for p in members]
        self.stack = StackedMLP([p.normaliser for p in members], layers, members[0].activation)

    def index(self, names: Iterable[str]) -> list[int]:
        """The family numbers of some names."""
        return [self.names.index(name) for name in names]

    def forward(self, features: Tensor, family: Tensor) -> tuple[Tensor, ...]:
        """Raw features [B, D], family int [B] (position in `names`) -> logits [B, n] per head."""
        return self.stack(features, family).split(self.action_sizes, -1)

    @torch.no_grad()
    def act(self, features: Tensor, family: Tensor, *, temperature: float | Tensor = 1.0,
            noise: Tensor | None = None) -> Tensor:  # fmt: skip
        """Actions int64 [B, heads]; `temperature` one number or [B] (0 takes the likeliest); `noise` as `sample` takes it."""
        logits = self.stack(features, family)
        if isinstance(temperature, Tensor):  # a small temperature stands for none
            logits = logits / temperature.to(logits).clamp_min(1e-6).unsqueeze(-1)
            temperature = 1.0
        return sample(logits, self.action_sizes, temperature=temperature, noise=noise)


@torch.no_grad()
def one_at_a_time(policies: dict[str, SkillPolicy], features: Tensor, family: Tensor) -> tuple[Tensor, ...]:
    """What `PolicyStack.forward` gives, one environment after another: the slow twin for tests and benchmarks."""
    members = list(policies.values())
    rows = [torch.cat(members[int(f)](features[i : i + 1])[0], -1) for i, f in enumerate(family)]
    return torch.cat(rows).split(members[0].action_sizes, -1)
