"""What a skill does to facts, as its entry declares it: the one place where this is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from skills.schema import NEARBY, Skill

Facts = dict[str, int]


def missing(skill: Skill, facts: Mapping[str, int]) -> Facts:
    """What the skill needs and the facts lack, by count; empty = it can run."""
    needs = dict(skill.requires)
    for fact, n in skill.consumes.items():
        needs[fact] = max(needs.get(fact, 0), n)
    if skill.equips:
        needs[skill.equips] = max(needs.get(skill.equips, 0), 1)
    return {fact: n - facts.get(fact, 0) for fact, n in needs.items() if facts.get(fact, 0) < n}


def apply(skill: Skill, facts: Mapping[str, int]) -> Facts:
    """Facts after the skill succeeded. A nearby fact holds or not (1 or absent); skills that move lose them all."""
    after = {fact: n for fact, n in facts.items() if not skill.forgets(fact)}
    for fact, n in skill.consumes.items():
        after[fact] = after.get(fact, 0) - n
    for fact, n in skill.obtains.items():
        after[fact] = 1 if fact.endswith(NEARBY) else after.get(fact, 0) + n
    return {fact: n for fact, n in after.items() if n > 0}


def replay(plan: Iterable[Skill], facts: Mapping[str, int]) -> Facts | None:
    """Facts after a whole plan, or None where one of its skills could not run."""
    now = dict(facts)
    for skill in plan:
        if missing(skill, now):
            return None
        now = apply(skill, now)
    return now
