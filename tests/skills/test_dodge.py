"""The shield around policies: creepers do not get to explode, and what strikes does not get near."""

from __future__ import annotations

import numpy as np

from sim.craft.act import ATTACK
from sim.craft.state import WorldConfig
from sim.craft.world import CraftWorld
from skills.dodge import Dodger, foes
from skills.library import SkillLibrary

N, STEPS = 32, 60


def face(world: CraftWorld) -> None:
    """Turn every agent to its monster, as policies do."""
    a = world.arrays
    slot = (a.mob_kind > 0).argmax(1)
    dx, _, dz = (a.mob_pos[np.arange(N), slot] - np.stack([a.x, a.y, a.z], 1)).T
    a.yaw[:] = np.round(np.degrees(np.arctan2(-dx, dz)) / 15.0) * 15.0


def after(mob: str, fights: bool, shielded: bool) -> tuple[float, float]:
    """Mean health, and share of kills, of agents that look at a monster for 12 seconds; who fights it strikes,
    creepers with a wooden sword."""
    world = CraftWorld(N, config=WorldConfig(maps_per_biome=2))
    start = {"biome": "plains", "mobs": {mob: 1}, "mob_range": 5, "spawns": False, "time": "night",
             "inventory": {"wooden_sword": 1}}  # fmt: skip
    obs, _ = world.reset(seed=4, options={"start": [start] * N})
    dodger, everyone, kind = Dodger(world), np.arange(N), world.data.mob_names.index(mob)
    world.arrays.equipped[:] = world.data.item_index["wooden_sword"] if mob == "creeper" else 0
    for _ in range(STEPS):
        actions = np.zeros((N, 3), dtype=np.int64)
        actions[:, 1] = ATTACK if fights else 0
        if shielded:
            actions[:, 0] = dodger.moves(obs, everyone, actions[:, 0], np.full(N, kind if fights else 0))
        face(world)
        obs, *_ = world.step(actions)
    return float(np.maximum(world.arrays.health, 0.0).mean()), float(world.arrays.killed[:, kind].mean())


def test_who_fights_a_creeper_steps_back_in_time() -> None:
    (stood, killed), (dodged, won) = after("creeper", True, False), after("creeper", True, True)
    assert dodged > stood + 3.0 and won >= killed


def test_who_does_not_keeps_away() -> None:
    assert after("creeper", False, True)[0] > after("creeper", False, False)[0] + 8.0
    assert after("zombie", False, True) == after("zombie", False, False), "but from creepers only"


def test_what_strikes_is_kept_at_arm_s_length() -> None:
    (stood, killed), (dodged, won) = after("zombie", True, False), after("zombie", True, True)
    assert dodged > stood and won >= killed


def test_only_fights_have_foes() -> None:
    library = SkillLibrary.load("minedojo")
    world = CraftWorld(1, config=WorldConfig(maps_per_biome=1))
    names = ("kill_creeper", "find_creeper", "beef", "log")
    found = foes([library.skills[name] for name in names], world.data)
    assert found.tolist() == [world.data.mob_names.index(name) if name else 0 for name in ("creeper", "", "cow", "")]
