"""Planner "hybrid": the cost-aware search of `planner.search`, asked anew at every decision.

Plans are remembered by facts and goal. A skill that failed repeatedly becomes dearer, so that another way is taken.
An entry of `history` that ends in "!" (see `FAILED`) is a run that failed; any other one succeeded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from planner.cost import Costs
from planner.effects import apply, missing
from planner.plan4mc import Plan4MC
from planner.search import Found, Search, replay
from planner.search import holds as holds_one
from planner.types import FAILED, Candidate, Decision, Facts, Goal, holds
from planner.upkeep import FOOD, Keeper
from skills.library import SkillLibrary
from skills.schema import NEARBY

PATIENCE = 2  # failures in a row before a skill becomes dearer
DEARER = 3.0  # per failure from then on
MOST_FAILURES = 6  # that are counted
MEMORY = 50_000  # plans remembered
MOST_CANDIDATES = 6
HOPELESS = 0.05  # least P(success) that a score counts with
DEAREST_MEAL, DEAREST_WEAPON = 4000.0, 1500.0  # expected ticks that something to eat, or to fight with, may cost
DEAREST_PREPARATION = 4000.0  # and each thing that is got before the night

Factors = tuple[tuple[str, float], ...]
Key = tuple[Factors, tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]


class Hybrid:
    """Search for the cheapest plan; with `uses_affordance`, candidates are weighed by the success heads."""

    name = "hybrid"

    def __init__(self, library: SkillLibrary, *, uses_affordance: bool = True):
        self.library, self.skills, self.uses_affordance = library, library.skills, uses_affordance
        self.index = {name: k for k, name in enumerate(self.skills)}
        self.baseline = Plan4MC(library)
        self.keeper = Keeper(library)
        self._searches = lru_cache(maxsize=256)(self._search)
        self._memory: dict[Key, Found] = {}
        self._rated: dict[tuple[Key, tuple[str, ...]], dict[str, float]] = {}

    def decide(self, goals: Sequence[Goal], facts: Sequence[Facts], history: Sequence[Sequence[str]],
               affordance: np.ndarray | None = None, commands: Sequence[str] | None = None) -> list[Decision]:  # fmt: skip
        """The first skill of each environment's cheapest plan, with its rivals."""
        chances = [None] * len(goals) if affordance is None or not self.uses_affordance else affordance
        return [self._one(*case) for case in zip(goals, facts, history, chances, strict=True)]

    def plan(self, goal: Goal, facts: Facts, failures: Factors = ()) -> tuple[Mapping[str, int], Found]:
        """The cheapest alternative of `goal` and its plan."""
        known = {fact: n for fact, n in facts.items() if fact in self.library.facts or any(fact in o for o in goal)}
        found = [(option, self._remembered(option, known, failures)) for option in goal]
        return min(found, key=lambda pair: pair[1].cost)

    def _one(self, goal: Goal, facts: Facts, past: Sequence[str], chance: np.ndarray | None) -> Decision:
        decision = self._next(goal, facts, past, chance)
        climb = self.keeper.climb(decision.skill, facts, past) if decision.skill else None
        if climb is None:
            return decision
        return replace(decision, skill=climb, plan=[climb, *decision.plan], reason="climbs out of the ground first")

    def _next(self, goal: Goal, facts: Facts, past: Sequence[str], chance: np.ndarray | None) -> Decision:
        if holds(goal, facts):
            return Decision(None, "done", reason="the goal holds")
        failures = dearer(past)
        option, found = self.plan(goal, facts, failures)
        due = self._due(option, found, facts, past, failures)
        if due is not None:
            return due
        if not found.reached:
            needs = ", ".join(f"{n} {fact}" for fact, n in found.lacking.items())
            return Decision(None, "impossible", reason=f"nothing obtains {needs}" if needs else "no plan")
        candidates = self._candidates(option, facts, found, failures, chance)
        fresh = [c for c in candidates if not (past and c.skill == past[-1] and self._is_spent(c.skill, facts))]
        best = max(fresh or candidates, key=lambda candidate: candidate.score)
        plan = found.plan
        if best.skill != plan[0]:
            plan = [best.skill, *self._rest(best.skill, option, facts, failures)]
        return Decision(best.skill, "act", candidates, plan)

    def _due(
        self, option: Mapping[str, int], found: Found, facts: Facts, past: Sequence[str], failures: Factors
    ) -> Decision | None:
        """What has to be done before the task goes on: a foe that is near, no weapon, or hunger; see `planner.upkeep`."""
        foe = self.keeper.foe(facts, past)
        aim = self.skills[found.plan[0]].target if found.plan else None
        fight = self.keeper.fight(foe, facts) if foe is not None and foe != aim else None
        if fight is not None:
            return Decision(fight, "act", plan=[fight, *found.plan], reason="defends itself")
        shelter = self.keeper.shelters(facts, past)
        if shelter is not None:
            return Decision(shelter, "act", plan=[shelter, *found.plan], reason="rests")
        eats = self.keeper.is_peckish(facts) or self.keeper.is_hungry(facts)
        spare = self.keeper.spare(facts, option, found.plan)
        _, meal = self.plan([{FOOD: facts.get(FOOD, 0) + 1}], spare, failures) if eats else (option, Found())
        if len(meal.plan) == 1:
            return Decision(meal.plan[0], "act", plan=[*meal.plan, *found.plan], reason="is hungry")
        refuge = self.keeper.hides(found.plan, found.cost, facts, past)
        if refuge is not None:
            reason = "sits the night out" if refuge == self.keeper.refuge else "works underground while it is night"
            return Decision(refuge, "act", plan=[refuge, *found.plan], reason=reason)
        weapons = self.keeper.arms(facts)
        if weapons and foe is None:
            _, arming = self.plan([{weapon: 1} for weapon in weapons], facts, failures)
            if arming.plan and arming.cost <= min(DEAREST_WEAPON, found.cost):
                return Decision(arming.plan[0], "act", plan=[*arming.plan, *found.plan], reason="arms itself")
        if self.keeper.is_hungry(facts) and meal.plan and meal.cost <= DEAREST_MEAL:
            return Decision(meal.plan[0], "act", plan=[*meal.plan, *found.plan], reason="is hungry")
        return self._ready(option, found, facts, failures)

    def _ready(self, option: Mapping[str, int], found: Found, facts: Facts, failures: Factors) -> Decision | None:
        """What to do in place of waiting for the night, which is when foes come."""
        if not found.plan or self.skills[found.plan[0]].kind != "wait" or "health" not in facts:
            return None
        spare = self.keeper.spare(facts, option, found.plan)
        for goal in self.keeper.prepares(facts):
            _, made = self.plan(goal, spare if FOOD in goal[0] else facts, failures)
            if made.plan and made.cost <= DEAREST_PREPARATION:
                return Decision(made.plan[0], "act", plan=[*made.plan, *found.plan], reason="gets ready for the night")
        return None

    def _is_spent(self, name: str, facts: Facts) -> bool:
        """Whether a skill finds only what is nearby already: run again at once, it would go on for ever."""
        return all(fact.endswith(NEARBY) and facts.get(fact, 0) >= n for fact, n in self.skills[name].obtains.items())

    # -- plans -------------------------------------------------------------------------------------------------------

    def _search(self, failures: Factors) -> Search:
        return Search(
            self.skills, Costs(self.skills, dict(failures)), lambda goal, facts: self.baseline.plan([goal], facts)[0]
        )

    def _remembered(self, option: Mapping[str, int], facts: Facts, failures: Factors) -> Found:
        key = _key(option, facts, failures)
        if key not in self._memory:
            if len(self._memory) >= MEMORY:
                self._memory.clear()
            self._memory[key] = self._searches(failures).plan(option, facts)
        found = self._memory[key]
        if found.reached and len(found.plan) > 1:  # so that the next decision follows the same plan
            costs = self._searches(failures).costs
            rest = Found(found.plan[1:], found.cost - costs[found.plan[0]])
            self._memory.setdefault(_key(option, apply(self.skills[found.plan[0]], facts), failures), rest)
        return found

    def _rest(self, skill: str, option: Mapping[str, int], facts: Facts, failures: Factors) -> list[str]:
        after = apply(self.skills[skill], facts)
        return [] if holds_one(option, after) else self.plan([option], after, failures)[1].plan

    # -- candidates --------------------------------------------------------------------------------------------------

    def _candidates(
        self, option: Mapping[str, int], facts: Facts, found: Found, failures: Factors, chance: np.ndarray | None
    ) -> list[Candidate]:
        """The plan's first skill and others that can run now; score = cheapest total over this total, times `can`."""
        made = []
        for name, total in self._totals(option, facts, found, failures).items():
            if total < float("inf"):
                say = min(max(found.cost, 1.0) / max(total, 1.0), 1.0 if name == found.plan[0] else 0.999)
                can = self._can(name, chance)
                weight = 1.0 if can is None or chance is None else max(can, HOPELESS)
                made.append(Candidate(name, say, can, say * weight))
        return made

    def _totals(self, option: Mapping[str, int], facts: Facts, found: Found, failures: Factors) -> Mapping[str, float]:
        """Expected ticks by the skill that comes first; the same facts come up in many episodes and are worked out once."""
        known = {fact: n for fact, n in facts.items() if fact in self.library.facts}
        key = (_key(option, known, failures), tuple(found.plan))
        if key not in self._rated:
            if len(self._rated) >= MEMORY:
                self._rated.clear()
            search = self._searches(failures)
            totals = {found.plan[0]: found.cost}
            for start in self._rivals(found.plan, known, search):
                if start[0] not in totals and len(totals) < MOST_CANDIDATES:
                    totals[start[0]] = self._total(start, option, known, found, search)
            self._rated[key] = totals
        return self._rated[key]

    def _rivals(self, plan: Sequence[str], facts: Facts, search: Search) -> Iterable[list[str]]:
        """Other ways to the facts that the plan's beginning obtains, with the find they need, then its own later skills."""
        wanted = [fact for name in plan[:2] for fact in self.skills[name].obtains]
        names = [skill.name for fact in wanted for skill in search.producers[fact]]
        # nobody waits, or looks for what it cannot use yet, before it has to
        names += [name for name in plan if self.skills[name].kind not in ("wait", "find")]
        for name in dict.fromkeys(names):
            lacking = [*missing(self.skills[name], facts)]
            if not lacking:
                yield [name]
            elif len(lacking) == 1 and lacking[0] in search.finders:
                yield [search.finders[lacking[0]].name, name]

    def _total(self, start: list[str], option: Mapping[str, int], facts: Facts, found: Found, search: Search) -> float:
        """Expected ticks of the plan with `start` run first: moved there, or put before the plan, which is then trimmed."""
        moved = list(found.plan)
        if all(name in moved for name in start):
            for name in start:
                moved.remove(name)
            end = replay(self.skills, [*start, *moved], facts)
            if end is not None and holds_one(option, end):
                return found.cost
        return search.trimmed([*start, *found.plan], option, facts).cost

    def _can(self, name: str, chance: np.ndarray | None) -> float | None:
        if chance is not None and not np.isnan(chance[self.index[name]]):
            return float(chance[self.index[name]])
        return self.skills[name].success


def dearer(past: Sequence[str]) -> Factors:
    """Cost factors of the skills that failed at least `PATIENCE` times since they last succeeded."""
    failed: dict[str, int] = {}
    for entry in past:
        name = entry.removesuffix(FAILED)
        failed[name] = failed.get(name, 0) + 1 if entry.endswith(FAILED) else 0
    return tuple(
        (name, DEARER ** (min(n, MOST_FAILURES) - PATIENCE + 1)) for name, n in sorted(failed.items()) if n >= PATIENCE
    )


def _key(option: Mapping[str, int], facts: Facts, failures: Factors) -> Key:
    return failures, tuple(sorted(option.items())), tuple(sorted(facts.items()))
