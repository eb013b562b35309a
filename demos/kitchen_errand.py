"""Send the household robot on an errand, in physics, and save a replay.

python demos/kitchen_errand.py "bring me a soda" replay.html
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from agents import replay
from agents.agent import AgentOptions, build, understand
from agents.executor import Job
from agents.tasks import Task
from agents.trace import Trace

START: dict[str, Any] = {
    "objects": [["coke", "table"], ["apple", "close counter"], ["sponge", "far counter"], ["7up", "drawer"]]
}


def main(command: str = "bring me a soda", page: str = "replay.html", pictures: bool = True) -> Trace:
    """One episode; returns its trace."""
    agent = build(AgentOptions(world="kitchen", goal="given"))
    found = understand(command, agent.library, START)
    print(f"I understood: {found.text} (probability {found.probability:.2f})")
    executor = agent.executor(camera=replay.make_camera("kitchen") if pictures else None)
    task = Task("errand", command, tuple(found.goal), world="kitchen", start=START)
    (trace,) = executor.run([Job(task, episode=0, seed=0)])
    agent.world.close()
    replay.save_html(Path(page), trace, **replay.about(agent, trace))
    seconds = trace.ticks / trace.ticks_per_second
    print(f"{trace.reason} after {seconds:.0f} s: {' > '.join(trace.skills)}\nwritten to {page}")
    return trace


if __name__ == "__main__":
    main(*sys.argv[1:3])  # type: ignore[arg-type]
