"""Plan4MC's planner (Yuan et al. 2023, arXiv 2303.16563, algorithm 1): depth-first search over the skill graph, re-planned
after every skill. Kept with its rules, as the baseline: one skill per fact, consumed things first, then required ones,
nearby facts last; surplus of a batch is kept; a find loses all nearby facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from planner.types import FAILED, Candidate, Decision, Facts, Goal, holds
from skills.library import SkillLibrary
from skills.schema import NEARBY, Skill

MAX_SKILLS = 2000  # of a plan; more is a cycle


class Plan4MC:
    """The depth-first search as a planner."""

    name = "plan4mc"

    def __init__(self, library: SkillLibrary):
        self.skills = library.skills
        self.producer = first_producers(library)

    def decide(self, goals: Sequence[Goal], facts: Sequence[Facts], history: Sequence[Sequence[str]],
               affordance: np.ndarray | None = None, commands: Sequence[str] | None = None) -> list[Decision]:  # fmt: skip
        """The first skill of each environment's plan."""
        return [self._one(goal, known, past) for goal, known, past in zip(goals, facts, history, strict=True)]

    def _one(self, goal: Goal, facts: Facts, past: Sequence[str]) -> Decision:
        if holds(goal, facts):
            return Decision(None, "done", reason="the goal holds")
        plan, lacking = self.plan(goal, self._believed(facts, past))
        if not plan:
            needs = ", ".join(f"{n} {fact}" for fact, n in lacking.items())
            return Decision(None, "impossible", reason=f"nothing obtains {needs}" if needs else "no plan")
        return Decision(plan[0], "act", [Candidate(plan[0], None, None, 1.0)], plan)

    def _believed(self, facts: Facts, past: Sequence[str]) -> dict[str, int]:
        """Plan4MC's memory of nearby facts: kept through crafts, else only what the last skill obtained."""
        moved = [name for name in past if self.skills[name.removesuffix(FAILED)].kind != "craft"]
        if not moved:
            return dict(facts)
        kept = set() if moved[-1].endswith(FAILED) else set(self.skills[moved[-1]].obtains)
        return {fact: n for fact, n in facts.items() if not fact.endswith(NEARBY) or fact in kept}

    def plan(self, goal: Goal, facts: Facts) -> tuple[list[str], dict[str, int]]:
        """(skills, facts that nothing obtains) towards the first alternative that can be reached."""
        lacking: dict[str, int] = {}
        for option in goal:
            search = _Search(self.skills, self.producer, facts)
            for fact, n in option.items():
                while search.have.get(fact, 0) < n and not search.lacking and len(search.plan) < MAX_SKILLS:
                    before = len(search.plan)
                    search.obtain(fact, n, depth=0)
                    search.gain(fact)
                    if len(search.plan) == before:
                        break
            if search.plan and not search.lacking and len(search.plan) < MAX_SKILLS:
                return search.plan, {}
            lacking = lacking or search.lacking
        return [], lacking


def first_producers(library: SkillLibrary) -> dict[str, str]:
    """For every fact the skill that obtains it: the one named like the fact, else the first of the library."""
    found: dict[str, str] = {}
    for skill in library.skills.values():
        for fact in skill.obtains:
            if fact not in found or skill.name == fact:
                found[fact] = skill.name
    return found


class _Search:
    """The recursion and what it believes to have."""

    def __init__(self, skills: Mapping[str, Skill], producer: Mapping[str, str], facts: Facts):
        self.skills, self.producer = skills, producer
        self.have = dict(facts)
        self.plan: list[str] = []
        self.lacking: dict[str, int] = {}

    def obtain(self, fact: str, n: int, depth: int) -> None:
        """Append the skills that lead to one run of the fact's skill."""
        if self.have.get(fact, 0) >= n:
            return
        if fact not in self.producer or depth > 60 or len(self.plan) >= MAX_SKILLS:
            self.lacking[fact] = max(self.lacking.get(fact, 0), n)
            return
        skill = self.skills[self.producer[fact]]
        for need, count, consumed in self._ordered_needs(skill):
            self._satisfy(need, count, consumed, depth)
            if self.lacking:
                return
        self.plan.append(skill.name)

    def _ordered_needs(self, skill: Skill) -> list[tuple[str, int, bool]]:
        needs = [(fact, n, True) for fact, n in skill.consumes.items()]
        needs += [(fact, n, False) for fact, n in skill.requires.items()]
        return sorted(needs, key=lambda need: need[0].endswith(NEARBY))

    def _satisfy(self, fact: str, n: int, consumed: bool, depth: int) -> None:
        """Have n of a fact at hand, taking them away if they are consumed."""
        while self.have.get(fact, 0) < n and not self.lacking:
            self.obtain(fact, n, depth + 1)
            self.gain(fact)
        if consumed and not self.lacking:
            self.have[fact] = self.have.get(fact, 0) - n

    def gain(self, fact: str) -> None:
        """What the run of the fact's skill gives; a find loses what was nearby."""
        if self.lacking:
            return
        skill = self.skills[self.producer[fact]]
        if skill.kind == "find":
            self.have = {name: n for name, n in self.have.items() if not name.endswith(NEARBY)}
        for name, n in skill.obtains.items():
            self.have[name] = 1 if name.endswith(NEARBY) else self.have.get(name, 0) + n
