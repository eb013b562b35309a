"""What every skill of the household robot does besides its policy: choose the very object and spot, and roll up to it."""

from __future__ import annotations

import numpy as np

from sim.kitchen.facts import held_slot, where
from sim.kitchen.layout import NAMES, PLACES, standing_at, station_distance
from sim.kitchen.objects import CATALOGUE, COPIES
from sim.kitchen.scene import footprint, free_spot
from sim.kitchen.simulation import ARM_STEP, GRIP_STEP, LEASH, OPENING, REACH, TURN_STEP
from sim.kitchen.state import NOTHING, Arrays
from skills.kitchen.features import FAMILIES, RELEASE, SIZE, Rows, drawer_bar, features, grasp_point
from skills.kitchen.navigation import station, towards
from skills.kitchen.outlook import OUTLOOK, head_features

RISEN = 0.26  # height of the hand over the arm's foot from which it moves on, m
STRAIGHT = 0.8  # turn of the hand up to which it moves on, rad
HESITATES = (22, 42)  # control steps of the arm after which something still in the hand is put down anew; most take 12
BEGIN, AGAIN = 0.06, 0.25  # metres aside: the arm begins within the first and the base moves again beyond the second
RADII = np.array([footprint(slot) for slot in range(len(CATALOGUE.kind))])


def choose_slot(state: Arrays, env: int, kind: int, place: int, at: np.ndarray | None = None) -> int:
    """The copy of a kind to take: one that lies at the place and near the robot, else any in the scene, else NOTHING."""
    slots = np.arange(kind * COPIES, (kind + 1) * COPIES)
    slots = slots[state["present"][env, slots]]
    if len(slots) == 0:
        return NOTHING
    lying = (where(state) if at is None else at)[env, slots, place]
    away = np.hypot(*(state["position"][env, slots, :2] - state["base"][env, :2]).T)
    return int(slots[np.argmin(away - 10.0 * lying)])


def choose_held(state: Arrays, env: int, kind: int) -> int:
    """The slot of what the hand holds if it is of the kind, else NOTHING."""
    held = int(held_slot(state)[env])
    return held if held != NOTHING and held // COPIES == kind else NOTHING


def choose_target(state: Arrays, env: int, slot: int, place: int, at: np.ndarray | None = None) -> np.ndarray:
    """float [3]: where the lowest point of an object shall be put down at a place, in the world."""
    spot = PLACES[NAMES[place]]
    lying = (where(state) if at is None else at)[env, :, place].copy()
    lying[slot] = False
    others = np.flatnonzero(lying)
    forward, lateral = spot.local(state["position"][env, others, 0], state["position"][env, others, 1])
    aside = float(station_distance(state["base"][env][None], spot)[1][0]) if spot.reach else 0.0
    x, y = spot.world(*free_spot(spot, slot, np.stack([forward, lateral, RADII[others]], 1), aside))
    return np.array([x, y, RELEASE[place]])


def aim(state: Arrays, env: int, family: str, kind: int, place: int, at: np.ndarray | None = None
        ) -> tuple[int, np.ndarray]:  # fmt: skip
    """The slot that a skill is about (or NOTHING) and where a put object shall stand [3]; `at`: `where(state)`, if known."""
    if family == "pick":
        return choose_slot(state, env, kind, place, at), np.zeros(3)
    if family == "put":
        slot = choose_held(state, env, kind)
        return slot, choose_target(state, env, slot, place, at)
    return NOTHING, np.zeros(3)


def prepare(state: Arrays, rows: Rows, family: str, engaged: np.ndarray) -> np.ndarray:
    """float [K, 8]: what comes before the policy: lift the hand clear, roll in front of the work. Zero: the arm may act.

    `engaged` bool [K]: rows whose arm is at work already, which move again only when their object has got away.
    """
    out = np.zeros((len(rows.env), 8))
    if family == "put":
        points = rows.target
    elif family == "pick":
        points = grasp_point(state, rows.env, np.maximum(rows.slot, 0))
    else:
        points = drawer_bar(state, rows.env)
    for k, env in enumerate(rows.env.tolist()):
        place = PLACES[NAMES[rows.place[k]]]
        base = state["base"][env].astype(np.float64)
        if engaged[k] and (family != "pick" or state["touch"][env].max() != NOTHING):
            continue
        height, twist = float(state["hand"][env, 2]), float(state["hand"][env, 3])
        if not engaged[k] and (height < RISEN or abs(twist) > STRAIGHT):
            out[k, 5], out[k, 6] = float(height < RISEN), np.clip(-twist / TURN_STEP, -1, 1) * (height > RISEN / 2)
            continue
        if (rows.slot[k] == NOTHING and family != "drawer") or not standing_at(base[None], place)[0]:
            continue
        aside = float(np.clip(place.local(points[k, 0], points[k, 1])[1], -place.reach, place.reach))
        forward, lateral, turn = (float(v[0]) for v in station_distance(base[None], place))
        if abs(lateral - aside) > (AGAIN if engaged[k] else BEGIN) or abs(forward) > 0.04 or turn > 0.06:
            out[k, :3] = towards(base, station(place, aside))
    return out


class Work:
    """What every environment's robot is about: one skill each, from its choice of object to its last step."""

    def __init__(self, num_envs: int):
        self.family = np.full(num_envs, NOTHING)  # position in FAMILIES; NOTHING: none of them
        self.rows = Rows(np.arange(num_envs), np.full(num_envs, NOTHING), np.zeros(num_envs, dtype=np.int64),
                         np.zeros((num_envs, 3)), np.zeros(num_envs, dtype=bool), np.zeros(num_envs, dtype=np.int64),
                         np.zeros((num_envs, 4)))  # fmt: skip
        self.engaged = np.zeros(num_envs, dtype=bool)
        self._goal = np.full((num_envs, 3), np.nan)  # of the hand, in the robot's frame; NaN: where it is

    def begin(self, state: Arrays, env: int, family: str, kind: int, place: int, opening: bool = False) -> None:
        """Start a skill: choose the object and, to put it down, the spot."""
        rows = self.rows
        self.family[env], rows.place[env], rows.opening[env] = FAMILIES.index(family), place, opening
        rows.steps[env], self.engaged[env] = 0, False
        rows.told[env], self._goal[env] = 0.0, np.nan
        rows.slot[env], rows.target[env] = aim(state, env, family, kind, place)

    def features(self, state: Arrays, env: np.ndarray, *, for_head: bool = False) -> np.ndarray:
        """float32 [K, SIZE] of the skills under way in `env`, or [K, SIZE + OUTLOOK] for success heads."""
        read = head_features if for_head else features
        self.rows.told[env, :3] = self._ahead(state, env)
        out = np.zeros((len(env), SIZE + OUTLOOK * for_head), dtype=np.float32)
        for f, name in enumerate(FAMILIES):
            chosen = np.flatnonzero(self.family[env] == f)
            if len(chosen):
                out[chosen] = read(name, state, self.rows.take(env[chosen]))
        return out

    def actions(self, state: Arrays, env: np.ndarray, arm: np.ndarray) -> np.ndarray:
        """float [K, 8]: what comes before the policy, and then its arm actions [K, 5]; counts the step."""
        out = np.zeros((len(env), 8))
        for f, name in enumerate(FAMILIES):
            chosen = np.flatnonzero(self.family[env] == f)
            if len(chosen):
                out[chosen] = prepare(state, self.rows.take(env[chosen]), name, self.engaged[env[chosen]])
        ready = ~out.any(1)
        out[ready, 3:] = arm[ready]
        self.engaged[env] |= ready
        self.rows.steps[env] += ready
        self._note(state, env, out)
        self._try_again(state, env[ready])
        return out

    def _ahead(self, state: Arrays, env: np.ndarray) -> np.ndarray:
        """float [K, 3]: from the hand to where it is told to go."""
        return np.nan_to_num(self._goal[env] - state["hand"][env, :3])

    def _note(self, state: Arrays, env: np.ndarray, actions: np.ndarray) -> None:
        """Keep what the motors are told, as the robot does: actions [K, 8] move the hand's goal, on a leash, or the base."""
        hand = state["hand"][env, :3].astype(np.float64)
        arm = np.clip(actions[:, 3:], -1.0, 1.0)
        goal = np.where(np.isnan(self._goal[env]), hand, self._goal[env])
        ahead = np.clip(goal + ARM_STEP * arm[:, :3], REACH[:, 0], REACH[:, 1]) - hand
        ahead *= np.minimum(1.0, LEASH / np.maximum(np.linalg.norm(ahead, axis=1), 1e-9))[:, None]
        drives = np.abs(actions[:, :3]).max(1) > 0
        self._goal[env] = np.where(drives[:, None], np.nan, hand + ahead)
        told = np.clip(self.rows.told[env, 3] + GRIP_STEP * arm[:, 4], 0.0, OPENING)
        self.rows.told[env, 3] = np.where(drives, self.rows.told[env, 3], told)

    def _try_again(self, state: Arrays, env: np.ndarray) -> None:
        """Who hesitates to let go of something lifts it and comes down anew, at a spot chosen anew."""
        late = np.isin(self.rows.steps[env], HESITATES)
        for k in env[(self.family[env] == FAMILIES.index("put")) & late].tolist():
            slot = int(self.rows.slot[k])
            if slot != NOTHING and (state["touch"][k] == slot).all():
                self.engaged[k] = False
                self.rows.target[k] = choose_target(state, k, slot, int(self.rows.place[k]))
