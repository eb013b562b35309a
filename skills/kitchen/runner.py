"""Performs the household robot's skills in every kitchen at once: drives by path search, handles by the learned policies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from sim.kitchen.facts import held_slot, where
from sim.kitchen.layout import NAMES, PLACES, standing_at
from sim.kitchen.objects import COPIES, KINDS
from sim.kitchen.simulation import ACTION_SIZE
from sim.kitchen.state import NOTHING
from sim.kitchen.world import KitchenWorld
from sim.world import UserError
from skills.cards import WEIGHTS, Card, load_weights
from skills.household import ROBOT
from skills.kitchen.control import Work, aim, choose_slot
from skills.kitchen.features import FAMILIES, Rows, describe
from skills.kitchen.navigation import Point, path, station, towards
from skills.kitchen.outlook import head_features
from skills.library import SkillLibrary
from skills.schema import Skill

ARRIVES = 0.99  # chance that a drive ends where it should
NEVER = 0.01  # of a skill whose object is not where the skill wants it
NUDGE = 0.6  # rad: turn away first, so that coming to where one is counts as coming


class HouseholdRunner:
    """N environments, each performing one skill of a library (positions in the library's order)."""

    def __init__(self, library: SkillLibrary, world: KitchenWorld, *, folder: Path = WEIGHTS):
        self.world, self.skills = world, list(library.skills.values())
        self.place = np.array([_place(skill) for skill in self.skills])
        self.kind = np.array([_kind(skill) for skill in self.skills])
        families = [f for f in FAMILIES if any(skill.policy == f for skill in self.skills)]
        loaded = {name: load_weights(name, describe(name), folder) for name in families}
        self.policies = {name: policy for name, (policy, _, _) in loaded.items()}
        self.heads = {name: head for name, (_, head, _) in loaded.items() if head is not None}
        self.cards: dict[str, Card] = {name: card for name, (_, _, card) in loaded.items()}
        self.work = Work(world.num_envs)
        self.skill = np.full(world.num_envs, NOTHING)
        self._ways: list[list[Point]] = [[] for _ in range(world.num_envs)]
        self._goals = np.zeros((world.num_envs, 3))
        self._leaving = np.zeros(world.num_envs, dtype=bool)

    def start(self, envs: Sequence[int], skills: Sequence[int]) -> None:
        """Begin skill `skills[k]` in environment `envs[k]`."""
        state = self.world.state
        for env, row in zip(envs, skills, strict=True):
            skill = self.skills[row]
            self.skill[env] = row
            if skill.policy is None:
                self.work.family[env] = NOTHING
                self._set_out(env, skill, row)
            else:
                opening = skill.kind == "open"
                self.work.begin(state, env, skill.policy, int(self.kind[row]), int(self.place[row]), opening)

    def _set_out(self, env: int, skill: Skill, row: int) -> None:
        """Plan the way to a place, or to where its object lies there."""
        state, place = self.world.state, PLACES[NAMES[self.place[row]]]
        aside = 0.0
        if skill.kind == "find":
            slot = choose_slot(state, env, int(self.kind[row]), int(self.place[row]))
            if slot != NOTHING:
                aside = float(place.local(*state["position"][env, slot, :2])[1])
        base = state["base"][env].astype(np.float64)
        self._goals[env] = station(place, aside)
        self._leaving[env] = skill.kind == "go" and bool(standing_at(base[None], place)[0])
        x, y = self._goals[env, :2]
        self._ways[env] = path((float(base[0]), float(base[1])), (float(x), float(y)))

    @torch.no_grad()
    def act(self, obs: dict[str, torch.Tensor], env_ids: Sequence[int]) -> torch.Tensor:
        """Actions float32 [N, 8] of the skills in some environments; the others do nothing."""
        state = self.world.state
        actions = np.zeros((self.world.num_envs, ACTION_SIZE), dtype=np.float32)
        envs = np.asarray(env_ids, dtype=np.int64)
        handles = self.work.family[envs] != NOTHING
        for env in envs[(self.skill[envs] != NOTHING) & ~handles].tolist():
            actions[env, :3] = self._drive(env)
        handling = envs[handles]
        if len(handling):
            rows = torch.from_numpy(self.work.features(state, handling))
            arm = torch.zeros(len(handling), 5)
            for f, name in enumerate(FAMILIES):
                own = torch.from_numpy(self.work.family[handling] == f)
                if bool(own.any()):
                    arm[own] = self.policies[name].act(rows[own], temperature=0.0)
            actions[handling] = self.work.actions(state, handling, arm.numpy())
        return torch.from_numpy(actions)

    def _drive(self, env: int) -> np.ndarray:
        base, goal = self.world.state["base"][env].astype(np.float64), self._goals[env]
        if self._leaving[env]:
            away = abs((base[2] - goal[2] + np.pi) % (2 * np.pi) - np.pi)
            self._leaving[env] = away < 0.9 * NUDGE
            return np.array([0.0, 0.0, 1.0])
        return towards(base, (goal[0], goal[1], goal[2]), self._ways[env])

    @torch.no_grad()
    def success_probability(self, obs: dict[str, torch.Tensor], envs: Sequence[int]) -> torch.Tensor:
        """float [len(envs), S]: calibrated probability that each skill, started now, succeeds."""
        out = np.full((len(envs), len(self.skills)), NEVER, dtype=np.float32)
        at = where(self.world.state)
        wanted: dict[str, list[tuple[int, int, Rows]]] = {name: [] for name in FAMILIES}
        for k, env in enumerate(envs):
            lying = at[env].reshape(-1, COPIES, len(NAMES)).any(1)  # [kind, place]
            held = held_slot(self.world.state)[env]
            for row, skill in enumerate(self.skills):
                kind, place = int(self.kind[row]), int(self.place[row])
                if skill.kind == "go":
                    out[k, row] = ARRIVES
                elif skill.kind == "find":
                    out[k, row] = ARRIVES if lying[kind, place] else NEVER
                elif skill.policy is None:
                    out[k, row] = np.nan
                elif skill.policy == "drawer" or (skill.policy == "pick" and lying[kind, place]) or (
                    skill.policy == "put" and held // COPIES == kind and held != NOTHING
                ):  # fmt: skip
                    wanted[skill.policy].append((k, row, self._row(env, skill, kind, place, at)))
        for family, some in wanted.items():
            if some and family in self.heads:
                rows = Rows(
                    *(np.concatenate(columns) for columns in zip(*(vars(r).values() for _, _, r in some), strict=True))
                )
                chance = self.heads[family].probability(torch.from_numpy(head_features(family, self.world.state, rows)))
                for (k, row, _), p in zip(some, chance.tolist(), strict=True):
                    out[k, row] = p
        return torch.from_numpy(out)

    def _row(self, env: int, skill: Skill, kind: int, place: int, at: np.ndarray) -> Rows:
        """What a skill would be about if it started now."""
        slot, target = aim(self.world.state, env, str(skill.policy), kind, place, at)
        return Rows(np.array([env]), np.array([slot]), np.array([place]), target[None], np.array([skill.kind == "open"]),
                    np.zeros(1, dtype=np.int64), np.zeros((1, 4)))  # fmt: skip

    @torch.no_grad()
    def ongoing_probability(self, obs: dict[str, torch.Tensor], envs: Sequence[int]) -> torch.Tensor:
        """float [len(envs)]: P(success) of the skill under way, from where it has got to; NaN for drives."""
        where_to = np.asarray(envs)
        out = torch.full((len(envs),), float("nan"))
        rows = torch.from_numpy(self.work.features(self.world.state, where_to, for_head=True))
        for f, name in enumerate(FAMILIES):
            own = torch.from_numpy(self.work.family[where_to] == f)
            if bool(own.any()) and name in self.heads:
                out[own] = self.heads[name].probability(rows[own])
        return out


def _place(skill: Skill) -> int:
    """Number of the place that a skill goes to or works at."""
    for name in (*skill.requires, *skill.obtains):
        if name.startswith(ROBOT):
            found = name.removeprefix(ROBOT).replace("_", " ")
            if found in NAMES:
                return NAMES.index(found)
    raise UserError(f"skill '{skill.name}': this kitchen's physics has none of its places; it has {', '.join(NAMES)}")


def _kind(skill: Skill) -> int:
    """Number of the object that a skill handles; NOTHING where it handles none."""
    if skill.kind in ("go", "open", "close"):
        return NOTHING
    if skill.target not in KINDS:
        raise UserError(
            f"skill '{skill.name}': this kitchen's physics has no '{skill.target}'; add --symbolic, or an entry in "
            f"sim/kitchen/objects.py"
        )
    return KINDS[skill.target]
