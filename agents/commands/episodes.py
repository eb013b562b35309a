"""`saycraft run`, `plan` and `eval`: one command carried out or planned, and the tasks of a file measured."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.commands.options import (
    MAX_ENVS,
    add_agent_options,
    add_command,
    agent_options,
    fail,
    read_start,
    read_task,
    whole,
)
from agents.commands.printing import console, goal_text, print_json, print_rows, print_trace, score_text

if TYPE_CHECKING:
    from agents.tasks import Task

KITCHENS = 8  # evaluated at once by default: each takes a quarter of a gigabyte


def add_run(commands: Any) -> None:
    """`saycraft run` with its options."""
    p = add_command(commands, "run", run, "carry out one command")
    add_agent_options(p)
    p.add_argument("command", help="what to do, such as 'make a wooden pickaxe'")
    p.add_argument("--start", metavar="JSON", help='how the episode begins, such as \'{"biome": "forest"}\', or a file')
    p.add_argument("--symbolic", action="store_true", help="apply the skills' declared effects instead of physics")
    p.add_argument("--replay", type=Path, metavar="OUT.html", help="write a self-contained page of the episode")
    p.add_argument("--video", type=Path, metavar="OUT.mp4", help="write a film of the episode (.mp4 or .gif)")


def run(a: argparse.Namespace) -> int:
    """Carry out one command, tell how it went; exit code 1 when it was not fulfilled."""
    from agents import replay
    from agents.agent import build
    from agents.evaluate import check_output
    from agents.executor import Job

    if a.replay:
        check_output(a.replay)
    if a.video:
        replay.check_video(a.video)
    start = read_start(a.start)
    task, match = read_task(a, start)
    films = bool(a.replay or a.video) and not a.symbolic
    agent = build(agent_options(a, symbolic=a.symbolic, goal="given", films=films))
    agent.check_start(start)
    if not a.json:
        print(f"goal: {goal_text(task.goal)}{match}", file=sys.stderr)
    executor = agent.executor(camera=replay.make_camera(a.world) if films else None)
    (trace,) = executor.run([Job(task, 0, a.seed)])
    agent.world.close()
    _check_model(trace)
    if executor.camera_error:
        print(f"saycraft: no pictures: {executor.camera_error}", file=sys.stderr)
    if a.replay:
        replay.save_html(a.replay, trace, **replay.about(agent, trace))
    if a.video:
        replay.save_video(a.video, trace)
    print_trace(a, trace)
    return 0 if trace.success else 1


def add_plan(commands: Any) -> None:
    """`saycraft plan` with its options."""
    p = add_command(commands, "plan", plan, "show the plan only, with the score of every candidate at each step")
    add_agent_options(p)
    p.add_argument("command", help="what to plan for")
    p.add_argument("--start", metavar="JSON", help="what is there at the start: an object or a file")


def plan(a: argparse.Namespace) -> int:
    """Plan a command by applying the skills' effects, and print every decision."""
    from agents.agent import build
    from agents.executor import Job

    task, match = read_task(a, read_start(a.start))
    agent = build(agent_options(a, symbolic=True, goal="given"))
    agent.check_start(dict(task.start))
    (trace,) = agent.executor().run([Job(task, 0, a.seed)])
    _check_model(trace)
    decisions = [d for d in trace.decisions if d.skill]
    if a.json:
        shown = [{"skill": d.skill, "candidates": d.candidates} for d in decisions]
        print_json({"goal": trace.goal, "decisions": shown, "success": trace.success, "reason": trace.reason})
    else:
        print(f"goal: {goal_text(task.goal)}{match}")
        for number, d in enumerate(decisions, 1):
            print(f"{number:4d}  {d.skill}{score_text(d)}")
        print(f"{'plan reaches the goal' if trace.success else 'no plan: ' + trace.reason}, {len(decisions)} skills")
    return 0 if trace.success else 1


def _check_model(trace: Any) -> None:
    """A language model that cannot be had is the user's to mend, not a failed episode."""
    if trace.reason.startswith("error: language model"):
        fail(trace.reason.removeprefix("error: "))


def add_eval(commands: Any) -> None:
    """`saycraft eval` with its options."""
    p = add_command(commands, "eval", evaluate, "measure success over the tasks of a file or a suite")
    add_agent_options(p)
    p.set_defaults(world=None)  # that of the tasks
    p.add_argument(
        "tasks", metavar="TASKS.jsonl|SUITE", help="a task file, a suite that comes with saycraft, or minedojo"
    )
    p.add_argument("--episodes", type=whole(1), default=10, metavar="K", help="episodes per task (default 10)")
    p.add_argument(
        "--num-envs",
        type=whole(1, MAX_ENVS),
        metavar="N",
        help="environments at once (default: up to 256, 8 kitchens)",
    )
    p.add_argument("--one-at-a-time", action="store_true", help="one environment only, to compare with")
    p.add_argument("--symbolic", action="store_true", help="apply the skills' declared effects instead of physics")
    p.add_argument("--goal", default="read", choices=("read", "given"),
                   help="read goals from the commands (default), or take those of the task file")  # fmt: skip
    p.add_argument("--out", type=Path, default=Path("results.json"), help="where results go (default results.json)")
    p.add_argument("--traces", type=Path, metavar="OUT.jsonl", help="write every episode's trace, one a line")
    p.add_argument("--task", action="append", metavar="ID", help="only this task (may be given several times)")
    p.add_argument("--sample", type=whole(1), metavar="N", help="only N of the tasks, drawn with --seed")
    p.add_argument(
        "--coverage", action="store_true", help="of minedojo: how many tasks can be made, fulfilled and planned"
    )


def evaluate(a: argparse.Namespace) -> int:
    """Run every episode of every task and write results.json."""
    from agents.agent import build
    from agents.evaluate import check_output, print_results, run_tasks, write_atomically, write_json

    if a.coverage:
        return _coverage(a)
    check_output(a.out)
    if a.traces:
        check_output(a.traces)
    chosen = _chosen_tasks(a)
    a.world = a.world or chosen[0].world
    widest = KITCHENS if a.world == "kitchen" and not a.symbolic else 256
    num_envs = 1 if a.one_at_a_time else min(a.num_envs or widest, len(chosen) * a.episodes)
    options = agent_options(a, symbolic=a.symbolic, num_envs=num_envs, goal=a.goal)
    keep = a.traces is not None
    agent = build(options)
    try:
        found, traces = run_tasks(agent, chosen, a.episodes, shown=not a.json, keep_candidates=keep)
    finally:
        agent.world.close()
    write_json(a.out, found)
    if a.traces:
        write_atomically(a.traces, "".join(json.dumps(trace.to_json()) + "\n" for trace in traces))
    if a.json:
        print_json(found)
    else:
        print_results(found, console().print)
        print(f"written to {a.out}")
    if meter := getattr(getattr(agent.planner, "model", None), "meter", None):
        print(f"{a.llm}: {meter}", file=sys.stderr)
    return 0


def _chosen_tasks(a: argparse.Namespace) -> list[Task]:
    """The tasks that `eval` is asked for."""
    from agents import minedojo, tasks

    known = tasks.suites()
    if a.tasks == minedojo.SUITE and a.tasks not in known and not Path(a.tasks).exists():
        a.library = a.library or minedojo.LIBRARY
        loaded = minedojo.load(a.world or "craft")
    else:
        loaded = tasks.load(a.tasks)
    return minedojo.sample(tasks.choose(loaded, a.task), a.sample, a.seed)


def _coverage(a: argparse.Namespace) -> int:
    """Print what of MineDojo is covered."""
    from agents import minedojo

    if a.tasks != minedojo.SUITE:
        fail(f"--coverage is of {minedojo.SUITE}, not of '{a.tasks}'")
    found = minedojo.coverage(tick=None if a.json else _tell)
    if a.json:
        print_json(found)
    else:
        print(file=sys.stderr)
        print_rows([{"category": name, **row} for name, row in found["by_category"].items()])
        print_rows([{"why not": reason, "tasks": count} for reason, count in found["why_not"].items()])
    return 0


def _tell(done: int, total: int) -> None:
    """Progress on one line of stderr."""
    print(f"\r{done}/{total}", end="", file=sys.stderr, flush=True)
