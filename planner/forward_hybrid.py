"""Planner "hybrid" for worlds in which things are moved about: graph, language and affordance together.

The goal's alternatives are planned for; candidates are the first skills of the cheapest plans (and other skills that do
the same), and score = log p_LLM(text) + log affordance + log of the search's progress. "done" is said when the goal holds
and never before. Only skills that lower the cheapest plan's cost are candidates, so the planner cannot go in circles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, inf, log

import numpy as np

from planner.effects import apply, missing
from planner.forward import ForwardSearch
from planner.hybrid import dearer
from planner.language import LanguageModel, Prompt
from planner.saycan import told
from planner.types import Candidate, Decision, Facts, Goal, holds
from skills.library import SkillLibrary

WEIGHTS = {"say": 1.0, "can": 1.0, "progress": 2.0}  # of the terms of a score
LEAST = 1e-3
MOST_OPTIONS = 24  # alternatives of a goal that are planned for
MEMORY = 50_000

Plan = tuple[str, ...]


class ForwardHybrid:
    """Search over goal alternatives, weighed by language and affordance; see the module."""

    name, uses_goals = "hybrid", True

    def __init__(self, library: SkillLibrary, model: LanguageModel | None, *, uses_affordance: bool = True):
        self.library, self.skills, self.model, self.uses_affordance = library, library.skills, model, uses_affordance
        self.index = {name: k for k, name in enumerate(self.skills)}
        self.same: dict[tuple[tuple[str, int], ...], list[str]] = {}
        for skill in self.skills.values():
            if skill.loses:
                self.same.setdefault(_arrival(skill.obtains), []).append(skill.name)
        self._memory: dict[tuple[frozenset[tuple[str, int]], tuple[tuple[str, int], ...]], Plan | None] = {}

    def decide(self, goals: Sequence[Goal], facts: Sequence[Facts], history: Sequence[Sequence[str]],
               affordance: np.ndarray | None = None, commands: Sequence[str] | None = None) -> list[Decision]:  # fmt: skip
        """The best candidate for every environment; all of them are scored by the language model in one call."""
        options = [self._options(goal, now, past) for goal, now, past in zip(goals, facts, history, strict=True)]
        texts = sorted({self.skills[name].text for found in options for name in found})
        say = self._say(commands, facts, history, texts) if texts else None
        column = {text: k for k, text in enumerate(texts)}
        made = []
        for k, (goal, now, found) in enumerate(zip(goals, facts, options, strict=True)):
            chance = affordance[k] if affordance is not None and self.uses_affordance else None
            made.append(self._one(goal, now, found, None if say is None else say[k], column, chance))
        return made

    def _say(self, commands: Sequence[str] | None, facts: Sequence[Facts], history: Sequence[Sequence[str]],
             texts: Sequence[str]) -> np.ndarray | None:  # fmt: skip
        if self.model is None or commands is None:
            return None
        prompts = [Prompt(c, f, told(past, self.library)) for c, f, past in zip(commands, facts, history, strict=True)]
        return self.model.score(prompts, texts).log_probs

    def _one(self, goal: Goal, facts: Facts, found: Mapping[str, Plan], say: np.ndarray | None, column: Mapping[str, int],
             chance: np.ndarray | None) -> Decision:  # fmt: skip
        if holds(goal, facts):
            return Decision(None, "done", reason="the goal holds")
        if not found:
            return Decision(None, "impossible", reason="no skills lead to the goal from here")
        shown = [column[self.skills[name].text] for name in found]
        total = None if say is None else float(np.logaddexp.reduce(say[sorted(set(shown))]))
        cheapest = min(len(plan) for plan in found.values())
        candidates = []
        for name, plan in found.items():
            p = None if say is None or total is None else exp(float(say[column[self.skills[name].text]]) - total)
            can = self._can(name, chance)
            terms = {"say": log(max(p, LEAST)) if p is not None else 0.0, "can": log(max(can, LEAST)),
                     "progress": float(cheapest - len(plan))}  # fmt: skip
            candidates.append(Candidate(name, p, can, sum(WEIGHTS[term] * value for term, value in terms.items())))
        candidates.sort(key=lambda candidate: -candidate.score)
        return Decision(candidates[0].skill, "act", candidates, list(found[candidates[0].skill]))

    def _can(self, name: str, chance: np.ndarray | None) -> float:
        if chance is not None and not np.isnan(chance[self.index[name]]):
            return float(chance[self.index[name]])
        success = self.skills[name].success
        return 1.0 if success is None else success

    # -- plans -------------------------------------------------------------------------------------------------------

    def _options(self, goal: Goal, facts: Facts, past: Sequence[str]) -> dict[str, Plan]:
        """First skill -> plan, of the cheapest plans over the goal's alternatives."""
        if holds(goal, facts):
            return {}
        costs = dict(dearer(past))
        search = ForwardSearch(self.skills, costs)
        plans = [plan for option in list(goal)[:MOST_OPTIONS] if (plan := self._plan(search, option, facts))]
        price = {plan: sum(costs.get(name, 1.0) for name in plan) for plan in plans}
        least = min(price.values(), default=inf)
        found: dict[str, Plan] = {}
        for plan in plans:
            if price[plan] <= least:
                for name in self._alike(plan, facts):
                    found.setdefault(name, (name, *plan[1:]))
        return found

    def _alike(self, plan: Plan, facts: Facts) -> list[str]:
        """The plan's first skill, and the skills that arrive at the same place because what comes next lies there."""
        first = self.skills[plan[0]]
        if not first.loses or len(plan) < 2 or not _arrival(first.obtains):
            return [plan[0]]
        target = self.skills[plan[1]].target
        finders = [name for name in self.same.get(_arrival(first.obtains), ()) if self.skills[name].kind == "find"]
        return [
            plan[0],
            *(n for n in finders if self.skills[n].target == target and not missing(self.skills[n], facts)),
        ]

    def _plan(self, search: ForwardSearch, option: Facts, facts: Facts) -> Plan | None:
        """A plan, or what is left of one made before: following a plan always brings its end nearer."""
        visits = any(name.startswith("visited_") for name in option)
        wanted = tuple(sorted(option.items()))
        key = (_state(facts, visits), wanted)
        if search.costs or key not in self._memory:
            made = search.plan(option, facts)
            plan = tuple(made) if made is not None else None
            if search.costs:
                return plan
            if len(self._memory) > MEMORY:
                self._memory.clear()
            self._memory[key] = plan
            now, left = facts, plan or ()
            while left:
                now, left = apply(self.skills[left[0]], now), left[1:]
                self._memory.setdefault((_state(now, visits), wanted), left)
        return self._memory[key]


def _state(facts: Facts, visits: bool) -> frozenset[tuple[str, int]]:
    return frozenset((name, n) for name, n in facts.items() if visits or not name.startswith("visited_"))


def _arrival(obtains: Facts) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((name, n) for name, n in obtains.items() if name.startswith("robot_at_")))
