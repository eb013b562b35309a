"""Plan the tasks of the suite plan4mc with both planners and compare the lengths of the plans.

python demos/compare_planners.py
"""

from __future__ import annotations

from agents import tasks
from agents.agent import AgentOptions, build
from agents.executor import Job


def main(most: int | None = None) -> dict[str, list[int]]:
    """Plan lengths by planner, for the first `most` tasks."""
    suite = tasks.load("plan4mc")[:most]
    lengths: dict[str, list[int]] = {}
    for name in ("plan4mc", "hybrid"):
        agent = build(AgentOptions(planner=name, num_envs=len(suite), symbolic=True, goal="given"))
        traces = agent.executor().run(Job(task, 0, 0) for task in suite)
        lengths[name] = [len(trace.skills) if trace.success else -1 for trace in traces]
    print(f"{'task':44s} plan4mc  hybrid")
    for task, a, b in zip(suite, *lengths.values(), strict=True):
        print(f"{task.command[:44]:44s} {a:7d} {b:7d}")
    return lengths


if __name__ == "__main__":
    main()
