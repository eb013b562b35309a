"""How often one run of a mining skill uses its tool: `python -m benchmarks.wear [SKILL ...]`; for `uses` in the libraries."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from skills.cards import load_weights
from skills.library import SkillLibrary
from skills.rollout import actor
from skills.tasks import make_task

SKILLS = ("cobblestone", "mine_coal", "iron_ore", "gold_ore", "redstone", "diamond", "lapis")
NUM_ENVS, DECISIONS, SEED = 256, 1500, 77


def measure(
    names: Sequence[str] = SKILLS, num_envs: int = NUM_ENVS, decisions: int = DECISIONS
) -> dict[str, tuple[float, int]]:
    """Mean uses in one run, and the number of runs, of each skill, with the shipped policy of `mine`."""
    library = SkillLibrary.load("craft")
    task = make_task("mine", num_envs, SEED, skills=[library.skills[name] for name in names], purpose="judge")
    policy, _, card = load_weights("mine", task.observation)
    act, rows, used = actor(policy, card.temperature, 0), task.reset(), task.world.arrays.used
    uses, runs, envs = np.zeros(len(names)), np.zeros(len(names), dtype=int), np.arange(num_envs)
    for _ in range(decisions):
        skill = task.skill_rows.copy()
        tool = task.targets.tool[skill]
        before = used[envs, tool].astype(int)
        rows, _, terminated, truncated, _ = task.step(act(rows))
        over = (terminated | truncated).numpy()
        # a new episode counts from nothing, so the last decision's use is left out
        np.add.at(uses, skill, np.where(over, 0, np.maximum(used[envs, tool] - before, 0)))
        np.add.at(runs, skill, over)
    return {name: (float(uses[k] / max(runs[k], 1)), int(runs[k])) for k, name in enumerate(names)}


if __name__ == "__main__":
    for name, (mean, count) in measure(sys.argv[1:] or SKILLS).items():
        print(f"{name:32s} {mean:6.1f} uses a run, {count} runs")
