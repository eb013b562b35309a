"""Steps per second of the craft world with random actions, and of two published peers beside it.

Peers (each measured only when it is installed, extra `bench`): Crafter (Hafner 2021, arXiv 2109.06780), one environment
in Python; Craftax-Symbolic (Matthews et al. 2024, arXiv 2402.16801), jitted and vmapped on JAX's default device.
Every figure includes the observations. Ours and Crafter's include new episodes; Craftax's does not, in its favour: its
own auto-reset makes a new world in every environment at every step, which costs it far more than the step itself.
"""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from sim.craft.actions import FUNCTIONAL, INTERACT, MOVES
from sim.craft.state import PLAN4MC_LIDAR, WorldConfig
from sim.world import UserError

Row = dict[str, Any]


class Made(NamedTuple):
    """Something to measure, set up."""

    step: Callable[[], None]
    steps: int  # environment steps of one call
    bytes_per_env: int | None


class Candidate(NamedTuple):
    """One row to be."""

    world: str
    num_envs: int
    make: Callable[[], Made]
    note: str


PEERS = {"crafter": "crafter", "craftax-symbolic": "craftax"}  # row -> package
SCAN = 4  # steps of Craftax in one compiled loop
BATCHES = 16  # batches of actions that are drawn beforehand and cycled
PLAN4MC_RANGE = 99.0  # metres
DEFAULT_ENVS = (1, 64, 1024, 4096)


def rows(
    num_envs: Sequence[int] = DEFAULT_ENVS, seconds: float = 2.0, world: str = "craft", repeats: int = 3,
    peers: bool = True, plan4mc: bool = True,
) -> list[Row]:  # fmt: skip
    """Measure everything `repeats` times for `seconds` each.

    A row: `world`, `num_envs`, `steps_per_s` (median), `steps_per_s_all` (every repeat), `ratio` (for peers: the craft
    world with its default senses at the same num_envs, over this row; else None), `bytes_per_env` (craft only), `note`.
    """
    if world == "minedojo":
        from benchmarks import minedojo

        return minedojo.rows([n for n in num_envs if n <= 16] if num_envs != DEFAULT_ENVS else (1,), seconds, repeats)
    if world == "kitchen":
        from benchmarks import kitchen

        return kitchen.rows([n for n in num_envs if n <= 64] if num_envs != DEFAULT_ENVS else (1, 4), seconds, repeats)
    if world != "craft":
        raise UserError(f"bench world knows the worlds craft, kitchen and minedojo, got '{world}'")
    if not num_envs or min(num_envs) < 1 or seconds <= 0 or repeats < 1:
        raise UserError(
            f"expected num_envs >= 1, seconds > 0, repeats >= 1; got {list(num_envs)}, {seconds}, {repeats}"
        )
    found = [_row(c, seconds, repeats) for c in _candidates(num_envs, peers, plan4mc)]
    ours = {row["num_envs"]: row["steps_per_s"] for row in found if row["world"] == "craft"}
    for row in found:
        base = ours.get(row["num_envs"])
        if row["world"] in PEERS and base and row["steps_per_s"]:
            row["ratio"] = base / row["steps_per_s"]
    return found


def _candidates(num_envs: Sequence[int], peers: bool, plan4mc: bool) -> Iterator[Candidate]:
    """Everything to measure."""
    config = WorldConfig(autoreset=True)
    wide = replace(config, lidar=PLAN4MC_LIDAR, ray_range=PLAN4MC_RANGE)
    for n in num_envs:
        note = f"{len(config.lidar)} rays to {config.ray_range:.0f} blocks and a box"
        yield Candidate("craft", n, partial(_craft, n, config), note)
    for n in num_envs if plan4mc else ():
        note = f"Plan4MC's {len(PLAN4MC_LIDAR)} rays to {PLAN4MC_RANGE:.0f} blocks and a box"
        yield Candidate("craft-plan4mc-rays", n, partial(_craft, n, wide), note)
    if not peers:
        return
    yield Candidate("crafter", 1, _crafter, "one environment in Python, 64 x 64 picture")
    for n in num_envs:
        yield Candidate(
            "craftax-symbolic", n, partial(_craftax, n), f"jitted, vmapped, {SCAN} steps a call, no new episodes"
        )


def _row(candidate: Candidate, seconds: float, repeats: int) -> Row:
    world, num_envs, make, note = candidate
    row: Row = {"world": world, "num_envs": num_envs, "steps_per_s": None, "steps_per_s_all": [], "ratio": None}
    row |= {"bytes_per_env": None, "note": note}
    package = PEERS.get(world)
    if package and importlib.util.find_spec(package) is None:
        return row | {"note": f"not measured: {package} is not installed (extra 'bench')"}
    made = make()
    row["bytes_per_env"] = made.bytes_per_env
    for _ in range(repeats):
        row["steps_per_s_all"].append(made.steps * _rate(made.step, seconds))
    row["steps_per_s"] = statistics.median(row["steps_per_s_all"])
    return row


def _rate(step: Callable[[], None], seconds: float) -> float:
    """Calls of `step` per second, after one call to warm up."""
    step()
    began, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds or count == 0:
        step()
        count += 1
    return count / passed


def _craft(num_envs: int, config: WorldConfig) -> Made:
    """A craft world that acts at random: the policies' moves and interactions, at times a craft, equip or place."""
    from sim.craft.world import CraftWorld

    env = CraftWorld(num_envs, seed=0, config=config)
    env.reset(seed=0)
    batches = [torch.from_numpy(_actions(num_envs, len(env.data.item_names), k)) for k in range(BATCHES)]
    turn = iter(range(1 << 62))

    def step() -> None:
        env.step(batches[next(turn) % BATCHES])

    return Made(step, num_envs, env.bytes_per_env())


def _actions(num_envs: int, items: int, seed: int) -> np.ndarray:
    """int64 [N, 3]: uniform moves; use or attack or nothing, in one of ten any functional action with any item."""
    rng = np.random.default_rng(seed)
    functional = np.where(
        rng.random(num_envs) < 0.1, rng.integers(0, FUNCTIONAL, num_envs), rng.choice(INTERACT, num_envs)
    )
    return np.stack([rng.integers(0, MOVES, num_envs), functional, rng.integers(0, items, num_envs)], axis=1)


def _crafter() -> Made:
    import crafter

    env = crafter.Env(seed=0)
    env.reset()
    rng = np.random.default_rng(0)

    def step() -> None:
        *_, done, _ = env.step(rng.integers(env.action_space.n))
        if done:
            env.reset()

    return Made(step, 1, None)


def _craftax(num_envs: int) -> Made:
    """SCAN steps of all environments in one compiled loop, its fastest use; an ended episode goes on (the same work).

    The last observations are carried through the loop, so that none is optimised away.
    """
    import jax
    from craftax.craftax_env import make_craftax_env_from_name

    env = make_craftax_env_from_name("Craftax-Symbolic-v1", auto_reset=False)
    params = env.default_params

    def advance(carry: tuple[Any, Any, Any], _: None) -> tuple[tuple[Any, Any, Any], None]:
        key, action_key, step_key = jax.random.split(carry[0], 3)
        actions = jax.random.randint(action_key, (num_envs,), 0, env.action_space(params).n)
        keys = jax.random.split(step_key, num_envs)
        seen, state, *_ = jax.vmap(env.step, in_axes=(0, 0, 0, None))(keys, carry[1], actions, params)
        return (key, state, seen), None

    run = jax.jit(lambda carry: jax.lax.scan(advance, carry, None, SCAN)[0])
    key = jax.random.PRNGKey(0)
    seen, state = jax.jit(jax.vmap(env.reset, in_axes=(0, None)))(jax.random.split(key, num_envs), params)
    held = [(key, state, seen)]

    def step() -> None:
        held[0] = jax.block_until_ready(run(held[0]))

    return Made(step, SCAN * num_envs, None)
