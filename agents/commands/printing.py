"""How the commands print: JSON, tables, goals, scores and traces."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.trace import Trace


def print_json(value: Any) -> None:
    """A value as JSON, in Unicode."""
    print(json.dumps(value, indent=1, ensure_ascii=False, default=float))


def console() -> Any:
    """Rich's console; wide where nobody watches."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160)


def print_rows(rows: list[dict[str, Any]]) -> None:
    """Rows of equal kind as a table."""
    from rich.table import Table

    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(*columns)
    for row in rows:
        table.add_row(*(cell(row.get(column)) for column in columns))
    console().print(table)


def cell(value: Any) -> str:
    """A value as the text of a table's cell."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {n}" for key, n in value.items())
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return "" if value is None else f"{value:,}" if type(value) is int else str(value)


def goal_text(goal: Sequence[Any]) -> str:
    """A goal in words."""
    return " or ".join(", ".join(f"{n} {fact}" for fact, n in alternative.items()) for alternative in goal)


def score_text(decision: Any) -> str:
    """The best three candidates of a decision with their scores."""
    ranked = sorted(decision.candidates, key=lambda c: -(c["score"] or 0.0))[:3]
    return "   (" + ", ".join(f"{c['skill']} {c['score']:.2f}" for c in ranked) + ")" if ranked else ""


def print_trace(a: argparse.Namespace, trace: Trace) -> None:
    """How an episode went, a line for each skill."""
    if a.json:
        print_json(trace.to_json())
        return
    for number, d in enumerate(trace.decisions, 1):
        if d.skill and a.symbolic:
            print(f"{number:4d}  {d.skill:32s} {d.outcome}")
        elif d.skill:
            start, took = d.start / trace.ticks_per_second, (d.end - d.start) / trace.ticks_per_second
            print(f"{start:8.1f} s  {d.skill:32s} {d.outcome:10s} {took:6.1f} s")
    what = f"{len(trace.skills)} skills" if a.symbolic else f"{trace.ticks / trace.ticks_per_second:.1f} s of game time"
    print(f"{'success' if trace.success else 'failed'}: {trace.reason} after {what}")
    for path in (a.replay, a.video):
        if path:
            print(f"written to {path}")
