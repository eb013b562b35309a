"""Speed of the policies: all families in one batched pass, against one family, one skill and one environment at a time.

Fresh networks of the shipped shape on random features; environments are spread evenly over the skills.

    saycraft bench policies [--num-envs 64,1024] [--seconds 1]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from benchmarks.timing import median_seconds
from skills.policy import PolicyStack, SkillPolicy, one_at_a_time

FAMILIES = ("find", "harvest", "mine", "hunt", "use", "place")
SKILLS = 48  # skills that share the families' networks
FEATURES = 320


def rows(num_envs: Sequence[int] = (64, 1024), seconds: float = 1.0) -> list[dict[str, Any]]:
    """One row per method and batch size; `ms` is one pass for all environments, `speedup` is against one at a time."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    policies = {name: SkillPolicy(FEATURES).to(device).eval() for name in FAMILIES}
    stack = PolicyStack(policies).to(device)
    out: list[dict[str, Any]] = []
    for n in num_envs:
        features = torch.randn(n, FEATURES, device=device)
        skill = torch.arange(n, device=device) % SKILLS
        family = skill % len(FAMILIES)
        methods: dict[str, Callable[[], object]] = {
            "one environment at a time": lambda: one_at_a_time(policies, features, family),  # noqa: B023
            "one skill at a time": lambda: _by_group(policies, features, family, skill),  # noqa: B023
            "one family at a time": lambda: _by_group(policies, features, family, family),  # noqa: B023
            "stacked": lambda: stack(features, family),  # noqa: B023
        }
        times = {name: median_seconds(work, seconds, device, least=3) for name, work in methods.items()}
        slow = times["one environment at a time"]
        out += [
            {
                "method": name,
                "num_envs": n,
                "device": device.type,
                "ms": 1000 * t,
                "steps_per_s": n / t,
                "speedup": slow / t,
            }
            for name, t in times.items()
        ]
    return out


@torch.no_grad()
def _by_group(policies: dict[str, SkillPolicy], features: Tensor, family: Tensor, group: Tensor) -> Tensor:
    """One pass per value of `group`, all of whose rows share a family."""
    members = list(policies.values())
    out = features.new_empty(len(features), sum(members[0].action_sizes))
    for g in group.unique():
        chosen = (group == g).nonzero().squeeze(1)
        logits, _ = members[int(family[chosen[0]])](features[chosen])
        out[chosen] = torch.cat(logits, -1)
    return out
