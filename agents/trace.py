"""What an episode leaves behind: every decision with its scores, every skill's outcome, why it ended; plain JSON."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from planner.types import FAILED

REACHED = "goal reached"
DONE = "done"  # the planner said done and a goal alternative held
SAID_DONE = "said done, goal not reached"
IMPOSSIBLE = "no plan"
TIME = "time limit"
DIED = "died"
DECISIONS = "too many decisions"
DECLINED = "declined"  # followed by ": why, or what was asked back"
BROKEN = "environment failed"  # followed by ": what"; such an episode says nothing of the agent
ERROR = "error"  # followed by ": what"


@dataclass
class Frame:
    """One picture of a replay, encoded: JPEG or PNG bytes in base64."""

    tick: int
    image: str
    decision: int  # index of the decision being carried out, -1 before the first
    facts: dict[str, int] = field(default_factory=dict)


@dataclass
class DecisionRecord:
    """One choice of a skill: what was known, what was considered, what was chosen and what came of it.

    `start` and `end` are game ticks since the reset. `outcome` is success, failed, timeout, hopeless, interrupted (a foe
    struck) or cut (the episode ended meanwhile); empty when no skill was chosen.
    """

    skill: str | None
    status: str  # "act" | "done" | "impossible"
    facts: dict[str, int]
    candidates: list[dict[str, Any]]  # {"skill", "say", "can", "score"}
    plan: list[str]
    reason: str
    start: int
    end: int = 0
    outcome: str = ""


@dataclass
class Trace:
    """One episode of one task."""

    task: str
    family: str
    command: str
    episode: int
    seed: int
    goal: list[dict[str, int]]
    decisions: list[DecisionRecord] = field(default_factory=list)
    success: bool = False
    reason: str = ""
    ticks: int = 0
    facts: dict[str, int] = field(default_factory=dict)  # at the end
    wall_s: float = 0.0
    ticks_per_second: float = 20.0
    understood: str = ""  # the reading of the command, in words
    frames: list[Frame] = field(default_factory=list)

    @property
    def history(self) -> list[str]:
        """The skills that ended so far, in order; one that did not succeed is marked by `FAILED` at its end. What was
        interrupted has neither succeeded nor failed and is left out."""
        ended = [d for d in self.decisions if d.skill and d.outcome not in ("", "interrupted")]
        return [f"{d.skill}{'' if d.outcome == 'success' else FAILED}" for d in ended]

    @property
    def skills(self) -> list[str]:
        """The skills that were started, in order."""
        return [d.skill for d in self.decisions if d.skill]

    def to_json(self, *, frames: bool = False) -> dict[str, Any]:
        """The trace as plain JSON values; pictures only when asked for."""
        record = dataclasses.asdict(self)
        if not frames:
            del record["frames"]
        return record


def trace_from_json(record: dict[str, Any]) -> Trace:
    """The inverse of `Trace.to_json`."""
    decisions = [DecisionRecord(**d) for d in record.get("decisions", [])]
    frames = [Frame(**f) for f in record.get("frames", [])]
    return Trace(**{**record, "decisions": decisions, "frames": frames})
