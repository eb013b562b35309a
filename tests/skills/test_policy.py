"""Policies, their normaliser, and many of them as one."""

from __future__ import annotations

import pytest
import torch

from sim.world import UserError
from skills.heads import HeadStack, SuccessHead
from skills.networks import Normaliser
from skills.policy import PolicyStack, SkillPolicy, log_probabilities, one_at_a_time, sample


def _policies(count: int = 5, activation: str = "silu") -> dict[str, SkillPolicy]:
    torch.manual_seed(0)
    policies = {f"family {i}": SkillPolicy(20, hidden=(32, 16), activation=activation) for i in range(count)}
    for i, policy in enumerate(policies.values()):
        policy.normaliser.update(torch.randn(50, 20) * (i + 1) + i)
        torch.nn.init.normal_(policy.actor.weight)
        torch.nn.init.normal_(policy.actor.bias)
    return policies


@pytest.mark.parametrize("method", ["auto", "bmm", "slices"])
@pytest.mark.parametrize("families", [[], [3], [2, 2, 2], [4, 0, 4, 4, 1, 0], [0, 1, 2, 3, 4] * 20, [1] * 90 + [3] * 5])
def test_stack_equals_one_at_a_time(method: str, families: list[int]) -> None:
    policies = _policies(activation="tanh" if method == "bmm" else "silu")
    stack, family = PolicyStack(policies), torch.tensor(families, dtype=torch.int64)
    features = torch.randn(len(families), 20) * 3
    fast = stack.stack(features, family, method)
    if not families:
        assert fast.shape == (0, 15)
        return
    slow = torch.cat(one_at_a_time(policies, features, family), -1)
    torch.testing.assert_close(fast, slow, rtol=1e-4, atol=1e-4)


def test_stack_keeps_the_heads_apart_and_acts_by_temperature() -> None:
    policies = _policies()
    stack, family, features = PolicyStack(policies), torch.arange(5).repeat(8), torch.randn(40, 20)
    move, interact = stack(features, family)
    assert move.shape == (40, 12) and interact.shape == (40, 3)
    greedy = torch.stack([move.argmax(-1), interact.argmax(-1)], -1)
    assert torch.equal(stack.act(features, family, temperature=0.0), greedy)
    mixed = stack.act(features, family, temperature=torch.where(family == 0, 1.0, 0.0))
    assert torch.equal(mixed[family != 0], greedy[family != 0])


def test_policies_of_different_shapes_do_not_stack() -> None:
    with pytest.raises(UserError, match="one shape"):
        PolicyStack({"a": SkillPolicy(4), "b": SkillPolicy(5)})
    with pytest.raises(UserError, match="share activation"):
        PolicyStack({"a": SkillPolicy(4), "b": SkillPolicy(4, activation="tanh")})
    with pytest.raises(UserError, match="known: tanh, silu, relu"):
        SkillPolicy(4, activation="gelu")


def test_head_stack_equals_heads() -> None:
    torch.manual_seed(1)
    heads = {name: SuccessHead(20, (16,)) for name in "abc"}
    for i, head in enumerate(heads.values()):
        head.normaliser.update(torch.randn(30, 20) + i)
        head.platt.copy_(torch.tensor([0.5 + i, -0.3 * i]))
    features, family = torch.randn(30, 20), torch.randint(3, (30,))
    slow = torch.stack([list(heads.values())[f].probability(x[None])[0] for x, f in zip(features, family, strict=True)])
    torch.testing.assert_close(HeadStack(heads)(features, family), slow, rtol=1e-4, atol=1e-5)


def test_normaliser_follows_the_moments_of_all_it_saw() -> None:
    torch.manual_seed(2)
    parts = [torch.randn(n, 3) * s + m for n, s, m in ((10, 1, 0), (200, 5, -3), (40, 0.1, 8))]
    normaliser = Normaliser(3)
    for part in parts:
        normaliser.update(part)
    every = torch.cat(parts)
    torch.testing.assert_close(normaliser.mean, every.mean(0), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(normaliser.variance, every.var(0, correction=0), rtol=1e-4, atol=1e-4)
    assert float(normaliser(every * 1e6).abs().max()) <= 8.0


def test_samples_follow_the_probabilities_and_masks_are_kept() -> None:
    logits = torch.tensor([0.0, 1.0, -1.0, 2.0, 0.5]).expand(40_000, 5)
    mask = torch.tensor([True, True, True, False, True]).expand(40_000, 5)
    generator = torch.Generator().manual_seed(0)
    actions = sample(logits, (3, 2), generator=generator)
    shares = torch.bincount(actions[:, 0], minlength=3) / 40_000
    torch.testing.assert_close(shares, logits[0, :3].softmax(-1), atol=0.01, rtol=0)
    assert (sample(logits, (3, 2), mask=mask, generator=generator)[:, 1] == 1).all()
    masked = log_probabilities(logits, (3, 2), mask)[0].exp()
    torch.testing.assert_close(masked[3:], torch.tensor([0.0, 1.0]))
    entropy = -(log_probabilities(logits, (3, 2), mask).exp() * log_probabilities(logits, (3, 2), mask))[:, 3:].sum()
    assert torch.isfinite(entropy) and abs(float(entropy)) < 1e-3
