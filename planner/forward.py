"""Forward search over facts, for libraries whose skills move things about: one fact of the goal after the other, each by A*.

Facts are reached in the order in which the goal names them (where the robot is and what it holds last), so the plan keeps
the order of a command. Only skills that can matter are tried: those that obtain what is asked for, what these need, and
so on. The estimate is h_add of Bonet and Geffner (2001); skills cost one each, or more where they failed before.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from math import inf

from planner.effects import apply, missing
from planner.types import Facts
from skills.schema import Skill

MOST = 3000  # states looked at for one fact
LAST = ("drawer_", "holding_", "hand_empty", "robot_at_")  # facts that others change on the way, reached in this order
ROBOT, AT = "robot_at_", "_at_"


def holds_one(option: Facts, facts: Facts) -> bool:
    """Whether one alternative of a goal holds."""
    return all(_met(option, name, facts) for name in option)


def _met(option: Facts, name: str, facts: Facts) -> bool:
    return facts.get(name, 0) >= option[name] if option[name] > 0 else facts.get(name, 0) == 0


class ForwardSearch:
    """Plans over one library; `costs` are per skill (1 where none is given)."""

    def __init__(self, skills: Mapping[str, Skill], costs: Mapping[str, float] | None = None):
        self.skills, self.costs = skills, dict(costs or {})
        self.makers: dict[str, list[Skill]] = {}
        self.users: dict[str, list[Skill]] = {}
        for skill in skills.values():
            for name in skill.obtains:
                self.makers.setdefault(name, []).append(skill)
            for name in skill.consumes:
                self.users.setdefault(name, []).append(skill)

    def plan(self, option: Facts, facts: Facts) -> list[str] | None:
        """Skills that lead from `facts` to one alternative of a goal, or None where none were found."""
        now, path = dict(facts), list[str]()
        order = sorted(
            option, key=lambda name: max((k + 1 for k, start in enumerate(LAST) if name.startswith(start)), default=0)
        )
        for _ in range(4 * sum(max(n, 1) for n in option.values()) + 40):
            unmet = [name for name in order if not _met(option, name, now)]
            if not unmet:
                return path
            step = self._reach(unmet[0], option, now)
            if step is None:
                return None
            for name in step:
                now = apply(self.skills[name], now)
            path += step
        return None

    def _reach(self, name: str, option: Facts, facts: Facts) -> list[str] | None:
        """Skills that bring one more of a fact, or one less where none is wanted, and undo nothing that was reached."""
        have, more = facts.get(name, 0), option[name] > 0
        kept = [other for other in option if _met(option, other, facts) and not other.startswith(LAST)]

        def reached(now: Facts) -> bool:
            right = now.get(name, 0) > have if more else now.get(name, 0) < have
            return right and all(_met(option, other, now) for other in kept)

        relevant = self.relevant(name, more, facts)
        goal = relevant if more else [skill for skill in relevant if name in skill.consumes]
        wanted = [skill for skill in goal if name in (skill.obtains if more else skill.consumes)]
        return self._search(facts, reached, relevant, wanted, name.startswith("visited_"))

    def _search(self, facts: Facts, reached: Callable[[Facts], bool], relevant: Sequence[Skill], wanted: Sequence[Skill],
                visits: bool) -> list[str] | None:  # fmt: skip
        ticket, start = count(), dict(facts)
        queue: list[tuple[float, int, float, dict[str, int], tuple[str, ...]]] = [(0.0, next(ticket), 0.0, start, ())]
        best = {_key(start, visits): 0.0}
        for _ in range(MOST):
            if not queue:
                return None
            _, _, spent, now, path = heapq.heappop(queue)
            if path and reached(now):
                return list(path)
            for skill in relevant:
                if not missing(skill, now):
                    after, cost = apply(skill, now), spent + self.costs.get(skill.name, 1.0)
                    key = _key(after, visits)
                    if cost < best.get(key, inf):
                        best[key] = cost
                        left = 0.0 if reached(after) else self.estimate(after, relevant, wanted)
                        if left < inf:
                            heapq.heappush(queue, (cost + left, next(ticket), cost, after, (*path, skill.name)))
        return None

    def relevant(self, name: str, more: bool, facts: Facts) -> list[Skill]:
        """Skills that may serve to get one more (or one less) of a fact.

        Things that lie somewhere are only taken from where they lie, never moved there first.
        """
        first = self.makers if more else self.users
        chosen = {skill.name: skill for skill in first.get(name, ()) if not more or self._can_serve(skill, facts)}
        todo = [need for skill in chosen.values() for need in (*skill.requires, *skill.consumes)]
        held = [fact for fact, n in facts.items() if n > 0 and fact.startswith("holding_")]
        if not more:
            held += [made for skill in chosen.values() for made in skill.obtains if made.startswith("holding_")]
        for skill in (user for fact in held for user in self.users.get(fact, ())):  # ways to empty the hand
            chosen[skill.name] = skill
            todo += skill.requires
        seen: set[str] = set()
        while todo:
            fact = todo.pop()
            if fact in seen or fact == "hand_empty" or _lies(fact):
                continue
            seen.add(fact)
            for skill in self.makers.get(fact, ()):
                if skill.name not in chosen and self._can_serve(skill, facts):
                    chosen[skill.name] = skill
                    todo += [*skill.requires, *skill.consumes]
        return list(chosen.values())

    def _can_serve(self, skill: Skill, facts: Facts) -> bool:
        return all(facts.get(need, 0) > 0 for need in (*skill.consumes, *skill.requires) if _lies(need))

    def estimate(self, facts: Facts, relevant: Sequence[Skill], wanted: Sequence[Skill]) -> float:
        """Cost of the cheapest wanted skill with all it needs, if nothing were ever lost."""
        value = {name: 0.0 for name, n in facts.items() if n > 0}
        changed = True
        while changed:
            changed = False
            for skill in relevant:
                total = self._total(skill, value)
                for name in skill.obtains if total < inf else ():
                    if total < value.get(name, inf):
                        value[name], changed = total, True
        return min((self._total(skill, value) for skill in wanted), default=inf)

    def _total(self, skill: Skill, value: Mapping[str, float]) -> float:
        needed = sum(value.get(name, inf) for name in (*skill.requires, *skill.consumes))
        return self.costs.get(skill.name, 1.0) + needed


def _lies(fact: str) -> bool:
    """Whether the fact counts things that lie at a place."""
    return AT in fact and not fact.startswith(ROBOT)


def _key(facts: Facts, visits: bool) -> frozenset[tuple[str, int]]:
    return frozenset((name, n) for name, n in facts.items() if visits or not name.startswith("visited_"))
