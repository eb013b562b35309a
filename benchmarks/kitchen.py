"""Speed of the kitchen's physics: control steps a second with every object in it, and of panda-gym's pick and place beside it.

    saycraft bench world --world kitchen [--num-envs 1,4] [--seconds 2]

The arm acts at random among the objects of a table. A control step is a twelfth of a second: ten physics steps, inverse
kinematics and reading everything off. panda-gym (one arm, one cube; a control step is a twenty-fifth of a second: twenty
physics steps) is measured where it is installed: `pip install --no-deps panda-gym`.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

BATCH = 64  # actions that are drawn beforehand and cycled
PLACES = ("table", "close counter", "far counter")


def rows(num_envs: Sequence[int] = (1, 4), seconds: float = 2.0, repeats: int = 3) -> list[dict[str, Any]]:
    """A row per world and number of environments: `steps_per_s` (median of `repeats`), `per_core`, `workers`, `note`."""
    found = []
    for n in num_envs:
        for workers in (0, min(n, os.cpu_count() or 1)) if n > 1 else (0,):
            found.append(_kitchen(n, workers, seconds, repeats))
    found.append(_panda_gym(seconds, repeats))
    return found


def _kitchen(n: int, workers: int, seconds: float, repeats: int) -> dict[str, Any]:
    from sim.kitchen.objects import THINGS
    from sim.kitchen.simulation import ACTION_SIZE
    from sim.kitchen.world import KitchenWorld

    world = KitchenWorld(n, workers=workers)
    objects = [[thing.name, PLACES[k % 3]] for k, thing in enumerate(THINGS)]
    world.reset(seed=0, options={"start": [{"robot_at": "table", "objects": objects}] * n})
    actions = np.random.default_rng(0).uniform(-1, 1, (BATCH, n, ACTION_SIZE)).astype(np.float32)
    actions[..., :3] = 0.0
    turn = iter(range(1 << 62))
    measured = measure_rates(lambda: world.step(actions[next(turn) % BATCH]), n, seconds, repeats)
    world.close()
    note = f"{len(THINGS)} objects, {'this process' if workers == 0 else f'{workers} worker processes'}"
    return {"world": "kitchen", "num_envs": n, "workers": workers, "steps_per_s": statistics.median(measured),
            "per_core": statistics.median(measured) / max(workers, 1), "steps_per_s_all": measured, "note": note}  # fmt: skip


def _panda_gym(seconds: float, repeats: int) -> dict[str, Any]:
    row: dict[str, Any] = {"world": "panda-gym", "num_envs": 1, "workers": 0, "steps_per_s": None, "per_core": None,
                           "steps_per_s_all": [], "note": "not measured: pip install --no-deps panda-gym"}  # fmt: skip
    if importlib.util.find_spec("panda_gym") is None:
        return row
    import gymnasium as gym

    from sim.kitchen.quiet import quiet

    with quiet():
        import panda_gym  # noqa: F401

        env = gym.make("PandaPickAndPlace-v3")
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(BATCH)]
    turn = iter(range(1 << 62))

    def step() -> None:
        *_, terminated, truncated, _ = env.step(actions[next(turn) % BATCH])
        if terminated or truncated:
            env.reset()

    measured = measure_rates(step, 1, seconds, repeats)
    env.close()
    median = statistics.median(measured)
    return row | {"steps_per_s": median, "per_core": median, "steps_per_s_all": measured, "note": "one arm, one cube"}


def measure_rates(step: Callable[[], object], steps: int, seconds: float, repeats: int) -> list[float]:
    """Environment steps per second, `repeats` times for about `seconds` each, after one step to warm up."""
    step()
    out = []
    for _ in range(repeats):
        began, count = time.perf_counter(), 0
        while (passed := time.perf_counter() - began) < seconds or count == 0:
            step()
            count += 1
        out.append(count * steps / passed)
    return out
