"""Cost-aware search over a skill library: the fewest expected game ticks, exact in quantities and lost nearby facts.

Producers are chosen per fact, quantities regressed from the goal (`planner.demand`) and ordered (`planner.schedule`);
the choice is then improved by trying other producers while that makes the plan cheaper. Every plan that is returned
was replayed through `planner.effects`; otherwise the answer names the facts that are missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from math import inf

from planner import effects
from planner.cost import Costs
from planner.demand import Choice, choose, demand
from planner.schedule import Scheduler
from skills.schema import NEARBY, Skill

MAX_PLACED = 24  # stations of all kinds in one plan
PASSES = 3  # over all facts with more than one producer


@dataclass(frozen=True)
class Found:
    """A plan with its expected ticks; without one, `cost` is inf and `lacking` names facts that cannot be had."""

    plan: list[str] = field(default_factory=list)
    cost: float = inf
    lacking: dict[str, int] = field(default_factory=dict)

    @property
    def reached(self) -> bool:
        """Whether the plan reaches the goal."""
        return self.cost < inf


def holds(goal: Mapping[str, int], facts: Mapping[str, int]) -> bool:
    """Whether one goal alternative holds: at least n of each fact, none of those with 0."""
    return all(facts.get(f, 0) >= n if n > 0 else facts.get(f, 0) == 0 for f, n in goal.items())


def replay(
    skills: Mapping[str, Skill], plan: Sequence[str], facts: Mapping[str, int], wear: bool = True
) -> dict[str, int] | None:
    """`planner.effects.replay` of a plan of names."""
    return effects.replay((skills[name] for name in plan), facts, wear)


class Search:
    """Plans over one library. `reference(goal, facts)` may give a rival plan, taken where it is cheaper."""

    def __init__(
        self,
        skills: Mapping[str, Skill],
        costs: Costs | None = None,
        reference: Callable[[Mapping[str, int], Mapping[str, int]], Sequence[str] | None] | None = None,
    ):
        self.skills, self.costs, self.reference = skills, costs or Costs(skills), reference
        self.producers: dict[str, list[Skill]] = {}
        for skill in sorted(skills.values(), key=lambda s: self.costs[s.name]):
            for fact in skill.obtains:
                self.producers.setdefault(fact, []).append(skill)
        near = {fact: makers for fact, makers in self.producers.items() if fact.endswith(NEARBY)}
        self.finders = {fact: makers[0] for fact, makers in near.items() if makers[0].loses_nearby}
        self.placers = {fact: makers[0] for fact, makers in near.items() if not makers[0].loses_nearby}
        self.scheduler = Scheduler(skills, self.finders, self.placers)
        self.wear = True  # whether plans count that tools wear out

    def plan(self, goal: Mapping[str, int], facts: Mapping[str, int]) -> Found:
        """The cheapest plan found from `facts` to one goal alternative; where tools would wear out on every way, one that
        leaves that aside: it is planned anew before it comes to that."""
        found = self._plan(goal, facts)
        if not found.reached and any(skill.lasts for skill in self.skills.values()):
            aside = copy(self)
            aside.wear = False
            found = aside._plan(goal, facts)
        return found

    def _plan(self, goal: Mapping[str, int], facts: Mapping[str, int]) -> Found:
        if holds(goal, facts):
            return Found([], 0.0)
        best = self._improve(goal, facts)
        rival = self._checked(goal, facts, list(self.reference(goal, facts) or ())) if self.reference else None
        if rival is not None and rival.cost < best.cost:
            return rival
        if not best.reached and not best.lacking:
            return Found(lacking={f: n for f, n in goal.items() if facts.get(f, 0) < n or n == 0})
        return best

    def cheapest(self, goals: Sequence[Mapping[str, int]], facts: Mapping[str, int]) -> Found:
        """The cheapest plan over all goal alternatives."""
        return min((self.plan(goal, facts) for goal in goals), key=lambda found: found.cost)

    # -- improving the choice of producers ---------------------------------------------------------------------------

    def _improve(self, goal: Mapping[str, int], facts: Mapping[str, int]) -> Found:
        starts = [choose(self.producers, self.costs, facts, stock) for stock in (True, False, None)]
        tried = [(self._with(choice, goal, facts), choice) for choice, _ in starts]
        best, choice = min(tried, key=lambda pair: _rank(pair[0]))
        reachable = {**starts[0][1], **starts[1][1]}
        for _ in range(PASSES):
            before = _rank(best)
            for fact in self._open(goal, choice):
                for option in self._options(fact, choice[fact], reachable, facts):
                    other = {**choice, fact: option}
                    found = self._with(other, goal, facts)
                    if _rank(found) < _rank(best):
                        best, choice = found, other
            if _rank(best) >= before:
                break
        return best

    def _open(self, goal: Mapping[str, int], choice: Choice) -> list[str]:
        """Facts under `goal` that have more than one producer."""
        seen: dict[str, None] = {}
        todo = [*goal]
        while todo:
            fact = todo.pop()
            if fact not in seen:
                seen[fact] = None
                todo += [need for skill in choice.get(fact, ()) for need in skill.facts - set(skill.obtains)]
        return [f for f in seen if f in choice and len(self.producers[f]) > 1 and not f.endswith(NEARBY)]

    def _options(
        self, fact: str, now: tuple[Skill, ...], reachable: Mapping[str, float], facts: Mapping[str, int]
    ) -> list[tuple[Skill, ...]]:
        """Other producers of `fact`, and crafts that use up stock before the present one makes the rest."""
        others = [
            skill
            for skill in self.producers[fact]
            if skill not in now and all(f in reachable or facts.get(f, 0) for f in skill.facts)
        ]
        stocked = [s for s in others if s.kind == "craft" and all(facts.get(f, 0) >= n for f, n in s.consumes.items())]
        return [*((skill,) for skill in others), *((skill, now[-1]) for skill in stocked)]

    # -- one choice of producers -------------------------------------------------------------------------------------

    def _with(self, choice: Choice, goal: Mapping[str, int], facts: Mapping[str, int]) -> Found:
        """The plan of one choice, with as many stations as its order turns out to need."""
        found = self._ordered(choice, goal, facts, False)
        if len({name for name in found.plan if name in self.scheduler.places}) > 1:
            other = self._ordered(choice, goal, facts, True)
            return other if _rank(other) < _rank(found) else found
        return found

    def _ordered(self, choice: Choice, goal: Mapping[str, int], facts: Mapping[str, int], last_first: bool) -> Found:
        choice = {**choice, **{fact: (skill,) for fact, skill in self.placers.items()}}
        placed: Counter[str] = Counter()
        while placed.total() <= MAX_PLACED:
            runs, lacking = demand(goal, placed, choice, facts, self.wear)
            if lacking:
                return Found(lacking=lacking)
            schedule = self.scheduler.run(runs, goal, facts, last_first)
            if schedule.station is None:
                return self.trimmed(schedule.plan, goal, facts)
            if not schedule.station:
                return Found(lacking=schedule.lacking)
            placed[schedule.station] += 1
        return Found(lacking=dict.fromkeys(placed, 1))

    def _checked(self, goal: Mapping[str, int], facts: Mapping[str, int], plan: list[str]) -> Found | None:
        end = replay(self.skills, plan, facts, self.wear)
        return Found(plan, self.costs.total(plan)) if end is not None and holds(goal, end) else None

    def trimmed(self, plan: list[str], goal: Mapping[str, int], facts: Mapping[str, int]) -> Found:
        """`plan` without what it does not need, and whether it reaches the goal."""
        return self._checked(goal, facts, self._drop(plan, goal, facts)) or Found()

    def _drop(self, plan: list[str], goal: Mapping[str, int], facts: Mapping[str, int]) -> list[str]:
        """`plan` without skills whose yield is left over whole in the end."""
        end = replay(self.skills, plan, facts, self.wear)
        for name in dict.fromkeys(reversed(plan)):
            while end is not None and name in plan and self._spare(name, goal, end):
                shorter = self._without(plan, name, goal, facts)
                if shorter is None:
                    break
                plan, end = shorter, replay(self.skills, shorter, facts, self.wear)
        return plan

    def _spare(self, name: str, goal: Mapping[str, int], end: Mapping[str, int]) -> bool:
        gains = self.skills[name].obtains.items()
        return all(not f.endswith(NEARBY) and end.get(f, 0) - n >= goal.get(f, 0) for f, n in gains)

    def _without(
        self, plan: list[str], name: str, goal: Mapping[str, int], facts: Mapping[str, int]
    ) -> list[str] | None:
        """`plan` without the last run of `name`, and the find before it where that served only this run."""
        at = len(plan) - 1 - plan[::-1].index(name)
        for first in (at - 1, at):
            if first < at and (first < 0 or self.skills[plan[first]].kind != "find"):
                continue
            shorter = plan[:first] + plan[at + 1 :]
            after = replay(self.skills, shorter, facts, self.wear)
            if after is not None and holds(goal, after):
                return shorter
        return None


def _rank(found: Found) -> tuple[int, float]:
    """Order of preference: reached and cheap, then little missing, then stuck for no reason that can be named."""
    return (0 if found.reached else sum(found.lacking.values()) or 10**9, found.cost)
