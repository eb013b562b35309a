"""The words of planning: goals, candidates, decisions, and what every planner offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

Facts = Mapping[str, int]  # zero counts left out
Goal = Sequence[Facts]  # alternatives; n > 0 = at least n, 0 = none
FAILED = "!"  # ends the name of a skill that did not succeed, in a history


@dataclass(frozen=True)
class Candidate:
    """A skill that was considered: how likely language holds it, how likely it succeeds now, and the score of both."""

    skill: str
    say: float | None
    can: float | None
    score: float


@dataclass(frozen=True)
class Decision:
    """The next skill of one environment, or the end: "done" (the goal holds) or "impossible" (no plan)."""

    skill: str | None
    status: Literal["act", "done", "impossible"] = "act"
    candidates: list[Candidate] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    reason: str = ""


class Planner(Protocol):
    """Chooses the next skill for many environments at once."""

    name: str

    def decide(self, goals: Sequence[Goal], facts: Sequence[Facts], history: Sequence[Sequence[str]],
               affordance: np.ndarray | None = None, commands: Sequence[str] | None = None) -> list[Decision]:  # fmt: skip
        """One decision per environment; `history` are its skills so far, `affordance` is P(success) [B, S], NaN = unknown."""


def holds(goal: Goal, facts: Facts) -> bool:
    """Whether some alternative of the goal is true of the facts."""
    return any(
        all(facts.get(name, 0) >= n if n > 0 else facts.get(name, 0) == 0 for name, n in option.items())
        for option in goal
    )
