"""Performs skills in every environment of a world at once: one stacked forward pass a step, whatever each is busy with.

A skill with a policy first takes its tool into the hand, then acts by its family's network. A craft is one action; to
apply an item is to take it into the hand and use it, wherever one looks; to wait is to keep one's head above water; to climb
is code too. Where food runs short, `find` walks where its policy would sprint: sprinting is what makes hungry.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from sim.craft.act import CRAFT, EQUIP, USE
from sim.craft.actions import INTERACT
from sim.craft.chance import scramble
from sim.craft.physics import FORWARD, JUMP_UP, SPRINT_FORWARD
from sim.craft.state import MAX_OXYGEN
from sim.craft.world import CraftWorld
from skills.cards import WEIGHTS, Card, load_weights
from skills.climb import Climber
from skills.dodge import Dodger, foes
from skills.features import Featurizer
from skills.footing import Footing
from skills.heads import HeadStack
from skills.loosen import Loosener
from skills.policy import PolicyStack
from skills.schema import SkillLibrary
from skills.targets import FIND, best_pickaxe, make_targets
from skills.tasks import describe_features

if TYPE_CHECKING:
    from sim.minedojo.world import MineDojoWorld

NEVER = 10**9
CRAFT_CHANCE = 0.99  # of a craft whose ingredients are there
# Ticks on one spot after which a policy counts as stuck; who mines or fights never does.
PATIENCE = {"find": 100, "harvest": 400, "use": 200, "place": 100}
THRIFTY = 18  # food below which nobody sprints to look for something: the well fed heal


class SkillRunner:
    """N environments, each performing one skill of a library (rows in the library's order)."""

    def __init__(
        self, library: SkillLibrary, world: CraftWorld | MineDojoWorld, *, folder: Path = WEIGHTS, seed: int = 0
    ):
        self.world, self.skills = world, list(library.skills.values())
        families = sorted({skill.policy for skill in self.skills if skill.policy})
        loaded = {name: load_weights(name, describe_features(world), folder) for name in families}
        self.cards: dict[str, Card] = {name: card for name, (_, _, card) in loaded.items()}
        self.policies = PolicyStack({name: policy for name, (policy, _, _) in loaded.items()})
        self.heads = HeadStack({name: head for name, (_, head, _) in loaded.items() if head is not None})
        n = world.num_envs
        self.targets = make_targets(self.skills, world.data)
        self.features = Featurizer(n, world, self.targets)
        self._outlook = Featurizer(n, world, self.targets)  # rows of skills that are only being considered
        index = {name: k for k, name in enumerate(families)}
        self._family = np.array([index.get(skill.policy or "", -1) for skill in self.skills])
        self._temperature = np.array([self.cards[s.policy].temperature if s.policy else 0.0 for s in self.skills])
        item = world.data.item_index
        self._item = np.array([item.get(next(iter(s.obtains)), 0) if s.kind == "craft" else 0 for s in self.skills])
        self._applies = np.array([skill.kind == "apply" for skill in self.skills])
        self._crafts = np.array([skill.kind == "craft" for skill in self.skills])
        self._finds = np.array([skill.policy == FIND for skill in self.skills])
        self._climbs, self._waits = (np.array([skill.kind == k for skill in self.skills]) for k in ("climb", "wait"))
        self._climber, self._dodger, self._footing = Climber(world), Dodger(world), Footing(world)
        self._loosener = Loosener(world)
        self._patience = np.array([PATIENCE.get(skill.policy or "", NEVER) for skill in self.skills])
        self._places = np.array([skill.policy == "place" for skill in self.skills])
        self._foes = foes(self.skills, world.data)
        self._seed = seed
        self._interact = np.array(INTERACT)
        self._ticks = np.zeros(n, dtype=np.int64)
        self._all = np.arange(n)

    def start(self, envs: Sequence[int], skills: Sequence[int]) -> None:
        """Begin skill `skills[k]` in environment `envs[k]`."""
        where = np.asarray(envs, dtype=np.int64)
        self.features.begin(where, np.asarray(skills, dtype=np.int64), self.world.state_position())
        self._ticks[where] = self.world.arrays.ticks[where]
        self._climber.begin(where)
        self._loosener.begin(where)

    @torch.no_grad()
    def act(self, obs: dict[str, torch.Tensor], env_ids: Sequence[int]) -> torch.Tensor:
        """Actions int64 [N, 3] of the skills in some environments; the others do nothing."""
        ticks = self.world.arrays.ticks.astype(np.int64)
        self.features.ticks_used[:] += np.maximum(ticks - self._ticks, 0).astype(np.int32)
        self._ticks[:] = ticks
        actions = np.zeros((self.world.num_envs, 3), dtype=np.int64)
        skill = self.features.skill
        envs = np.asarray(env_ids, dtype=np.int64)
        self._footing.look(obs, envs)
        learned = envs[self._family[skill[envs]] >= 0]
        if len(learned):
            self._act_learned(obs, learned, actions)
        direct = envs[self._crafts[skill[envs]]]
        actions[direct, 1], actions[direct, 2] = CRAFT, self._item[skill[direct]]
        climbing = envs[self._climbs[skill[envs]]]
        if len(climbing):
            actions[climbing] = self._climber.act(obs, climbing)
        waiting = envs[self._waits[skill[envs]]]
        actions[waiting, 0] = np.where(obs["life"][waiting, 2] < MAX_OXYGEN, JUMP_UP, 0)
        applying = envs[self._applies[skill[envs]]]
        tool = self.targets.tool[skill[applying]]
        held = self.world.arrays.equipped[applying] == tool
        actions[applying, 1], actions[applying, 2] = np.where(held, USE, EQUIP), np.where(held, 0, tool)
        return torch.from_numpy(actions)

    def _act_learned(self, obs: dict[str, torch.Tensor], envs: np.ndarray, actions: np.ndarray) -> None:
        skill = self.features.skill[envs]
        rows = self.features(obs, envs)[envs]
        temperature = torch.from_numpy(self._temperature[skill]).float()
        pair = self.policies.act(
            rows, torch.from_numpy(self._family[skill]), temperature=temperature, noise=self._noise(envs)
        )
        move, interact = pair[:, 0].numpy(), pair[:, 1].numpy()
        saves = self._finds[skill] & (move == SPRINT_FORWARD) & (obs["life"][envs, 1].numpy() < THRIFTY)
        move = self._dodger.moves(obs, envs, np.where(saves, FORWARD, move), self._foes[skill])
        move = self._footing.moves(obs, envs, move)
        arrays, tool = self.world.arrays, self.targets.tool[skill]
        tool = np.where(self._finds[skill], best_pickaxe(arrays.inventory[envs], self.world.data), tool)
        needs_tool = (tool > 0) & (arrays.equipped[envs] != tool) & (arrays.inventory[envs, tool] > 0)
        actions[envs, 0] = np.where(needs_tool, 0, move)
        actions[envs, 1] = np.where(needs_tool, EQUIP, self._interact[interact])
        actions[envs, 2] = np.where(needs_tool, tool, 0)
        stuck = self._loosener.stuck(obs, envs, self._patience[skill])
        if stuck.any():
            actions[envs[stuck]] = self._loosener.act(obs, envs[stuck], tool[stuck], self._places[skill[stuck]])
            actions[envs[stuck], 0] = self._footing.moves(obs, envs[stuck], actions[envs[stuck], 0])
        self.features.acted(
            envs, np.where(needs_tool, 0, move), np.where(needs_tool, 0, interact), np.zeros(len(envs), np.int32)
        )

    def _noise(self, envs: np.ndarray) -> torch.Tensor:
        """Exponential noise float [len(envs), logits] by episode seed and tick: an episode is the same whatever runs beside."""
        width = sum(self.policies.action_sizes)
        moment = scramble(self.world.seeds[envs] * 1_000_003 + self._ticks[envs] * 31 + self._seed)
        drawn = scramble((moment[:, None] * 64 + np.arange(width)).ravel()).reshape(-1, width)
        return torch.from_numpy(-np.log(drawn / 2.0**32)).float()

    @torch.no_grad()
    def success_probability(self, obs: dict[str, torch.Tensor], envs: Sequence[int]) -> torch.Tensor:
        """float [len(envs), S]: calibrated probability that each skill, started now, succeeds; NaN without a head."""
        where = np.asarray(envs, dtype=np.int64)
        out = torch.full((len(where), len(self.skills)), float("nan"))
        position = self.world.state_position()
        known = {name: k for k, name in enumerate(self.heads.names)}
        out[:, [row for row, skill in enumerate(self.skills) if skill.policy is None]] = CRAFT_CHANCE
        learned = [row for row, skill in enumerate(self.skills) if skill.policy in known]
        if not learned or not len(where):
            return out
        rows = []
        for row in learned:
            self._outlook.begin(where, np.full(len(where), row), position)
            rows.append(self._outlook(obs, where)[where])
        kinds = torch.tensor([known[str(self.skills[row].policy)] for row in learned]).repeat_interleave(len(where))
        out[:, learned] = self.heads(torch.cat(rows), kinds).view(len(learned), len(where)).T
        return out
