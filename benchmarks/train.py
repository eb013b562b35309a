"""Speed of training: decisions a second of PPO on a family's task, split into rollout and update."""

from __future__ import annotations

from typing import Any

import torch


def rows(num_envs: tuple[int, ...] = (256, 1024), seconds: float = 10.0, family: str = "use") -> list[dict[str, Any]]:
    """One row per batch size; `steps_per_s` counts decisions of all environments, each of up to four game ticks."""
    from skills.learn import Budget, learn
    from skills.library import SkillLibrary
    from skills.tasks import make_task

    skills = list(SkillLibrary.load("plan4mc").skills.values())
    found = []
    for n in num_envs:
        reports: list[dict[str, Any]] = []
        task = make_task(family, n, 0, skills=skills, purpose="train")
        learn(task, budget=Budget(seconds=seconds), report=reports.append)
        task.close()
        last = reports[1:] or reports  # the first iteration compiles
        rollout, update = (sum(r[key] for r in last) / len(last) for key in ("rollout_s", "update_s"))
        found.append({"method": f"ppo on {family}", "num_envs": n, "steps_per_s": sum(r["steps_per_s"] for r in last) / len(last),
                      "rollout_s": rollout, "update_s": update, "threads": torch.get_num_threads()})  # fmt: skip
    return found
