"""How often each skill must run: quantities regressed from the goal over chosen producers, with yields and stock.

A `Choice` names the producers of a fact, in order: all but the last are used only as far as what lies in stock feeds
them; the last makes the rest. Facts NAME_nearby are no quantities: a find belongs to the skill that needs it, and how
often a station is placed is decided by `planner.schedule`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil, inf

from planner.cost import Costs
from skills.schema import NEARBY, Skill

Choice = dict[str, tuple[Skill, ...]]


def needs(skill: Skill) -> dict[str, int]:
    """What must be there before `skill`: the larger of consumed and required, and the item it equips."""
    found = dict(skill.consumes)
    for fact, n in skill.requires.items():
        found[fact] = max(found.get(fact, 0), n)
    if skill.equips:
        found[skill.equips] = max(found.get(skill.equips, 0), 1)
    return found


def tools(skill: Skill) -> dict[str, int]:
    """Items that must be there and are still there afterwards."""
    return {fact: n for fact, n in needs(skill).items() if fact not in skill.consumes and not fact.endswith(NEARBY)}


def values(
    producers: Mapping[str, Sequence[Skill]], costs: Costs, facts: Mapping[str, int], stock: bool | None
) -> dict[str, float]:
    """Rough expected ticks to obtain one of each fact (absent = unreachable); with `stock`, what one has is free.

    Without it, only what nothing produces is taken from stock for free; with None nothing is, as stock may run out.
    """
    free = {fact for fact, n in facts.items() if n > 0}
    if stock:
        return _relax({}, producers, costs, facts, free)
    h = _relax({}, producers, costs, facts, set())
    return h if stock is None else _relax(h, producers, costs, facts, free - set(h))


def _relax(
    h: dict[str, float],
    producers: Mapping[str, Sequence[Skill]],
    costs: Costs,
    facts: Mapping[str, int],
    free: set[str],
) -> dict[str, float]:
    """Lower the values until no producer is cheaper."""
    changed = True
    while changed:
        changed = False
        for fact, makers in producers.items():
            best = min(estimate(skill, fact, h, costs, facts, free) for skill in makers)
            if best < h.get(fact, inf) - 1e-9:
                h[fact], changed = best, True
    return h


def estimate(
    skill: Skill, fact: str, h: Mapping[str, float], costs: Costs, facts: Mapping[str, int], free: set[str]
) -> float:
    """Ticks for one `fact` through `skill`, `free` ones consumed at no cost; inf when something is out of reach."""
    used, held = costs[skill.name], 0.0
    for need, n in needs(skill).items():
        have = facts.get(need, 0)
        consumed = skill.consumes.get(need, 0)
        if consumed and not need.endswith(NEARBY):
            used += consumed * (0.0 if need in free else h.get(need, inf))
        elif have < n:
            held += h.get(need, inf)
    return used / skill.obtains[fact] + held


def choose(
    producers: Mapping[str, Sequence[Skill]], costs: Costs, facts: Mapping[str, int], stock: bool | None
) -> tuple[Choice, dict[str, float]]:
    """The cheapest producer of every reachable fact by `values`, and those values."""
    h = values(producers, costs, facts, stock)
    free = {fact for fact, n in facts.items() if n > 0 and stock is not None and (stock or fact not in h)}

    def cheapest(fact: str) -> Skill:
        return min(producers[fact], key=lambda skill: estimate(skill, fact, h, costs, facts, free))

    return {fact: (cheapest(fact),) for fact in h}, h


def demand(
    goal: Mapping[str, int], placed: Mapping[str, int], choice: Choice, facts: Mapping[str, int], wear: bool = True
) -> tuple[Counter[str], dict[str, int]]:
    """Runs of each skill (finds left out) for `goal` and stations `placed` so often, and what is missing for them.

    With `wear`, tools are made as often as the runs wear them out.
    """
    stations = {choice[fact][0].name: (choice[fact][0], n) for fact, n in placed.items() if n}
    order = _order([*goal, *(f for s, _ in stations.values() for f in needs(s))], choice, facts)
    runs: Counter[str] = Counter({name: n for name, (_, n) in stations.items()})
    used: Counter[str] = Counter()
    held = Counter({fact: n for fact, n in goal.items() if not fact.endswith(NEARBY)})
    worn: Counter[str] | None = Counter() if wear else None  # tools worn out, in parts of one
    for skill, n in stations.values():
        _charge(skill, n, used, held, worn)
    if order is None:
        return runs, {fact: n for fact, n in goal.items() if facts.get(fact, 0) < n} or {"cycle": 1}
    made: Counter[str] = Counter()
    for fact in order:
        want = used[fact] + held[fact] - facts.get(fact, 0)
        for position, skill in enumerate(choice.get(fact, ())):
            if want <= 0:
                break
            times = ceil(want / skill.obtains[fact])
            if position < len(choice[fact]) - 1:
                times = min([times, *((facts.get(f, 0) - used[f]) // n for f, n in skill.consumes.items())])
            if times > 0:
                runs[skill.name] += times
                want -= times * skill.obtains[fact]
                made[fact] += times * skill.obtains[fact]
                _charge(skill, times, used, held, worn)
    short = {fact: used[fact] + held[fact] - facts.get(fact, 0) - made[fact] for fact in order}
    return runs, {fact: n for fact, n in short.items() if n > 0}


def _charge(skill: Skill, times: int, used: Counter[str], held: Counter[str], worn: Counter[str] | None) -> None:
    for fact, n in skill.consumes.items():
        used[fact] += 0 if fact.endswith(NEARBY) else n * times
    for fact, n in tools(skill).items():
        held[fact] = max(held[fact], n)
    if worn is not None and skill.lasts and skill.equips:
        worn[skill.equips] += times / skill.lasts  # type: ignore[assignment]
        held[skill.equips] = max(held[skill.equips], ceil(worn[skill.equips]))


def _order(goals: Sequence[str], choice: Choice, facts: Mapping[str, int]) -> list[str] | None:
    """Facts that `goals` rest on, each before what it is made of; None for a circle of producers."""
    done: dict[str, bool] = {}
    order: list[str] = []

    def visit(fact: str) -> bool:
        if fact.endswith(NEARBY) or done.get(fact):
            return True
        if fact in done:
            return facts.get(fact, 0) > 0  # a circle that stock may break; `demand` counts whether it does
        done[fact] = False
        for skill in choice.get(fact, ()):
            below = [*skill.consumes, *(f for f, n in tools(skill).items() if facts.get(f, 0) < n)]
            if not all(visit(f) for f in below):
                return False
            if skill.lasts and skill.equips:  # one more may be wanted; where none can be made, what there is must do
                visit(skill.equips)
        done[fact] = True
        order.append(fact)
        return True

    return order[::-1] if all(visit(fact) for fact in goals) else None
