"""The training tasks: one batched RL environment per family of skills, over the world itself, from random starts.

A start is a random place on a random map of one of the skill's biomes, by day or at night, the skill's tool in hand.
Rewards are dicts of named terms, weighted in `WEIGHTS`; success is read from the facts that the skill obtains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from sim.craft.actions import INTERACT, MOVES
from sim.craft.biomes import BIOMES, TABLE
from sim.craft.data import ARMOUR, NIGHT
from sim.craft.grid import SIZE, cell_index
from sim.craft.kernel import nearby_all
from sim.craft.state import WorldConfig
from sim.craft.world import CraftWorld
from sim.world import UserError
from skills.deeds import KILLED
from skills.dodge import Dodger, foes
from skills.features import FEATURES_VERSION, Featurizer, feature_size
from skills.schema import Skill
from skills.targets import FIGHT, FIND, PASSIVE, PICKAXES, best_pickaxe, make_targets

if TYPE_CHECKING:
    from sim.minedojo.world import MineDojoWorld

WEIGHTS = {
    "success": 5.0,  # the skill's facts were obtained
    "nearer": 1.0,  # change of closeness to the target in view, 0..1
    "dig": 0.6,  # change of the progress at a target block, 0..1
    "hurt": 1.0,  # share of the target mob's health taken
    "depth": 0.15,  # metres nearer to the band where the target lies
    "explore": 0.03,  # a 4 x 4 x 4 brick not visited before, while no target is in view
    "health": -0.25,  # half hearts lost
    "time": -0.01,  # each decision
}
FIGHT_WEIGHTS = WEIGHTS | {"health": -0.03, "hurt": 2.0}  # who shuns every blow runs away
DEATH = -2.0
FAMILIES = ("find", "harvest", "mine", "hunt", "use", "place", "fight")
ARMOURS = ("", "", "leather", "iron", "diamond")  # of fighters, one for all four pieces


@dataclass(frozen=True)
class Spread:
    """How wide the starts are: training asks for easy and hard ones, the success heads also for hopeless ones."""

    near: float = 0.5  # share of starts whose mobs stand within a few blocks
    night: float = 0.05
    no_tool: float = 0.0
    no_mobs: float = 0.0
    any_biome: float = 0.0
    chained: float = 0.0  # share of won episodes after which the next begins on the same spot, as in a plan
    buried: float = 0.0  # share of starts in the ground, in a shaft or a hole
    pickaxe: float = 0.0  # share of finders' starts with a pickaxe


PURPOSES = {
    "train": Spread(buried=0.3, chained=0.6, pickaxe=0.5),
    "judge": Spread(near=0.0, night=0.0, buried=0.3, chained=0.6, pickaxe=0.5),  # which policy is kept
    "evaluate": Spread(near=0.0, night=0.0),  # honest starts, for the cards
    "wide": Spread(
        near=0.6, night=0.25, no_tool=0.15, no_mobs=0.2, any_biome=0.35, buried=0.2, chained=0.3, pickaxe=0.3
    ),  # for the heads
    "far": Spread(
        near=0.1, night=0.5, no_tool=0.3, no_mobs=0.35, any_biome=0.8, buried=0.4, pickaxe=0.2
    ),  # what the heads have not seen
}


def make_task(family: str, num_envs: int, seed: int, *, skills: Sequence[Skill], purpose: str) -> SkillTask:
    """The task of a family over a library's skills, for one of PURPOSES."""
    return SkillTask(family, skills, num_envs, seed, PURPOSES[purpose])


def describe_features(world: CraftWorld | MineDojoWorld) -> dict:
    """What a network's input means, as plain values: kept in its card, and refused when a world differs."""
    c = world.config
    return {"features": FEATURES_VERSION, "size": feature_size(c), "lidar": [list(ray) for ray in c.lidar],
            "ray_range": c.ray_range, "box": list(c.box), "ticks": c.ticks}  # fmt: skip


def _is_trained(skill: Skill, mob_names: Sequence[str]) -> bool:
    """Whether training has it: not fights for what the mob may drop (it fights to kill, which is over when the mob is dead),
    and of all mobs, finders look for the four that graze everywhere."""
    if skill.policy == FIGHT:
        return any(fact.startswith(KILLED) for fact in skill.obtains)
    return skill.policy != FIND or skill.target not in mob_names or skill.target in PASSIVE


class SkillTask:
    """N environments, each working on one skill of a family; finished ones restart at once with another.

    Observations are feature rows float32 [N, obs_dim]; actions int [N, 2] = (move, interaction).
    """

    def __init__(self, family: str, skills: Sequence[Skill], num_envs: int, seed: int, spread: Spread,
                 config: WorldConfig | None = None):  # fmt: skip
        self.family, self.num_envs, self.spread = family, num_envs, spread
        self.world = CraftWorld(num_envs, seed=seed, config=config or WorldConfig())
        self.skills = [s for s in skills if s.policy == family and _is_trained(s, self.world.data.mob_names)]
        if not self.skills:
            raise UserError(f"the library has no skill of the family '{family}'")
        self.targets = make_targets(self.skills, self.world.data)
        self.features = Featurizer(num_envs, self.world, self.targets)
        self.obs_dim = self.features.size
        self.action_sizes = (MOVES, len(INTERACT))
        self.skill_names = tuple(skill.name for skill in self.skills)
        self.observation = describe_features(self.world)
        self._rng = np.random.default_rng(seed)
        self._interact = np.array(INTERACT)
        self._item, self._near, self._kill, self._rise = self._goals()
        self._visited = np.zeros((num_envs, 16 * 12 * 16), dtype=bool)
        self._all = np.arange(num_envs)
        self._actions = np.zeros((num_envs, 3), dtype=np.int64)
        self._had = np.zeros(num_envs, dtype=np.int64)
        self._obs: dict[str, torch.Tensor] = {}
        self.dodger = Dodger(self.world)
        self._foes = foes(self.skills, self.world.data)

    # -- RLTask ------------------------------------------------------------------------------------------------------

    def reset(self) -> torch.Tensor:
        """Start every environment; returns feature rows."""
        self._begin(self._all)
        return self.features(self._obs).clone()

    def step(self, actions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, dict]:
        """One decision everywhere; see `skills.ppo.RLTask`."""
        move = self.dodger.moves(self._obs, self._all, actions[:, 0].numpy(), self._foes[self.features.skill])
        interact = actions[:, 1].numpy()
        self._actions[:, 0], self._actions[:, 1] = move, self._interact[interact]
        before = self._potentials()
        ticks = self.world.ticks.clone()
        self._obs, _, _, _, _ = self.world.step(self._actions)  # type: ignore[arg-type]
        self.features.acted(self._all, move, interact, (self.world.ticks - ticks).numpy())
        rows = self.features(self._obs)
        after = self._potentials()
        success = self._succeeded()
        dead = self.world.arrays.health <= 0
        over = self.features.ticks_used >= self.targets.limit[self.features.skill]
        terms = {name: after[name] - before[name] for name in ("nearer", "dig", "hurt", "depth", "health")}
        # losing sight, finishing a block or a mob is no loss
        terms["nearer"] = np.where(success, 0.0, np.maximum(terms["nearer"], -0.2))
        terms["dig"] = np.maximum(terms["dig"], -0.05)
        terms["hurt"] = np.clip(terms["hurt"], 0.0, 1.0)
        terms["health"] = np.maximum(-terms["health"], 0.0)
        terms["explore"] = self._new_ground() & (self.features.target_seen == 0)
        terms["success"], terms["time"] = success, np.ones(self.num_envs)
        weights = FIGHT_WEIGHTS if self.family == FIGHT else WEIGHTS
        reward = sum(weights[name] * value for name, value in terms.items()) + DEATH * dead
        terminated, truncated = success | dead, over & ~(success | dead)
        info: dict = {}
        done = np.flatnonzero(terminated | truncated)
        if len(done):
            info["final_obs"] = rows.clone()
            info["success"] = torch.from_numpy(success)
            info["ticks"] = self.features.ticks_used.copy()
            self._begin(done, success[done])
            rows = self.features(self._obs, done)
        to = torch.from_numpy
        return (rows.clone(), to(np.asarray(reward, dtype=np.float32)), to(terminated), to(truncated), info)

    # -- starts ------------------------------------------------------------------------------------------------------

    def _begin(self, envs: np.ndarray, won: np.ndarray | None = None) -> None:
        """Begin episodes in `envs`: on new maps, or (some of those just won) where the last one ended."""
        chosen = self._rng.integers(len(self.skills), size=len(envs))
        stays = self._rng.random(len(envs)) < self.spread.chained
        stays &= won if won is not None else False
        starts: list[dict | None] = [None] * self.num_envs
        mask = np.zeros(self.num_envs, dtype=bool)
        for env, row, stay in zip(envs, chosen, stays, strict=True):
            mask[env] = not stay
            start = starts[env] = self.draw_start(self.skills[row])
            if stay:
                self._supply(env, start.get("inventory", {}))
        self._obs, _ = self.world.reset(options={"mask": mask, "start": starts})
        self._arm(envs, chosen)
        self._bury(envs[~stays & (self._rng.random(len(envs)) < self.spread.buried)])
        self.features.begin(envs, chosen, self.world.state_position())
        self._visited[envs] = False
        self._had[envs] = self._counts()[envs]

    def _supply(self, env: int, items: dict[str, int]) -> None:
        """Give what the next skill needs to an agent that goes on where it is."""
        for name, n in items.items():
            item = self.world.data.item_index[name]
            self.world.arrays.inventory[env, item] = max(self.world.arrays.inventory[env, item], n)

    def draw_start(self, skill: Skill) -> dict:
        """A task-file start for one episode of a skill."""
        s, draw = self.spread, self._rng.random
        start: dict = {"max_steps": 10**6, "time": "night" if draw() < s.night else "day"}
        biomes = skill.biomes if skill.biomes and draw() >= s.any_biome else BIOMES
        start["biome"] = biomes[self._rng.integers(len(biomes))]
        if self.family == FIGHT:
            self._draw_fight(start, skill)
        elif (
            draw() >= s.no_mobs and skill.target in self.world.data.mob_names and self._lives_in(skill, start["biome"])
        ):
            start["mobs"] = dict.fromkeys(("cow", "sheep"), 3) | {skill.target: 3}
            start["mob_range"] = int(self._rng.integers(4, 12)) if draw() < s.near else 30
        if draw() >= s.no_tool:
            wanted = {k: n for k, n in skill.requires.items() if k in self.world.data.item_index}
            wanted |= {k: n for k, n in skill.consumes.items() if k in self.world.data.item_index}
            if skill.equips:
                wanted.setdefault(skill.equips, 1)
            start["inventory"] = wanted
        if self.family == FIND and draw() < s.pickaxe:
            kind = PICKAXES[self._rng.integers(len(PICKAXES))]
            start["inventory"] = start.get("inventory", {}) | {f"{kind}_pickaxe": 1}
        return start

    def _lives_in(self, skill: Skill, biome: str) -> bool:
        """Whether the mob that a skill is for may be about: elsewhere a start with none is what comes of it."""
        return not skill.biomes or biome in skill.biomes or TABLE[biome].rabbits < 1.0

    def _draw_fight(self, start: dict, skill: Skill) -> None:
        """One or two opponents nearby and nobody else, by night if they shun the day, in armour of some kind."""
        s, draw = self.spread, self._rng.random
        shuns = self.world.data.mob_temper[self.world.data.mob_names.index(str(skill.target))] == NIGHT
        start |= {"spawns": False, "time": "night" if shuns or draw() < 0.5 else "day"}
        if draw() >= s.no_mobs:
            start["mobs"] = {skill.target: 1 + int(draw() < 0.3)}
            start["mob_range"] = int(self._rng.integers(3, 9))
        armour = ARMOURS[self._rng.integers(len(ARMOURS))]
        if armour:
            start["worn"] = [f"{armour}_{piece}" for piece in ARMOUR]

    def _arm(self, envs: np.ndarray, rows: np.ndarray) -> None:
        """Take the skill's tool into the hand, as the runner does before a skill starts."""
        arrays = self.world.arrays
        tool = self.targets.tool[rows]
        if self.family == FIND:
            tool = best_pickaxe(arrays.inventory[envs], self.world.data)
        held = arrays.inventory[envs, tool] > 0
        arrays.equipped[envs] = np.where(held, tool, 0)

    def _bury(self, envs: np.ndarray) -> None:
        """Put some agents below where they stood, as digging leaves them: in a shaft, or in a hole of their own size."""
        a = self.world.arrays
        for env in envs:
            top = int(a.y[env])
            y = int(self._rng.integers(2, max(top - 1, 3)))
            for level in range(y, top) if self._rng.random() < 0.6 else (y, y + 1):
                x, z = math.floor(a.x[env]), math.floor(a.z[env])
                a.blocks[env, cell_index(x, level, z)] = 0
            a.y[env], a.fall_top[env] = y, y
        if len(envs):
            self._obs = self.world.observe()

    # -- success and rewards -------------------------------------------------------------------------------------------

    def _goals(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Per skill the fact that tells its success: item (0 = none), nearby fact (-1 = none), mob (0 = none), least rise."""
        data, n = self.world.data, len(self.skills)
        kill = np.zeros(n, np.int64)
        item, near, rise = np.zeros(n, np.int64), np.full(n, -1, np.int64), np.ones(n, np.int64)
        for row, skill in enumerate(self.skills):
            fact, rise[row] = next(iter(skill.obtains.items()))
            if fact.startswith(KILLED):
                kill[row] = data.mob_names.index(fact.removeprefix(KILLED))
            elif fact.endswith("_nearby"):
                near[row] = data.nearby_names.index(fact.removesuffix("_nearby"))
            else:
                item[row] = data.item_index[fact]
        return item, near, kill, rise

    def _counts(self) -> np.ndarray:
        """int [N]: how many each environment has of the item that its skill obtains, or has killed of its mob."""
        a, row = self.world.arrays, self.features.skill
        killed = a.killed[self._all, self._kill[row]].astype(np.int64)
        return np.where(self._kill[row] > 0, killed, a.inventory[self._all, self._item[row]].astype(np.int64))

    def _succeeded(self) -> np.ndarray:
        """bool [N]: the obtained item or the kills rose by their count, or the obtained nearby fact holds."""
        row = self.features.skill
        won = ((self._item[row] > 0) | (self._kill[row] > 0)) & (self._counts() - self._had >= self._rise[row])
        if (self._near >= 0).any():
            near = np.zeros((self.num_envs, len(self.world.data.nearby_names)), dtype=np.int32)
            nearby_all(self.world.records, self.world.tables, np.zeros(self.num_envs, dtype=bool), near)
            won |= (self._near[row] >= 0) & (near[self._all, self._near[row]] > 0)
        return won

    def _potentials(self) -> dict[str, np.ndarray]:
        """Named quantities whose change is rewarded, each float [N]."""
        a, f, t = self.world.arrays, self.features, self.targets
        row = f.skill
        seen, at = f._memory[0], f._memory[1]
        dx = at[:, 0] - a.x
        dz = at[:, 2] - a.z
        dx, dz = dx - SIZE * np.floor(dx / SIZE + 0.5), dz - SIZE * np.floor(dz / SIZE + 0.5)
        distance = np.sqrt(dx * dx + dz * dz + (at[:, 1] - a.y - 1.62) ** 2)
        nearer = np.where(seen > 0, 1.0 - np.minimum(distance, 32.0) / 32.0, 0.0)
        cell = np.maximum(a.dig_cell, 0)
        block = a.blocks[self._all, cell]
        need = np.maximum(self.world.tables["dig_ticks"][0][block, a.equipped], 1)
        digging = (a.dig_cell >= 0) & (t.blocks[row, block] > 0)
        mob_hurt = self._target_mob_damage()
        low, high = t.depth[row, 0], t.depth[row, 1]
        off = np.maximum(low - a.y, 0.0) + np.maximum(a.y - high, 0.0)
        return {"nearer": nearer, "dig": np.where(digging, a.dig_ticks / need, 0.0), "hurt": mob_hurt,
                "depth": -off, "health": a.health.astype(np.float64)}  # fmt: skip

    def _target_mob_damage(self) -> np.ndarray:
        """Share of health missing over all living target mobs of each environment."""
        a, t = self.world.arrays, self.targets
        full = np.maximum(self.world.tables["mob_health"][0], 1.0)
        missing = 1.0 - a.mob_health / full[a.mob_kind]
        wanted = np.take_along_axis(t.mobs[self.features.skill], a.mob_kind.astype(np.int64), axis=1) > 0
        return np.where(wanted & (a.mob_kind > 0), missing, 0.0).sum(axis=1)

    def _new_ground(self) -> np.ndarray:
        """bool [N]: the brick that the agent stands in was not visited before in this episode."""
        a = self.world.arrays
        bx, by, bz = (np.floor(v).astype(np.int64) for v in (a.x, a.y, a.z))
        brick = (((bx & 63) >> 2) * 12 + np.clip(by >> 2, 0, 11)) * 16 + ((bz & 63) >> 2)
        new = ~self._visited[self._all, brick]
        self._visited[self._all, brick] = True
        return new

    @property
    def skill_rows(self) -> np.ndarray:
        """int [N]: the row of `skill_names` that each environment works on."""
        return self.features.skill

    def close(self) -> None:
        """Let go of the world."""
        self.world.close()
