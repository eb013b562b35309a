"""Carry out a command and save a replay.

python demos/make_something.py "make a wooden pickaxe" replay.html
"""

from __future__ import annotations

import sys
from pathlib import Path

from agents import replay
from agents.agent import AgentOptions, build, understand
from agents.executor import Job
from agents.tasks import Task
from agents.trace import Trace


def main(command: str = "make a wooden pickaxe", page: str = "replay.html", symbolic: bool = False) -> Trace:
    """One episode; returns its trace."""
    agent = build(AgentOptions(symbolic=symbolic, goal="given"))
    found = understand(command, agent.library, {})
    print(f"I understood: {found.text} (probability {found.probability:.2f})")
    executor = agent.executor(camera=None if symbolic else replay.WorldCamera())
    (trace,) = executor.run([Job(Task("demo", command, tuple(found.goal)), episode=0, seed=0)])
    replay.save_html(Path(page), trace, **replay.about(agent, trace))
    print(f"{trace.reason} after {trace.ticks / 20:.0f} s of game time: {' > '.join(trace.skills)}\nwritten to {page}")
    return trace


if __name__ == "__main__":
    main(*sys.argv[1:3])  # type: ignore[arg-type]
