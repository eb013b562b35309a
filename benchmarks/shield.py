"""Single fights with and without the shield, by the shipped policy: `python -m benchmarks.shield [MOB ...]`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
import torch

from skills.cards import load_weights
from skills.deeds import KILLED
from skills.dodge import Dodger
from skills.library import SkillLibrary
from skills.rollout import actor, play
from skills.statistics import wilson
from skills.tasks import make_task

MOBS = ("creeper", "zombie", "husk", "spider", "enderman", "wolf", "slime")
NUM_ENVS, PER_ENV, SEED = 256, 4, 11


class NoShield(Dodger):
    """Leaves every move as it is."""

    def moves(self, obs: dict[str, torch.Tensor], envs: np.ndarray, moves: np.ndarray, foes: np.ndarray) -> np.ndarray:
        """`moves`."""
        return moves


def measure(mobs: Sequence[str] = MOBS, shielded: bool = True) -> dict[str, tuple[int, int]]:
    """Fights won and fought with each skill that kills one of the mobs, from the honest starts of the cards."""
    library = SkillLibrary.load("minedojo")
    skills = [s for s in library.skills.values() if s.target in mobs and any(f.startswith(KILLED) for f in s.obtains)]
    task = make_task("fight", NUM_ENVS, SEED, skills=skills, purpose="evaluate")
    if not shielded:
        task.dodger = NoShield(task.world)
    policy, _, card = load_weights("fight", task.observation)
    found = play(task, actor(policy, card.temperature, 0), PER_ENV)
    return {
        name: (int(found.success[found.skill == k].sum()), int((found.skill == k).sum()))
        for k, name in enumerate(task.skill_names)
    }


if __name__ == "__main__":
    with_it, without = (measure(sys.argv[1:] or MOBS, shielded) for shielded in (True, False))
    for name in with_it:
        (won, of), (alone, fought) = with_it[name], without[name]
        print(f"{name:36s} {won / max(of, 1):.2f} of {of:3d} with, {alone / max(fought, 1):.2f} of {fought:3d} without")
    for text, counts in (("with", with_it), ("without", without)):
        won, of = (sum(c[k] for c in counts.values()) for k in range(2))
        low, high = wilson(won, of)
        print(f"all {text} the shield: {won / of:.3f} [{low:.3f}, {high:.3f}] of {of}")
