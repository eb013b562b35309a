"""What MineDojo's Python costs: our actions a second through it and directly, on the same embedded world, in the same run.

    saycraft bench world --world minedojo [--num-envs 1] [--seconds 4]

Random actions of the reduced set, 52 rays and the voxel box of the policies, pictures of 16 x 16 pixels (MineDojo always asks
for one); an action is one to four game ticks.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

import torch

from benchmarks.kitchen import measure_rates
from sim.craft.world import CraftWorld
from sim.minedojo.world import MineDojoWorld

ACTIONS = 64  # drawn beforehand and cycled
START = {"biome": "plains", "max_steps": 2**30}


def rows(num_envs: Sequence[int] = (1,), seconds: float = 4.0, repeats: int = 3) -> list[dict[str, Any]]:
    """A row per way: `steps_per_s` is actions a second (median of `repeats`), `ticks_per_s` game ticks a second."""
    found = []
    for n in num_envs:
        for through, world in (
            ("MineDojo's Python", MineDojoWorld(n, backend="embedded")),
            ("directly", CraftWorld(n)),
        ):
            found.append({"world": through, "num_envs": n, **_measure(world, n, seconds, repeats)})
            world.close()
    return found


def _measure(world: Any, n: int, seconds: float, repeats: int) -> dict[str, Any]:
    world.reset(seed=0, options={"start": [START] * n})
    draw = torch.Generator().manual_seed(0)
    move = torch.randint(0, 12, (ACTIONS, n, 1), generator=draw)
    does = torch.tensor([0, 1, 3])[torch.randint(0, 3, (ACTIONS, n, 1), generator=draw)]
    actions = torch.cat([move, does, torch.zeros_like(move)], -1)
    turn = iter(range(1 << 62))
    before, began = int(world.ticks.sum()), time.perf_counter()
    measured = measure_rates(lambda: world.step(actions[next(turn) % ACTIONS]), n, seconds, repeats)
    ticks = (int(world.ticks.sum()) - before) / (time.perf_counter() - began)
    return {"steps_per_s": statistics.median(measured), "ticks_per_s": ticks, "steps_per_s_all": measured}
