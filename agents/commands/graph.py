"""`saycraft graph`: the skill graph drawn, checked, written by a language model, and corrected by experience."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from agents.commands.options import (
    Parser,
    add_agent_options,
    add_command,
    agent_options,
    chosen_library,
    fail,
    model_options,
    read_task,
)
from agents.commands.printing import print_json


def add_graph(commands: Any) -> None:
    """`saycraft graph` with its options."""
    p = add_command(commands, "graph", None, "draw, check, write or correct the skill graph")
    actions = p.add_subparsers(metavar="draw|check|build|learn", required=True, parser_class=Parser)
    q = add_command(actions, "draw", graph_draw, "write the graph as .svg or .html, the plan of a command lit")
    q.add_argument("command", nargs="?", help="light the plan for this command")
    q.add_argument("--out", type=Path, default=Path("graph.svg"), help="default graph.svg")
    add_agent_options(q)
    q = add_command(actions, "check", graph_check, "what is wrong: unknown facts, skills that can never run")
    add_agent_options(q)
    q = add_command(actions, "build", graph_build, "let a language model write the entries of skills, and compare")
    q.add_argument(
        "--skills", default="plan4mc", metavar="LIST", help="library whose skills are written (default plan4mc)"
    )
    q.add_argument("--out", type=Path, default=Path("graph.yaml"), help="default graph.yaml")
    add_agent_options(q)
    q = add_command(actions, "learn", graph_learn, "correct entries by what was seen in traces (`eval --traces`)")
    q.add_argument("traces", type=Path, metavar="TRACES.jsonl", help="what `saycraft eval --traces` wrote")
    q.add_argument("--out", type=Path, default=Path("learned.yaml"), help="default learned.yaml; evidence beside it")
    add_agent_options(q)


def graph_draw(a: argparse.Namespace) -> int:
    """Draw the library's graph."""
    from agents.evaluate import check_output, write_atomically
    from planner.graph import draw

    library = chosen_library(a)
    lit = _planned(a) if a.command else []
    drawing = draw(library, lit, suffix=check_output(a.out).suffix)
    write_atomically(a.out, drawing)
    if a.json:
        print_json({"out": str(a.out), "skills": len(library.skills), "lit": lit})
    else:
        print(f"written to {a.out}")
    return 0


def _planned(a: argparse.Namespace) -> list[str]:
    """The skills of the plan for the command."""
    from agents.agent import build
    from agents.executor import Job

    task, _ = read_task(a, {})
    (trace,) = (
        build(agent_options(a, symbolic=True, goal="given")).executor(keep_candidates=False).run([Job(task, 0, a.seed)])
    )
    return trace.skills


def graph_check(a: argparse.Namespace) -> int:
    """Problems of the graph, one a line; exit code 1 when there are any."""
    from agents.agent import fact_names
    from planner.graph import check

    library = chosen_library(a)
    problems = [str(problem) for problem in check(library, fact_names(a.world, None))]
    if a.json:
        print_json({"library": library.name, "problems": problems})
    else:
        print("\n".join([*problems, f"{library.name}: {len(problems)} problems"]))
    return 1 if problems else 0


def graph_build(a: argparse.Namespace) -> int:
    """Write a library by language model; the reference is the library the skills come from."""
    from dataclasses import asdict

    from agents.evaluate import check_output, write_atomically
    from planner.graph_build import compare, write_graph
    from planner.models import load_model
    from skills.library import SkillLibrary

    check_output(a.out)
    reference = SkillLibrary.load(a.library or a.skills)
    skills = SkillLibrary.load(a.skills).skills.values()
    model = load_model(a.llm, model_options(a))
    say = (lambda text: None) if a.json else (lambda text: print(f"  {text}", file=sys.stderr))
    written, report = write_graph(model, skills, sorted(reference.facts), a.out.stem, reference.world, say)
    report = compare(written, reference, report)
    write_atomically(a.out, written.to_yaml())
    if a.json:
        print_json({"out": str(a.out), **asdict(report)})
    else:
        rates = {"precision": report.precision, "recall": report.recall, "counts": report.counts}
        print(", ".join(f"{name} {'-' if rate is None else f'{rate:.3f}'}" for name, rate in rates.items()))
        for title, found in (("repaired", report.repaired), ("left", report.left), ("no entry", report.failed)):
            print(f"{title}: {len(found)}", *(f"  {text}" for text in found[:10]), sep="\n")
        print(f"written to {a.out}")
    return 0


def graph_learn(a: argparse.Namespace) -> int:
    """Correct a library by experience; the evidence is written beside it."""
    from agents.evaluate import check_output, write_atomically, write_json
    from planner.graph_learning import evidence, learn, observations

    check_output(a.out)
    library = chosen_library(a)
    try:
        traces = [json.loads(line) for line in a.traces.read_text().splitlines() if line.strip()]
        seen = observations(traces)
    except (OSError, ValueError, KeyError, TypeError) as error:
        fail(f"cannot read traces from {a.traces}: {error}; `saycraft eval ... --traces FILE` writes them")
    learned, corrections = learn(library, seen)
    write_atomically(a.out, learned.to_yaml())
    kept = a.out.with_suffix(".evidence.json")
    write_json(kept, {"traces": str(a.traces), "runs": len(seen), "corrections": evidence(corrections)})
    if a.json:
        print_json({"out": str(a.out), "runs": len(seen), "corrections": evidence(corrections)})
    else:
        print(
            *corrections, f"{len(seen)} runs, {len(corrections)} corrections; written to {a.out} and {kept}", sep="\n"
        )
    return 0
