"""Success heads: they find the probability behind the outcomes, and the base rate where there is nothing to find."""

from __future__ import annotations

import pytest
import torch

from sim.world import UserError
from skills.heads import HeadConfig, fit_head, fit_platt, head_metrics


def _outcomes(n: int, seed: int, shift: float = 0.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features [n, 6], true probability [n], outcomes [n]."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 6, generator=generator) * 3 + shift
    p = (2.0 * (x[:, 0] - x[:, 1].abs() + 2)).sigmoid()
    return x, p, torch.rand(n, generator=generator) < p


def test_a_head_finds_the_probability() -> None:
    x, _, won = _outcomes(6000, 0)
    head = fit_head(x, won, config=HeadConfig(hidden=(64, 64)), seed=1)
    fresh, p, outcome = _outcomes(4000, 1)
    metrics = head_metrics(head, fresh, outcome)
    assert metrics["ece"] < 0.04 and metrics["auroc"] > 0.95 and metrics["episodes"] == 4000
    assert metrics["brier"] < float((p * (1 - p)).mean()) + 0.02
    assert float((head.probability(fresh) - p).abs().mean()) < 0.07
    shifted, _, outcome = _outcomes(4000, 2, shift=1.5)
    assert head_metrics(head, shifted, outcome)["ece"] < 0.08


def test_the_same_seed_gives_the_same_head() -> None:
    x, _, won = _outcomes(500, 0)
    a, b = (fit_head(x, won, config=HeadConfig(hidden=(16,), epochs=3), seed=4) for _ in range(2))
    assert all(torch.equal(v, b.state_dict()[k]) for k, v in a.state_dict().items())


def test_without_information_it_gives_the_base_rate() -> None:
    x, won = torch.randn(2000, 6), torch.rand(2000) < 0.3
    probability = fit_head(x, won).probability(torch.randn(500, 6))
    assert 0.22 < float(probability.mean()) < 0.38 and float(probability.std()) < 0.12


@pytest.mark.parametrize("outcome", [True, False])
def test_one_outcome_only_is_no_accident(outcome: bool) -> None:
    x = torch.randn(300, 6)
    probability = fit_head(x, torch.full((300,), outcome)).probability(x)
    assert torch.isfinite(probability).all() and (float(probability.mean()) > 0.9) is outcome


def test_platt_recovers_slope_and_offset() -> None:
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(40_000, generator=generator) * 2
    won = torch.rand(40_000, generator=generator) < (0.4 * z - 0.7).sigmoid()
    torch.testing.assert_close(fit_platt(z, won), torch.tensor([0.4, -0.7]), atol=0.05, rtol=0)
    assert fit_platt(-z, won)[0] > 0  # a ranking is never turned round


def test_rows_of_one_episode_stay_together() -> None:
    from skills.heads import _held_out

    episode = torch.arange(100).repeat(3)
    held = _held_out(episode, 0.2, torch.Generator().manual_seed(0))
    assert held[:100].sum() == 20 and torch.equal(held[:100], held[100:200]) and torch.equal(held[:100], held[200:])


def test_too_little_data_is_refused() -> None:
    with pytest.raises(UserError, match="at least 20"):
        fit_head(torch.zeros(5, 3), torch.ones(5))
