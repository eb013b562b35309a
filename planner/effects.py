"""What a skill does to facts, as its entry declares it: the one place where this is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from skills.schema import NEARBY, Skill

Facts = dict[str, int]


def missing(skill: Skill, facts: Mapping[str, int]) -> Facts:
    """What the skill needs and the facts lack, by count; empty = it can run."""
    lacking: Facts = {}
    for needs in (skill.requires, skill.consumes):
        for fact, n in needs.items():
            short = n - facts.get(fact, 0)
            if short > lacking.get(fact, 0):
                lacking[fact] = short
    if skill.equips and skill.equips not in lacking and facts.get(skill.equips, 0) < 1:
        lacking[skill.equips] = 1
    return lacking


def apply(skill: Skill, facts: Mapping[str, int]) -> Facts:
    """Facts after the skill succeeded. A nearby fact holds or not (1 or absent); skills that move lose them all."""
    if skill.loses_nearby or skill.loses:
        after = {fact: n for fact, n in facts.items() if not skill.forgets(fact)}
    else:
        after = dict(facts)
    for fact, n in skill.consumes.items():
        left = after.get(fact, 0) - n
        if left > 0:
            after[fact] = left
        else:
            after.pop(fact, None)
    for fact, n in skill.obtains.items():
        after[fact] = 1 if fact.endswith(NEARBY) else after.get(fact, 0) + n
    return after


def replay(plan: Iterable[Skill], facts: Mapping[str, int], wear: bool = True) -> Facts | None:
    """Facts after a whole plan, or None where one of its skills could not run. With `wear`, tools wear out, one after the
    other."""
    now = dict(facts)
    worn: dict[str, float] = {}
    for skill in plan:
        if missing(skill, now):
            return None
        now = apply(skill, now)
        if wear and skill.lasts and skill.equips:
            worn[skill.equips] = worn.get(skill.equips, 0.0) + 1.0 / skill.lasts
            if worn[skill.equips] > 1.0 + 1e-9:
                worn[skill.equips] -= 1.0
                now[skill.equips] -= 1
    return now
