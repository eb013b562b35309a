"""A tiny world of four facts with its skills, planner and runner, in which everything can be made to go wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from sim.world import UserError

FACTS = ("log", "planks", "log_nearby", "poison")


@dataclass
class FakeSkill:
    name: str
    obtains: dict[str, int]
    policy: str | None = "walk"
    steps: int = 40
    consumes: dict[str, int] = field(default_factory=dict)
    requires: dict[str, int] = field(default_factory=dict)
    equips: str | None = None
    text: str = ""
    kind: str = "harvest"
    target: str | None = None

    @property
    def is_direct(self) -> bool:
        return self.policy is None

    def forgets(self, fact: str) -> bool:
        return False


SKILLS = {
    s.name: s
    for s in (
        FakeSkill("find_log", {"log_nearby": 1}),
        FakeSkill("harvest_log", {"log": 1}, requires={"log_nearby": 1}),
        FakeSkill("craft_planks", {"planks": 4}, policy=None, consumes={"log": 1}, kind="craft"),
        FakeSkill("idle", {"planks": 1000}, steps=20),
    )
}
NAMES = list(SKILLS)


class FakeWorld:
    """Each walking skill needs 3 steps of 4 ticks; the action's first entry is the skill, the third a nuisance."""

    def __init__(self, num_envs: int):
        self.num_envs, self.fact_names, self.device = num_envs, FACTS, torch.device("cpu")
        self.values = np.zeros((num_envs, len(FACTS)), dtype=np.int32)
        self.ticks = np.zeros(num_envs, dtype=np.int32)
        self.worked = np.zeros(num_envs, dtype=np.int32)
        self.paused = np.zeros(num_envs, dtype=bool)
        self.steps = 0
        self.break_at: int | None = None

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        mask = np.asarray((options or {})["mask"])
        starts = (options or {})["start"]
        for i in np.flatnonzero(mask):
            if starts[i].get("biome") == "moon":
                raise UserError("unknown biome 'moon'")
        for i in np.flatnonzero(mask):
            self.values[i], self.paused[i] = 0, False
            for name, n in starts[i].get("inventory", {}).items():
                self.values[i, FACTS.index(name)] = n
            self.ticks[i] = self.worked[i] = 0
        return self.obs(), {}

    def obs(self) -> dict[str, torch.Tensor]:
        return {"facts": torch.from_numpy(self.values)}

    def step(self, actions: torch.Tensor) -> tuple[dict, torch.Tensor, torch.Tensor, torch.Tensor, dict]:
        self.steps += 1
        if self.steps == self.break_at:
            raise RuntimeError("the kernel broke")
        for i, (skill, _, _) in enumerate(actions.tolist()):
            if skill and not self.paused[i]:
                self.ticks[i] += 4
                self._work(i, SKILLS[NAMES[skill - 1]])
        none = torch.zeros(self.num_envs, dtype=torch.bool)
        died = torch.from_numpy((self.values[:, 3] > 0) & (self.ticks > 8))
        return self.obs(), torch.zeros(self.num_envs), died, none, {}

    def _work(self, i: int, skill: FakeSkill) -> None:
        row = self.values[i]
        self.worked[i] += 1
        able = all(row[FACTS.index(f)] >= n for f, n in {**skill.requires, **skill.consumes}.items())
        if able and skill.name != "idle" and (skill.policy is None or self.worked[i] % 3 == 0):
            for f, n in skill.consumes.items():
                row[FACTS.index(f)] -= n
            for f, n in skill.obtains.items():
                row[FACTS.index(f)] += n

    def pause(self, env_ids: Sequence[int]) -> None:
        self.paused[list(env_ids)] = True

    def facts(self) -> torch.Tensor:
        return torch.from_numpy(self.values.copy())

    def close(self) -> None:
        pass


class FakeRunner:
    def __init__(self, num_envs: int):
        self.skill = np.full(num_envs, -1)
        self.calls = 0
        self.chance = 1.0

    def start(self, env_ids: Sequence[int], skill_indices: Sequence[int]) -> None:
        self.skill[list(env_ids)] = skill_indices

    def act(self, obs: dict[str, torch.Tensor], env_ids: Sequence[int]) -> torch.Tensor:
        self.calls += 1
        actions = torch.zeros(len(self.skill), 3, dtype=torch.long)
        actions[list(env_ids), 0] = torch.from_numpy(self.skill[list(env_ids)] + 1)
        return actions

    def success_probability(self, obs: dict[str, torch.Tensor], env_ids: Sequence[int]) -> torch.Tensor:
        return torch.full((len(env_ids), len(SKILLS)), self.chance)


@dataclass
class FakeDecision:
    skill: str | None
    status: str = "act"
    candidates: list = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    reason: str = ""


class FakePlanner:
    """Planks from logs; a goal of 13 planks throws, 14 is impossible, 15 names no skill, 16 idles, 17 says done."""

    name = "fake"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def decide(self, goals, facts, history, affordance=None, commands=None) -> list[FakeDecision]:
        self.batches.append(len(goals))
        return [self._one(goal[0], f) for goal, f in zip(goals, facts, strict=True)]

    def _one(self, goal: dict[str, int], facts: dict[str, int]) -> FakeDecision:
        wanted = goal.get("planks", 1)
        if wanted == 13:
            raise ZeroDivisionError("thirteen")
        special = {14: FakeDecision(None, "impossible"), 15: FakeDecision("fly"), 16: FakeDecision("idle"),
                   17: FakeDecision(None, "done"), 18: FakeDecision("craft_planks")}  # fmt: skip
        if wanted in special:
            return special[wanted]
        skill = "craft_planks" if facts.get("log") else "harvest_log" if facts.get("log_nearby") else "find_log"
        return FakeDecision(skill)
