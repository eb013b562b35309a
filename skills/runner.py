"""Performs skills in every environment of a world at once: one stacked forward pass a step, whatever each is busy with.

A skill with a policy first takes its tool into the hand, then acts by its family's network. A craft is one action; to
apply an item is to take it into the hand and use it, wherever one looks; to wait is to keep one's head above water; to climb
and to dig in are code too. Where food runs short, `find` walks where its policy would sprint: sprinting is what makes hungry.
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
from skills.breathe import Breather
from skills.cards import WEIGHTS, Card, load_weights
from skills.climb import Climber
from skills.dodge import Dodger, foes
from skills.features import Featurizer
from skills.footing import Footing
from skills.heads import HeadStack
from skills.library import SkillLibrary
from skills.loosen import Loosener
from skills.policy import PolicyStack
from skills.shelter import Shelterer
from skills.targets import FIND, best_pickaxe, make_targets
from skills.tasks import describe_features

if TYPE_CHECKING:
    from sim.minedojo.world import MineDojoWorld

NEVER = 10**9
CRAFT_CHANCE = 0.99  # of a craft whose ingredients are there
# Ticks on one spot after which a policy counts as stuck; who mines or fights never does.
PATIENCE = {"find": 100, "harvest": 400, "use": 200, "place": 100}
PAIRS = 8192  # skills in environments that success heads judge at once
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
        index = {name: k for k, name in enumerate(families)}
        self._family = np.array([index.get(skill.policy or "", -1) for skill in self.skills])
        self._temperature = np.array([self.cards[s.policy].temperature if s.policy else 0.0 for s in self.skills])
        item = world.data.item_index
        self._item = np.array([item.get(next(iter(s.obtains)), 0) if s.kind == "craft" else 0 for s in self.skills])
        self._applies = np.array([skill.kind == "apply" for skill in self.skills])
        self._crafts = np.array([skill.kind == "craft" for skill in self.skills])
        self._finds = np.array([skill.policy == FIND for skill in self.skills])
        kinds = np.array([skill.kind for skill in self.skills])
        self._climbs, self._waits, self._shelters = kinds == "climb", kinds == "wait", kinds == "shelter"
        self._climber, self._dodger, self._footing = Climber(world), Dodger(world), Footing(world)
        self._warden = Dodger(world)  # against creepers, of all that fight none
        self._shelterer, self._breather = Shelterer(world), Breather(world)
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
        self._shelterer.begin(where)
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
        interact = self._act_learned(obs, learned, actions) if len(learned) else np.zeros(0, dtype=np.int64)
        direct = envs[self._crafts[skill[envs]]]
        actions[direct, 1], actions[direct, 2] = CRAFT, self._item[skill[direct]]
        climbing = envs[self._climbs[skill[envs]]]
        if len(climbing):
            actions[climbing] = self._climber.act(obs, climbing)
        sheltering = envs[self._shelters[skill[envs]]]
        if len(sheltering):
            actions[sheltering] = self._shelterer.act(obs, sheltering)
        waiting = envs[self._waits[skill[envs]]]
        actions[waiting, 0] = np.where(obs["life"][waiting, 2] < MAX_OXYGEN, JUMP_UP, 0)
        applying = envs[self._applies[skill[envs]]]
        tool = self.targets.tool[skill[applying]]
        held = self.world.arrays.equipped[applying] == tool
        actions[applying, 1], actions[applying, 2] = np.where(held, USE, EQUIP), np.where(held, 0, tool)
        self._keep_from_creepers(obs, envs, actions)
        if len(learned):
            move = self._breather.moves(obs, learned, self._footing.moves(obs, learned, actions[learned, 0]))
            actions[learned, 0] = move
            self.features.acted(learned, move, interact, np.zeros(len(learned), np.int32))
        return torch.from_numpy(actions)

    def _keep_from_creepers(self, obs: dict[str, torch.Tensor], envs: np.ndarray, actions: np.ndarray) -> None:
        """Step away from them whatever one is busy with: who eats, crafts or fights something else does not look about."""
        skill = self.features.skill[envs]
        below = self._climbs[skill] | self._shelters[skill] & self._shelterer.is_below(obs, envs)
        free = envs[(self._foes[skill] != self._warden.creeper) & ~below]
        actions[free, 0] = self._warden.moves(obs, free, actions[free, 0], np.zeros(len(free), dtype=np.int64))

    def _act_learned(self, obs: dict[str, torch.Tensor], envs: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Fill the actions of skills with a policy; returns the interactions chosen, int [len(envs)]."""
        skill = self.features.skill[envs]
        rows = self.features(obs, envs)[envs]
        temperature = torch.from_numpy(self._temperature[skill]).float()
        pair = self.policies.act(
            rows, torch.from_numpy(self._family[skill]), temperature=temperature, noise=self._noise(envs)
        )
        move, interact = pair[:, 0].numpy(), pair[:, 1].numpy()
        saves = self._finds[skill] & (move == SPRINT_FORWARD) & (obs["life"][envs, 1].numpy() < THRIFTY)
        move = np.where(saves, FORWARD, move)
        fights = self._foes[skill] > 0
        move[fights] = self._dodger.moves(obs, envs[fights], move[fights], self._foes[skill[fights]])
        arrays, tool = self.world.arrays, self.targets.tool[skill]
        tool = np.where(self._finds[skill], best_pickaxe(arrays.inventory[envs], self.world.data), tool)
        needs_tool = (tool > 0) & (arrays.equipped[envs] != tool) & (arrays.inventory[envs, tool] > 0)
        actions[envs, 0] = np.where(needs_tool, 0, move)
        actions[envs, 1] = np.where(needs_tool, EQUIP, self._interact[interact])
        actions[envs, 2] = np.where(needs_tool, tool, 0)
        stuck = self._loosener.stuck(obs, envs, self._patience[skill])
        if stuck.any():
            actions[envs[stuck]] = self._loosener.act(obs, envs[stuck], tool[stuck], self._places[skill[stuck]])
        return np.where(needs_tool, 0, interact)

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
        known = {name: k for k, name in enumerate(self.heads.names)}
        out[:, [row for row, skill in enumerate(self.skills) if skill.policy is None]] = CRAFT_CHANCE
        learned = [row for row, skill in enumerate(self.skills) if skill.policy in known]
        if not learned or not len(where):
            return out
        position = self.world.state_position()
        kinds = torch.tensor([known[str(self.skills[row].policy)] for row in learned])
        few = max(PAIRS // len(learned), 1)
        for start in range(0, len(where), few):
            some = where[start : start + few]
            rows = self.features.at_start(obs, np.repeat(some, len(learned)), np.tile(learned, len(some)), position)
            out[start : start + few, learned] = self.heads(rows, kinds.repeat(len(some))).view(len(some), len(learned))
        return out
