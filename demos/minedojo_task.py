"""One of MineDojo's own tasks, through MineDojo's own Python, without Minecraft: our agent plays, MineDojo judges.

python demos/minedojo_task.py harvest_1_log_plains
"""

from __future__ import annotations

import sys

from agents import minedojo
from agents.agent import AgentOptions, build
from agents.executor import Job
from agents.trace import Trace


def main(task: str = "harvest_1_log_plains", seed: int = 0) -> Trace:
    """One episode; returns its trace."""
    chosen = next(t for t in minedojo.load(world="minedojo") if t.id == task)
    print(f"{chosen.id}: {chosen.command} -> {dict(chosen.goal[0])}")
    agent = build(AgentOptions(world="minedojo", library=minedojo.LIBRARY, goal="given", backend="embedded"))
    (trace,) = agent.executor().run([Job(chosen, episode=0, seed=seed)])
    agent.world.close()
    print(f"{trace.reason} after {trace.ticks / 20:.0f} s of game time: {' > '.join(trace.skills)}")
    return trace


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "harvest_1_log_plains")
