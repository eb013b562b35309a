"""MineDojo's programmatic tasks as tasks of ours, and how many of them the embedded world and our skills cover."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from agents.tasks import Task
from sim.minedojo.definitions import CATEGORIES, Definition, definitions, obstacle
from sim.world import UserError

SUITE = "minedojo"
LIBRARY = "minedojo"


def load(world: str = "craft") -> list[Task]:
    """The tasks that the embedded world can fulfil, with MineDojo's prompts as commands; ids are MineDojo's."""
    return [_task(d, world) for d in definitions() if not obstacle(d)]


def _task(d: Definition, world: str) -> Task:
    return Task(d.id, d.prompt, (d.goal,), d.category, world, d.start, f"minedojo task {d.id}")


def sample(tasks: Sequence[Task], count: int | None, seed: int) -> list[Task]:
    """`count` of the tasks by chance, the same for the same seed; all where `count` is None."""
    if count is None or count >= len(tasks):
        return list(tasks)
    rng = np.random.default_rng(seed)
    return [tasks[k] for k in sorted(rng.choice(len(tasks), size=count, replace=False).tolist())]


def coverage(*, make: bool = True, plan: bool = True, tick: Callable[[int, int], None] | None = None) -> dict[str, Any]:
    """How many tasks can be made by MineDojo's package, fulfilled in the embedded world, and planned with our skills.

    `makeable`: `minedojo.make`, `reset` and a first step succeed, on the embedded world or, where it lacks the biome or
    the mob, up to its error that names what it lacks. `reachable`: see `definitions.obstacle`. `planned`: the symbolic
    world ends in the goal. `tick(done, total)` is told of progress.
    """
    tasks = definitions()
    total = len(tasks) * (1 + make)
    reasons = {}
    for k, d in enumerate(tasks):
        reasons[d.id] = obstacle(d)
        if tick:
            tick(k + 1, total)
    made: dict[str, str] = {}
    if make:
        for k, d in enumerate(tasks):
            made[d.id] = _made(d.id)
            if tick:
                tick(len(tasks) + k + 1, total)
    planned = _planned([d for d in tasks if not reasons[d.id]]) if plan else {}
    rows = {}
    for category in CATEGORIES:
        own = [d for d in tasks if d.category == category]
        rows[category] = {"tasks": len(own), "reachable": sum(not reasons[d.id] for d in own)}
        if make:
            rows[category] |= {
                "makeable": sum(made[d.id] != "broken" for d in own),
                "started": sum(made[d.id] == "" for d in own),
            }
        if plan:
            rows[category]["planned"] = sum(planned.get(d.id, False) for d in own)
    found: dict[str, Any] = {key: sum(row[key] for row in rows.values()) for key in rows["harvest"]}
    why = Counter(reason for reason in reasons.values() if reason)
    return {**found, "by_category": rows, "why_not": dict(why.most_common())}


def _made(task_id: str) -> str:
    """Empty when a task was made, reset and stepped; "lacking" when the world said what it lacks; "broken" otherwise."""
    from sim.minedojo.client import embedded, make

    try:
        with embedded():
            env = make(task_id, image_size=(16, 16), seed=0)
    except Exception:  # whatever goes wrong inside the package
        return "broken"
    try:
        with embedded():
            env.reset()
            env.step(env.action_space.no_op())
    except UserError:
        return "lacking"
    except Exception:
        return "broken"
    finally:
        env.close()
    return ""


def _planned(tasks: Sequence[Definition]) -> dict[str, bool]:
    """Whether the hybrid planner's skills end in each task's goal when every skill does what it says."""
    from agents.agent import AgentOptions, build
    from agents.evaluate import run_tasks

    agent = build(AgentOptions(world="craft", library=LIBRARY, symbolic=True, goal="given", num_envs=64))
    limitless = [
        replace(_task(d, "craft"), start={k: v for k, v in d.start.items() if k != "max_steps"}) for d in tasks
    ]
    _, traces = run_tasks(agent, limitless, 1, shown=False)
    return {trace.task: trace.success for trace in traces}
