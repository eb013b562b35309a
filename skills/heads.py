"""Success heads: P(success | features at a skill's start), learned from the policy's own roll-outs and calibrated.

The value function of SayCan (arXiv 2204.01691) with reward 0/1 and no discount, fitted as a probability: binary
cross-entropy on outcomes, then Platt's scaling (1999) on episodes held out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sim.world import UserError
from skills.networks import Normaliser, StackedMLP, linears, make_mlp, orthogonal
from skills.statistics import auroc, brier, calibration_error


class SuccessHead(nn.Module):
    """Features [B, D] -> logit of success [B], already scaled to be calibrated."""

    platt: Tensor

    def __init__(self, obs_dim: int, hidden: Sequence[int] = (128, 128), activation: str = "silu"):
        super().__init__()
        self.obs_dim, self.hidden, self.activation = obs_dim, tuple(hidden), activation
        self.normaliser = Normaliser(obs_dim)
        self.trunk = make_mlp(obs_dim, hidden, activation)
        self.out = orthogonal(nn.Linear(self.hidden[-1] if self.hidden else obs_dim, 1), 0.1)
        self.register_buffer("platt", torch.tensor([1.0, 0.0]))  # slope, offset

    @property
    def shape(self) -> dict[str, Any]:
        """The constructor's arguments, as a card keeps them."""
        return {"obs_dim": self.obs_dim, "hidden": list(self.hidden), "activation": self.activation}

    def raw(self, features: Tensor) -> Tensor:
        """The logit before scaling, [B]."""
        return self.out(self.trunk(self.normaliser(features))).squeeze(-1)

    def forward(self, features: Tensor) -> Tensor:
        """The calibrated logit, [B]."""
        return self.raw(features) * self.platt[0] + self.platt[1]

    @torch.no_grad()
    def probability(self, features: Tensor) -> Tensor:
        """P(success), [B]."""
        return self(features).sigmoid()


class HeadStack(nn.Module):
    """Every family's success head as one network over rows of mixed families."""

    def __init__(self, heads: dict[str, SuccessHead]):
        super().__init__()
        self.names = tuple(heads)
        members = list(heads.values())
        if len({head.activation for head in members}) != 1:
            raise UserError(f"heads to be stacked must share activation, got {[head.activation for head in members]}")
        layers = [linears(head.trunk) + [head.out] for head in members]
        self.stack = StackedMLP([head.normaliser for head in members], layers, members[0].activation)
        self.register_buffer("platt", torch.stack([head.platt for head in members]).clone())

    def forward(self, features: Tensor, family: Tensor) -> Tensor:
        """Features [B, D], family int [B] (position in `names`) -> P(success) [B]."""
        slope, offset = self.get_buffer("platt")[family].unbind(-1)
        return (self.stack(features, family).squeeze(-1) * slope + offset).sigmoid()


@dataclass(frozen=True)
class HeadConfig:
    """How a head is fitted."""

    hidden: tuple[int, ...] = (128, 128)
    activation: str = "silu"
    lr: float = 1e-3
    weight_decay: float = 1e-2
    batch: int = 256
    epochs: int = 30
    patience: int = 5  # epochs without a better loss on the held-out episodes
    held_out: float = 0.2


def fit_head(features: Tensor, success: Tensor, episode: Tensor | None = None, config: HeadConfig | None = None, *,
             seed: int = 0) -> SuccessHead:  # fmt: skip
    """Fit on features [B, D] and outcomes [B] (0/1), early-stopped and calibrated on a held-out share of the episodes.

    `episode` int [B] keeps rows of one episode on one side of the split. Raises UserError with fewer than 20 rows.
    """
    c = config or HeadConfig()
    if len(features) < 20:
        raise UserError(f"a success head needs at least 20 episodes, got {len(features)}")
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    held = _held_out(torch.arange(len(features)) if episode is None else episode, c.held_out, generator)
    x, y, x_held, y_held = features[~held], success[~held].float(), features[held], success[held].float()
    head = SuccessHead(features.shape[1], c.hidden, c.activation).to(features.device)
    head.normaliser.update(x)
    optimiser = torch.optim.AdamW(head.parameters(), lr=c.lr, weight_decay=c.weight_decay)
    best, best_loss, since = _copy(head), float("inf"), 0
    for _ in range(c.epochs):
        for rows in torch.randperm(len(x), generator=generator).split(c.batch):
            loss = functional.binary_cross_entropy_with_logits(head.raw(x[rows]), y[rows])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        with torch.no_grad():
            held_loss = float(functional.binary_cross_entropy_with_logits(head.raw(x_held), y_held))
        since = 0 if held_loss < best_loss - 1e-4 else since + 1
        if held_loss < best_loss:
            best, best_loss = _copy(head), held_loss
        if since >= c.patience:
            break
    head.load_state_dict(best)
    with torch.no_grad():
        head.platt.copy_(fit_platt(head.raw(x_held), y_held))
    return head.eval()


def _held_out(episode: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """bool [B]: rows of a random share of the episodes."""
    _, index = torch.unique(episode, return_inverse=True)
    count = int(index.max()) + 1
    return (torch.randperm(count, generator=generator) < max(round(count * share), 1))[index]


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def fit_platt(logit: Tensor, success: Tensor, steps: int = 50) -> Tensor:
    """Slope (at least 0.05) and offset [2] of least log-loss, by Newton's method on Platt's smoothed targets."""
    z, y = logit.detach().double(), success.double()
    positives, negatives = y.sum(), (1 - y).sum()
    target = torch.where(y > 0.5, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = torch.stack([z, torch.ones_like(z)], 1)
    w = torch.tensor([1.0, 0.0], dtype=torch.float64, device=z.device)
    prior, ridge = w.clone(), 1e-3 * torch.eye(2, dtype=torch.float64, device=z.device)

    def loss(w: Tensor) -> Tensor:
        return functional.binary_cross_entropy_with_logits(design @ w, target, reduction="sum") + (
            0.5 * (w - prior) @ ridge @ (w - prior)
        )

    for _ in range(steps):
        p = (design @ w).sigmoid()
        gradient = design.t() @ (p - target) + ridge @ (w - prior)
        hessian = (design * (p * (1 - p)).unsqueeze(1)).t() @ design + ridge
        step = torch.linalg.solve(hessian, gradient)
        while bool(loss(w - step) > loss(w)) and bool(step.abs().max() > 1e-9):
            step = step / 2
        w = w - step
        if bool(step.abs().max() < 1e-8):
            break
    w[0].clamp_(min=0.05)
    return w.float()


def head_metrics(head: SuccessHead, features: Tensor, success: Tensor) -> dict[str, float]:
    """How good the probabilities are on episodes that the head has not seen: Brier, AUROC, ECE, base rate, episodes."""
    return metrics(head.probability(features), success)


def metrics(probability: Tensor, success: Tensor) -> dict[str, float]:
    """The same of any probabilities [B] against outcomes [B]."""
    p, y = probability.cpu().numpy(), success.cpu().numpy().astype(np.float64)
    return {"brier": brier(p, y), "auroc": auroc(p, y), "ece": calibration_error(p, y), "mean": float(p.mean()),
            "success": float(y.mean()), "episodes": len(y)}  # fmt: skip
