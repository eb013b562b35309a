"""What an agent sees to besides its task: it fights what comes near and hurts, arms itself at night, eats what it has, hunts
when it starves, and climbs out of the ground before it looks for what stands on it.

A need is a goal of its own, put before the task's: the same search finds the cheapest way to it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from planner.types import FAILED, Facts
from skills.deeds import KILLED
from skills.schema import NEARBY, SkillLibrary

FOOD = "food"
ABOVEGROUND = "aboveground"
UNDERGROUND = ("cobblestone", "gravel")  # what is found below as well
HURT, HEALS = 12, 18  # half hearts at which it is hurt; food from which health comes back
GIVES_UP = 2  # failures in a row after which a foe is left alone, and after which nobody climbs on


class Keeper:
    """Says what is due, from the facts alone."""

    def __init__(self, library: SkillLibrary):
        self.upkeep, self.skills = library.upkeep, library.skills
        obtained = {fact for skill in library.skills.values() for fact in skill.obtains}
        self.foes = [mob for mob in library.upkeep.foes if KILLED + mob in obtained]
        fights = [s for s in library.skills.values() if any(KILLED + mob in s.obtains for mob in self.foes)]
        self.climber = next((s.name for s in library.skills.values() if ABOVEGROUND in s.obtains), None)
        self.weapons = sorted({skill.equips for skill in fights if skill.equips})

    def foe(self, facts: Facts, past: Sequence[str]) -> str | None:
        """A foe that is near, unless fighting it failed lately."""
        near = (mob for mob in self.foes if facts.get(mob + NEARBY, 0))
        return next((mob for mob in near if not self._gave_up(KILLED + mob, past)), None)

    def _gave_up(self, fact: str, past: Sequence[str]) -> bool:
        """Whether the last runs were all failures to bring about `fact`."""
        last = past[-GIVES_UP:]
        return len(last) == GIVES_UP and all(
            entry.endswith(FAILED) and fact in self.skills[entry.removesuffix(FAILED)].obtains for entry in last
        )

    def climb(self, skill: str, facts: Facts, past: Sequence[str]) -> str | None:
        """The skill that climbs out of the ground, where `skill` would look below it for what stands on it."""
        if self.climber is None or "health" not in facts or facts.get(ABOVEGROUND, 0):
            return None
        wanted = self.skills[skill]
        looks = wanted.kind == "find" and wanted.target not in UNDERGROUND
        return self.climber if looks and not self._gave_up(ABOVEGROUND, past) else None

    def arms(self, facts: Facts) -> tuple[str, ...]:
        """The weapons of which to get one, for who at night has none that a foe is fought with."""
        armed = any(facts.get(name, 0) for name in self.weapons)
        return self.upkeep.weapons if facts.get("night", 0) and not armed else ()

    def is_peckish(self, facts: Facts) -> bool:
        """Whether it should eat what it has: also when it is hurt, as only the well fed heal."""
        hurt = 0 < facts.get("health", 0) <= HURT
        return FOOD in facts and facts[FOOD] <= (max(self.upkeep.peckish, HEALS - 1) if hurt else self.upkeep.peckish)

    def is_hungry(self, facts: Facts) -> bool:
        """Whether it should get something to eat; a food of 0 is left out of the facts of a living agent."""
        return self.upkeep.hungry > 0 and "health" in facts and facts.get(FOOD, 0) <= self.upkeep.hungry

    def spare(self, facts: Facts, goal: Mapping[str, int], plan: Collection[str]) -> Facts:
        """The facts without what the task needs: that is not eaten."""
        kept = {*goal, *(fact for name in plan for fact in self.skills[name].facts)}
        return {fact: n for fact, n in facts.items() if fact not in kept or not self._is_eaten(fact)}

    def _is_eaten(self, fact: str) -> bool:
        return f"eat_{fact}" in self.skills
