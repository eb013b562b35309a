"""Scripted hands with deliberate noise: where the demonstrations come from that reinforcement learning starts with.

Each knows the plain order of motions and nothing else; with noise they succeed far less often than what is learned from
them, and only successes are kept (as in DART, Laskey et al. 2017).
"""

from __future__ import annotations

import numpy as np

from sim.kitchen.facts import bottom
from sim.kitchen.geometry import axes, wrap
from sim.kitchen.layout import DRAWER_TRAVEL, NAMES
from sim.kitchen.objects import CATALOGUE
from sim.kitchen.simulation import ARM_STEP, TURN_STEP
from sim.kitchen.state import Arrays
from skills.kitchen.features import Rows, drawer_bar, grasp_point, in_frame


def demonstrate(family: str, state: Arrays, rows: Rows) -> np.ndarray:
    """float [K, 5]: arm actions of the scripted hand, without noise."""
    return {"pick": _pick, "put": _put, "drawer": _drawer}[family](state, rows)


def _action(gap: np.ndarray, turn: np.ndarray, grip: np.ndarray) -> np.ndarray:
    move = np.clip(gap / ARM_STEP, -1, 1)
    return np.concatenate([move, np.clip(turn / TURN_STEP, -1, 1)[:, None], grip[:, None]], 1)


def _pick(state: Arrays, rows: Rows) -> np.ndarray:
    env, slot = rows.env, np.maximum(rows.slot, 0)
    base, hand = state["base"][env].astype(np.float64), state["hand"][env].astype(np.float64)
    gap = in_frame(base, grasp_point(state, env, slot)) - hand[:, :3]
    rotation = axes(state["quaternion"][env, slot])
    narrow = np.arctan2(rotation[:, 1, 0], rotation[:, 0, 0]) - base[:, 2] - hand[:, 3] - np.pi / 2
    inside = NAMES.index("drawer") == rows.place  # where there is no room to turn
    turn = np.where(CATALOGUE.box[slot], wrap(2 * narrow) / 2, np.where(inside, -hand[:, 3], 0.0))
    away = np.hypot(gap[:, 0], gap[:, 1])
    touching = (state["touch"][env] == slot[:, None]).all(1)
    over = (away < 0.015) & (np.abs(turn) < 0.15)
    there = over & (np.abs(gap[:, 2]) < 0.015)
    gap[:, 2] = np.where(over | (away < 0.02), gap[:, 2], np.maximum(gap[:, 2] + 0.12, 0.0))
    grip = np.where(there | touching, -1.0, 1.0)
    gap[touching] = [0.0, 0.0, 0.10]
    closing = (state["width"][env] < 0.07) & there & ~touching
    gap[closing] = 0.0
    turn = np.where(touching | closing, 0.0, turn)
    return _action(gap, turn, grip)


def _put(state: Arrays, rows: Rows) -> np.ndarray:
    env, slot = rows.env, np.maximum(rows.slot, 0)
    base = state["base"][env].astype(np.float64)
    position = state["position"][env, slot].astype(np.float64)
    position[:, 2] = bottom(state)[env, slot]
    gap = in_frame(base, rows.target) - in_frame(base, position)
    touching = (state["touch"][env] == slot[:, None]).any(1)
    away = np.hypot(gap[:, 0], gap[:, 1])
    deep = NAMES.index("trash can") == rows.place
    low = np.abs(gap[:, 2]) < np.where(deep, 0.05, 0.008)
    there = (away < np.where(deep, 0.04, 0.015)) & low
    gap[:, 2] = np.where(away < 0.03, gap[:, 2], np.maximum(gap[:, 2] + 0.10, 0.0))
    open_wide = state["width"][env] > 2 * CATALOGUE.half[slot, 0] + 0.006
    grip = np.where(there | ~touching, 1.0, -1.0)
    gap[there & touching] = 0.0
    rise = ~touching
    gap[rise] = np.where(open_wide[rise, None], np.array([0.0, 0.0, 0.10]), np.array([0.0, 0.0, 0.01]))
    return _action(gap, np.zeros(len(env)), grip)


def _drawer(state: Arrays, rows: Rows) -> np.ndarray:
    env = rows.env
    base, hand = state["base"][env].astype(np.float64), state["hand"][env].astype(np.float64)
    gap = in_frame(base, drawer_bar(state, env)) - hand[:, :3]
    gap[:, 2] -= 0.01
    turn = wrap(2 * (np.pi / 2 - hand[:, 3])) / 2
    away = np.hypot(gap[:, 0], gap[:, 1])
    around = (away < 0.03) & (np.abs(gap[:, 2]) < 0.03) & (np.abs(turn) < 0.3)
    gap[:, 2] = np.where((away < 0.02) & (np.abs(turn) < 0.3) | around, gap[:, 2], np.maximum(gap[:, 2] + 0.10, 0.0))
    ahead = np.where(rows.opening, DRAWER_TRAVEL - state["drawer"][env], -state["drawer"][env])
    pull = -np.clip(0.5 * ahead, -0.025, 0.025) - 0.008 * np.sign(ahead)  # gently: what stands inside must not fall
    gap[around, 0] += pull[around]
    return _action(gap, np.where(around, 0.0, turn), np.where(around, -0.3, 1.0))


def noisy(actions: np.ndarray, sigma: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Actions [K, 5] with normal noise of `sigma` [K] on position and turn."""
    shaken = actions.copy()
    shaken[:, :4] += rng.normal(size=(len(actions), 4)) * sigma[:, None]
    return np.clip(shaken, -1.0, 1.0)
