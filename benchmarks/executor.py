"""Speed of the closed loop: the same episodes one at a time and many at once.

saycraft bench executor [--num-envs 1,16,64,256]
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from agents import tasks
from agents.agent import AgentOptions, build
from agents.evaluate import make_jobs

SUITE = "plan4mc"
EPISODES = 64  # per row, spread evenly over the suite


def rows(
    num_envs: Sequence[int] = (1, 16, 64), episodes: int = EPISODES, symbolic: bool = False
) -> list[dict[str, Any]]:
    """One row per batch size: the same `episodes` episodes each time, the first row is what `speedup` refers to.

    The time for building the world and compiling is left out; a first short run warms up.
    """
    suite = tasks.load(SUITE)
    jobs = make_jobs(suite, -(-episodes // len(suite)), seed=0)
    jobs = jobs[:: max(len(jobs) // episodes, 1)][:episodes]
    out: list[dict[str, Any]] = []
    for n in num_envs:
        agent = build(AgentOptions(num_envs=n, symbolic=symbolic, goal="given"))
        agent.executor(keep_candidates=False).run(jobs[-1:])
        began = time.perf_counter()
        traces = agent.executor(keep_candidates=False).run(jobs)
        wall = time.perf_counter() - began
        speed = len(jobs) / wall
        out.append(
            {
                "method": "closed loop",
                "num_envs": n,
                "episodes": len(jobs),
                "success": sum(t.success for t in traces) / len(traces),
                "steps_per_s": sum(t.ticks for t in traces) / wall,
                "episodes_per_s": speed,
                "speedup": speed / (out[0]["episodes_per_s"] if out else speed),
                "wall_s": wall,
            }
        )
        agent.world.close()
    return out
