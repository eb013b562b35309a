"""The learned skills of the household robot as RL tasks: where episodes start, when they succeed, demonstrations for them.

Purposes: "train" and "judge" start where the skill is meant to; "evaluate" too, but with the roll-up before it; "wide" mixes
in hopeless and doubtful starts (elsewhere, absent, out of reach, full hand, crowded), "far" mixes them otherwise.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sim.kitchen.facts import bottom, held_slot, where
from sim.kitchen.geometry import axes
from sim.kitchen.layout import DRAWER_TRAVEL, NAMES, OPEN_AT, PLACES
from sim.kitchen.objects import CATALOGUE, COPIES, SLOTS, THINGS
from sim.kitchen.scene import Lying, Scene
from sim.kitchen.simulation import ACTION_SIZE, Simulation
from sim.kitchen.state import NOTHING, allocate
from sim.kitchen.world import KitchenWorld
from sim.world import UserError
from skills.household import fact
from skills.kitchen.control import Work
from skills.kitchen.demonstrate import demonstrate, noisy
from skills.kitchen.features import FAMILIES, SIZE, STEPS, Rows, describe
from skills.kitchen.navigation import station
from skills.kitchen.outlook import ARM, OUTLOOK
from skills.rlpd import Transitions

ARM_SIZE = 5
PATIENCE = 50  # control steps for what comes before the arm's own
PICKED_FROM = ("close counter", "table", "far counter", "drawer", "user")
UPRIGHT, STILL, NEAR = 0.9, 0.15, 0.09
SLID = 0.03  # metres that things in the drawer slide back when it is opened
FALLEN, STRETCHED = 0.15, 0.1  # shares of picks in training that are fallen over, and at the end of the arm's reach
CROWDED = {"train": 0.25, "judge": 0.4}  # shares of puts at places as crowded as success heads are to judge
EMPHASIS = {"drawer": 0.5, "trash can": 0.4, "user": 1.3}  # of places in training to put things at; others: 1
BOTCHED = 8  # steps without a touch after which what lies badly is given up
GRASPS = 10  # ways of holding each kind, for the starts of `put`
DISTRACTORS = {"train": (0, 6), "judge": (0, 6), "evaluate": (0, 5), "wide": (0, 7), "far": (2, 9)}
HOPELESS = {"wide": 0.5, "far": 0.65}


class HouseholdTask:
    """One family in N kitchens; an `RLTask` whose actions are float [N, 5] of the arm."""

    def __init__(self, family: str, num_envs: int = 4, seed: int = 0, purpose: str = "train", workers: int = 0):
        if family not in FAMILIES:
            raise UserError(f"unknown family '{family}' of the kitchen; there are {', '.join(FAMILIES)}")
        self.family, self.purpose, self.num_envs = family, purpose, num_envs
        self.for_head = purpose in HOPELESS  # rows are then what success heads read; policies take the first `SIZE`
        self.obs_dim, self.action_sizes = SIZE + OUTLOOK * self.for_head, ()
        self.observation = describe(family)
        self.world = KitchenWorld(num_envs, workers=workers)
        self.work = Work(num_envs)
        self.rng = np.random.default_rng([seed, FAMILIES.index(family), sorted(DISTRACTORS).index(purpose)])
        self.skill_names = skill_names(family)
        self.skill_rows = np.zeros(num_envs, dtype=np.int64)
        self.steps = np.zeros(num_envs, dtype=np.int64)
        self.good = np.zeros(num_envs, dtype=np.int64)  # steps for which the end has held
        self.botched = np.zeros(num_envs, dtype=np.int64)  # steps for which a put object has lain still, but not well
        self._all = np.arange(num_envs)
        self.full = np.zeros(
            num_envs, dtype=bool
        )  # hands that held something at the start: only `put` may let go of it
        self.flaw = ""  # of the start drawn last
        self.flaws = [""] * num_envs

    # -- the RL task ---------------------------------------------------------------------------------------------------

    def reset(self) -> Tensor:
        """Start every environment."""
        self._restart(self._all)
        return self._features()

    def step(self, actions: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, dict[str, Any]]:
        """Arm actions float [N, 5]; reward 1 at success."""
        before = self.work.rows.steps.copy()
        whole = self.work.actions(self.world.state, self._all, np.asarray(actions, dtype=np.float64))
        self.world.step(whole)
        self.steps += 1
        self.good = np.where(self._ended_well(), self.good + 1, 0)
        won = self.good >= (1 if self.family == "pick" else 2)
        lost = self._lost() & ~won
        limit = STEPS[self.family]
        late = ((self.work.rows.steps >= limit) | (self.steps >= limit + PATIENCE)) & ~won & ~lost
        over = won | lost | late
        final = self._features()
        info = {"success": torch.from_numpy(won), "final_obs": final, "ticks": torch.from_numpy(self.steps.copy()),
                "acted": torch.from_numpy(self.work.rows.steps > before)}  # fmt: skip
        if over.any():
            self._restart(np.flatnonzero(over))
        obs = self._features() if over.any() else final
        terminated = torch.from_numpy(won | lost)
        return obs, torch.from_numpy(won.astype(np.float32)), terminated, torch.from_numpy(late), info

    def close(self) -> None:
        """Free the physics."""
        self.world.close()

    def _features(self) -> Tensor:
        return torch.from_numpy(self.work.features(self.world.state, self._all, for_head=self.for_head))

    def _ended_well(self) -> np.ndarray:
        state, rows = self.world.state, self.work.rows
        slot = np.maximum(rows.slot, 0)
        if self.family == "pick":
            return (held_slot(state) == rows.slot) & (rows.slot != NOTHING) & ~self.full
        if self.family == "drawer":
            moved = np.where(rows.opening, state["drawer"] > OPEN_AT + 0.005, state["drawer"] < 0.03)
            return moved & self._nothing_fell() & ~self.full
        n = self._all
        there = where(state)[n, slot, rows.place] & (rows.slot != NOTHING)
        loose = (state["touch"] != slot[:, None]).all(1)
        still = np.abs(state["velocity"][n, slot]).max(1) < STILL
        contained = np.isin(rows.place, [NAMES.index("trash can"), NAMES.index("drawer")])
        upright = (axes(state["quaternion"][n, slot])[:, 2, 2] > UPRIGHT) | ~CATALOGUE.stands[slot]
        near = np.hypot(*(state["position"][n, slot, :2] - rows.target[:, :2]).T) < NEAR
        neat = upright & near | contained
        return there & loose & np.where(contained, True, still) & neat

    def _nothing_fell(self) -> np.ndarray:
        """Bool [N]: whether what stands in the drawer still stands."""
        state = self.world.state
        inside = where(state)[..., NAMES.index("drawer")] & CATALOGUE.stands
        upright = axes(state["quaternion"])[..., 2, 2] > 0.8
        return (upright | ~inside).all(1)

    def _lost(self) -> np.ndarray:
        """Bool [N]: what is worked on fell below its surface or lies badly where it was put, or something in the drawer fell."""
        if self.family == "drawer":
            return ~self._nothing_fell()
        state, rows = self.world.state, self.work.rows
        slot = np.maximum(rows.slot, 0)
        low = bottom(state)[self._all, slot]
        floor = np.array([PLACES[name].surface for name in NAMES])[rows.place]
        fell = (low < np.minimum(floor, 0.7) - 0.25) & (floor > 0.5)
        if self.family == "put":
            loose = (state["touch"] != slot[:, None]).all(1)
            still = np.abs(state["velocity"][self._all, slot]).max(1) < STILL
            self.botched = np.where(loose & still & (self.good == 0), self.botched + 1, 0)
            fell |= self.botched >= BOTCHED
        return (rows.slot != NOTHING) & fell

    # -- starts --------------------------------------------------------------------------------------------------------

    def _restart(self, envs: np.ndarray) -> None:
        """Draw starts until each is what it was meant to be: a grasp or a place may turn out not to hold."""
        self.failed_starts = 0
        while len(envs):
            self._draw(envs)
            envs = envs[[self._is_void(env) for env in envs.tolist()]]
            self.failed_starts += len(envs)
            if self.failed_starts > 100 * self.num_envs:
                raise RuntimeError(f"no start of '{self.family}' can be set up")

    def _is_void(self, env: int) -> bool:
        """Whether a start without a flaw of purpose lacks what the skill is about."""
        slot = int(self.work.rows.slot[env])
        if self.family == "drawer" or self.flaws[env]:
            return False
        return slot == NOTHING or not self.world.state["present"][env, slot]

    def _draw(self, envs: np.ndarray) -> None:
        mask = np.zeros(self.num_envs, dtype=bool)
        mask[envs] = True
        starts: list[Any] = [None] * self.num_envs
        chosen = {}
        for env in envs.tolist():
            self.flaw = ""
            starts[env], chosen[env] = {"pick": self._pick, "put": self._put, "drawer": self._drawer}[self.family]()
            self.flaws[env] = self.flaw
        seeds = self.rng.integers(2**31, size=self.num_envs)
        self.world.reset(seed=seeds, options={"mask": mask, "start": starts})
        for env, (kind, place, opening) in chosen.items():
            self.work.begin(self.world.state, env, self.family, kind, place, opening)
            self.skill_rows[env] = self._row(kind, place, opening)
        self.full[envs] = held_slot(self.world.state)[envs] != NOTHING
        self.steps[envs] = self.good[envs] = self.botched[envs] = 0

    def _row(self, kind: int, place: int, opening: bool) -> int:
        if self.family == "drawer":
            return 0 if opening else 1
        names = PICKED_FROM if self.family == "pick" else NAMES
        return kind * len(names) + (names.index(NAMES[place]) if NAMES[place] in names else 0)

    def _flaw(self, *names: str) -> str:
        """What is wrong with a start on purpose, or nothing."""
        self.flaw = "" if self.rng.random() >= HOPELESS.get(self.purpose, 0.0) else str(self.rng.choice(names))
        return self.flaw

    def _base(self, place: str, aside: float) -> tuple[float, float, float]:
        """Where the robot stands: in front of its work, or (where rolling up is part of it) anywhere at the place."""
        reach = PLACES[place].reach
        if self.purpose in ("train", "judge"):
            x, y, yaw = station(PLACES[place], aside + float(self.rng.uniform(-0.06, 0.06)))
        else:
            x, y, yaw = station(PLACES[place], float(self.rng.uniform(-reach, reach)) * (self.rng.random() < 0.7))
        return x + float(self.rng.normal(0, 0.008)), y + float(self.rng.normal(0, 0.008)), yaw

    def _elsewhere(self, place: str) -> tuple[float, float, float]:
        return station(PLACES[str(self.rng.choice([name for name in NAMES if name != place]))])

    def _hand(self) -> tuple[float, float, float, float] | None:
        """Tucked as after a drive, or raised as after other work."""
        if self.rng.random() < 0.5:
            return None
        u = self.rng.uniform
        return float(u(0.32, 0.60)), float(u(-0.18, 0.18)), float(u(0.28, 0.40)), float(u(-0.7, 0.7))

    def _distractors(self, place: str, taken: set[int], most: int | None = None) -> list[Lying]:
        low, high = DISTRACTORS[self.purpose]
        room = {"drawer": 2, "user": 2}.get(place, 9) if most is None else most
        count = min(int(self.rng.integers(low, high + 1)), room)
        free = [slot for slot in range(len(SLOTS)) if slot not in taken and slot % COPIES < 2]
        return [Lying(int(slot), place) for slot in self.rng.choice(free, size=count, replace=False)]

    def _pulled_out(self) -> float:
        """How far an open drawer is open."""
        return float(self.rng.uniform(OPEN_AT, DRAWER_TRAVEL))

    def _pick(self) -> tuple[Scene, tuple[int, int, bool]]:
        kind, place = int(self.rng.integers(len(THINGS))), str(self.rng.choice(PICKED_FROM))
        slot, spot = kind * COPIES, PLACES[place]
        flaw = self._flaw("absent", "full", "elsewhere", "edge", "edge", "trash", "fallen")
        forward = float(self.rng.uniform(spot.near, spot.far + (SLID if place == "drawer" else 0.0)))
        aside = float(self.rng.uniform(-spot.width, spot.width))
        if flaw == "edge" and place != "drawer":
            forward, aside = float(self.rng.uniform(spot.far, spot.back - 0.03)), aside * 1.15
        elif self.purpose == "train" and place != "drawer" and self.rng.random() < STRETCHED:
            forward = float(self.rng.uniform(spot.far, min(spot.back - 0.03, ARM)))
        toppled = flaw == "fallen" or (self.purpose == "train" and self.rng.random() < FALLEN)
        fallen = toppled and THINGS[kind].stands
        base = self._elsewhere(place) if flaw == "elsewhere" else self._base(place, aside)
        others = self._distractors(place, {slot, slot + 1, slot + 2})
        where_to = "trash can" if flaw == "trash" else place
        turn = float(self.rng.uniform(-0.3, 0.3)) if place == "drawer" else None
        own = [Lying(slot, where_to, (forward, aside) if where_to == place else None, turn)]
        holding = (
            int(self.rng.choice([s for s in range(len(SLOTS)) if s // COPIES != kind])) if flaw == "full" else None
        )
        objects = tuple(one for one in [*(own if flaw != "absent" else []), *others] if one.slot != holding)
        ajar = self._pulled_out() if place == "drawer" else 0.0
        hand = None if holding is not None else self._hand()
        scene = Scene(base, objects, ajar, holding, hand=hand, lying=(slot,) if fallen else (), lenient=True)
        return scene, (kind, NAMES.index(place), False)

    def _put(self) -> tuple[Scene, tuple[int, int, bool]]:
        training = self.purpose == "train"
        weight = np.array([EMPHASIS.get(name, 1.0) if training else 1.0 for name in NAMES])
        kind, place = int(self.rng.integers(len(THINGS))), str(self.rng.choice(NAMES, p=weight / weight.sum()))
        slot, spot = kind * COPIES, PLACES[place]
        flaw = self._flaw("empty", "elsewhere", "crowded", "crowded", "shut" if place == "drawer" else "crowded")
        aside = float(self.rng.uniform(-spot.reach, spot.reach))
        base = self._elsewhere(place) if flaw == "elsewhere" else self._base(place, aside)
        crowded = flaw == "crowded" or self.rng.random() < CROWDED.get(self.purpose, 0.0)
        most = 12 if crowded and place not in ("drawer", "user", "trash can") else None
        others = self._distractors(place, {slot}, 3 if place == "trash can" else most)
        if crowded and most:
            others += self._distractors(place, {slot, *(o.slot for o in others)}, most)
        grasps = grasp_bank()[kind]
        held = None if flaw == "empty" else slot
        scene = Scene(base, tuple(others), self._pulled_out() if place == "drawer" and flaw != "shut" else 0.0,
                      held, grasps[int(self.rng.integers(len(grasps)))], self._hand(), lenient=True)  # fmt: skip
        return scene, (kind, NAMES.index(place), False)

    def _drawer(self) -> tuple[Scene, tuple[int, int, bool]]:
        opening = bool(self.rng.random() < 0.5)
        flaw = self._flaw("elsewhere", "full", "full", "half")
        base = self._elsewhere("drawer") if flaw == "elsewhere" else self._base("drawer", 0.0)
        others = self._distractors("drawer", set(), 3)
        ajar = float(self.rng.uniform(0.0, 0.02)) if opening else float(self.rng.uniform(0.20, DRAWER_TRAVEL))
        if flaw == "half":
            ajar = float(self.rng.uniform(0.05, 0.20))
        holding = None
        if flaw == "full":
            holding = int(self.rng.choice([s for s in range(len(SLOTS)) if s not in {one.slot for one in others}]))
        scene = Scene(
            base, tuple(others), ajar, holding, hand=None if holding is not None else self._hand(), lenient=True
        )
        return scene, (0, NAMES.index("drawer"), opening)


def skill_names(family: str) -> tuple[str, ...]:
    """Names of the skills of a family, as the library has them."""
    if family == "drawer":
        return "open_drawer", "close_drawer"
    verb, places = ("pick_up_", PICKED_FROM) if family == "pick" else ("put_down_", NAMES)
    return tuple(fact(verb, thing.name, "_at_", place) for thing in THINGS for place in places)


@lru_cache(maxsize=1)
def grasp_bank() -> dict[int, list[tuple[float, ...]]]:
    """Per kind, ways of holding it (pose in the hand's frame), from picks of a noisy scripted hand."""
    simulation, state, rng = Simulation(), allocate(1), np.random.default_rng(7)
    table, env = NAMES.index("table"), np.array([0])
    bank: dict[int, list[tuple[float, ...]]] = {kind: [] for kind in range(len(THINGS))}
    for kind, found in bank.items():
        for attempt in range(6 * GRASPS):
            if len(found) == GRASPS:
                break
            spot = (float(rng.uniform(0.40, 0.62)), float(rng.uniform(-0.1, 0.1)))
            scene = Scene(station(PLACES["table"]), (Lying(kind * COPIES, "table", spot),))
            simulation.reset(scene, 1000 * kind + attempt)
            simulation.read(state, 0)
            nowhere, untold = np.zeros((1, 3)), np.zeros((1, 4))
            slots, places, no, none = np.array([kind * COPIES]), np.array([table]), np.array([False]), np.array([0])
            rows = Rows(env, slots, places, nowhere, no, none, untold)
            for _ in range(STEPS["pick"]):
                action = np.zeros(ACTION_SIZE)
                action[3:] = noisy(demonstrate("pick", state, rows), np.array([0.15]), rng)[0]
                simulation.step(action)
                simulation.read(state, 0)
                if held_slot(state)[0] == kind * COPIES:
                    found.append(simulation.relation(kind * COPIES))
                    break
    simulation.close()
    return bank


def demonstrations(
    task: HouseholdTask, episodes: int, seed: int, tick: Any = None
) -> tuple[Transitions, dict[str, float]]:
    """Successful episodes of the noisy scripted hand, and how often it succeeds; `tick(n)` is told of each success."""
    rng = np.random.default_rng([seed, 1])
    n = task.num_envs
    obs = task.reset()
    sigma = rng.uniform(0.0, 0.5, n)
    running: list[list[tuple[Tensor, ...]]] = [[] for _ in range(n)]
    kept: list[tuple[Tensor, ...]] = []
    won = ended = 0
    while won < episodes:
        action = noisy(demonstrate(task.family, task.world.state, task.work.rows), sigma, rng)
        acts = torch.from_numpy(action).float().clamp(-0.999, 0.999)
        after, reward, terminated, truncated, info = task.step(acts)
        for env in range(n):
            if info["acted"][env]:
                running[env].append((obs[env], acts[env], reward[env], info["final_obs"][env], terminated[env].float()))
            if terminated[env] or truncated[env]:
                ended += 1
                if info["success"][env]:
                    kept += running[env]
                    won += 1
                    if tick is not None:
                        tick(1)
                running[env], sigma[env] = [], rng.uniform(0.0, 0.5)
        obs = after
    columns = [torch.stack(column) for column in zip(*kept, strict=True)]
    return Transitions(*columns), {"episodes": won, "success": won / ended, "steps": len(kept)}
