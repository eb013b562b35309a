"""One action of one environment as a list of named sub-steps, and the parallel loops over environments.

Everything here is plain scalar code: compiled by Numba it is the fast world, under `NUMBA_DISABLE_JIT=1` its slow twin.
"""

from __future__ import annotations

from numba import prange

from sim.craft.act import act
from sim.craft.compile import compiled, parallel
from sim.craft.grid import floor
from sim.craft.mobs import hurt, move_mobs
from sim.craft.physics import KEYS, PITCH_UP, move_body, turn
from sim.craft.senses import EYE_HEIGHT, block_at, nearby, observe
from sim.craft.spawn import start_episode
from sim.craft.state import DAY_TICKS, MAX_FOOD, MAX_HEALTH, MAX_OXYGEN

HEAL_EVERY = 80  # ticks
SATED_HEAL_EVERY, SATED_COST = 10, 6.0  # ticks, and exhaustion for one half heart
WELL_FED = 18.0


@compiled
def _breathe(e, t):
    head = block_at(e, floor(e.x), floor(e.y + EYE_HEIGHT), floor(e.z))
    if t.block_liquid[head]:
        e.oxygen -= 1.0
        if e.oxygen <= -20.0:
            e.oxygen = 0.0
            hurt(e, 2.0)
    else:
        e.oxygen = MAX_OXYGEN


@compiled
def _digest(e):
    """Exhaustion eats saturation, then food; a full stomach heals, fast while it is sated (minecraft.wiki "Hunger"), an empty one
    hurts (not to death)."""
    if e.exhaustion >= 4.0:
        e.exhaustion -= 4.0
        if e.saturation > 0.0:
            e.saturation = max(e.saturation - 1.0, 0.0)
        else:
            e.food = max(e.food - 1.0, 0.0)
    if e.food >= MAX_FOOD and e.saturation > 0.0:
        if e.ticks % SATED_HEAL_EVERY == 0 and e.health < MAX_HEALTH:
            spent = min(e.saturation, SATED_COST)
            e.health = min(e.health + spent / SATED_COST, MAX_HEALTH)
            e.exhaustion += spent
    elif e.ticks % HEAL_EVERY == 0:
        if e.food >= WELL_FED and e.health < MAX_HEALTH:
            e.health = min(e.health + 1.0, MAX_HEALTH)
            e.exhaustion += 6.0
        elif e.food <= 0.0 and e.health > 1.0:
            hurt(e, 1.0)


@compiled
def _live(e, t, fall_damage):
    """Vital signs of one tick."""
    if e.hurt_wait > 0:
        e.hurt_wait -= 1
    if e.use_wait > 0:
        e.use_wait -= 1
    hurt(e, fall_damage)
    _breathe(e, t)
    _digest(e)


@compiled
def _tick_clock(e):
    e.time = (e.time + 1) % DAY_TICKS
    e.ticks += 1


@compiled
def step_one(e, t, move, functional, item, ticks, hostile):
    """Hold one action for `ticks` game ticks in environment i; a turn of the camera lasts one tick."""
    turn(e, move)
    if PITCH_UP <= move < KEYS:
        ticks = 1
    for tick in range(ticks):
        if e.health <= 0.0 or e.ticks >= e.max_ticks:
            return
        act(e, t, functional, item, tick)
        fall_damage = move_body(e, t, move)
        move_mobs(e, t, hostile)
        _live(e, t, fall_damage)
        _tick_clock(e)


@parallel
def step_all(envs, tables, senses, actions, paused, ticks, hostile, rays, voxels):
    """Step every environment but the paused ones (bool[N]): actions int[N, 3]."""
    for i in prange(actions.shape[0]):
        if not paused[i]:
            e, t = envs[i], tables[0]
            step_one(e, t, actions[i, 0], actions[i, 1], actions[i, 2], ticks, hostile)
            observe(e, t, senses[i], rays, voxels)


@parallel
def reset_some(envs, tables, senses, words, chosen, map_words, map_of, mobs, mob_range, natural_mobs, rays, voxels):
    """Start new episodes in environments `chosen` on maps `map_of`; `words` u32[N, CELLS/4] is the blocks' own memory."""
    for k in prange(chosen.shape[0]):
        e, t = envs[chosen[k]], tables[0]
        start_episode(e, t, words[chosen[k]], map_words[map_of[k]], mobs[k], mob_range[k], natural_mobs[k])
        observe(e, t, senses[chosen[k]], rays, voxels)


@parallel
def observe_all(envs, tables, senses, rays, voxels):
    """Fill the observations of every environment from its state."""
    for i in prange(envs.shape[0]):
        observe(envs[i], tables[0], senses[i], rays, voxels)


@parallel
def nearby_all(envs, tables, known, out):
    """out int32[N, K]: 1 for every nearby fact that holds, else 0; rows that are `known` (bool[N]) stay as they are."""
    for i in prange(envs.shape[0]):
        if not known[i]:
            out[i, :] = 0
            nearby(envs[i], tables[0], out[i])
