"""What an agent sees to besides its task: it fights what comes near and hurts, arms itself at night, eats what it has, hunts
when it starves or is hurt, digs in where it is badly hurt at night or where a night has fallen that it has no need of, gets
ready before it waits for the night, and climbs out of the ground before it looks for what stands on it.

A need is a goal of its own, put before the task's: the same search finds the cheapest way to it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from planner.effects import missing
from planner.types import FAILED, Facts
from skills.deeds import KILLED
from skills.library import SkillLibrary
from skills.schema import NEARBY

FOOD = "food"
ABOVEGROUND = "aboveground"
DAY = "day"
OUTDOORS = ("find", "harvest", "hunt", "use")
UNDERGROUND = ("cobblestone", "gravel")  # what is found below as well
HURT, HEALS = 12, 18  # half hearts at which it is hurt; food from which health comes back
BADLY_HURT = 10  # half hearts at which it digs in at night
NEARLY = 600.0  # expected ticks that a task goes on for in the night
STARVING = 2  # food at which it hunts at night too
READY_FOOD, MEALS = 18, 3  # food in the stomach, and of one kind at hand, with which it waits for the night
GIVES_UP = 2  # failures after which a foe is left alone, and in a row after which nobody climbs or rests on
RECENT = 8  # runs that count for a foe


class Keeper:
    """Says what is due, from the facts alone."""

    def __init__(self, library: SkillLibrary):
        self.upkeep, self.skills = library.upkeep, library.skills
        obtained = {fact for skill in library.skills.values() for fact in skill.obtains}
        self.foes = [mob for mob in library.upkeep.foes if KILLED + mob in obtained]
        fights = [s for s in library.skills.values() if any(KILLED + mob in s.obtains for mob in self.foes)]
        self.climber = next((s.name for s in library.skills.values() if ABOVEGROUND in s.obtains), None)
        self.fights = {mob: [s for s in fights if KILLED + mob in s.obtains] for mob in self.foes}
        shelters = [skill for skill in library.skills.values() if skill.kind == "shelter"]
        self.shelter = next((s.name for s in shelters if "health" in s.obtains), None)
        self.refuge = next((s.name for s in shelters if DAY in s.obtains), None)
        self.weapons = sorted({skill.equips for skill in fights if skill.equips})

    def foe(self, facts: Facts, past: Sequence[str]) -> str | None:
        """A foe that is near, unless fighting it failed lately: it may be out of reach."""
        near = (mob for mob in self.foes if facts.get(mob + NEARBY, 0))
        return next((mob for mob in near if self._failures(KILLED + mob, past) < GIVES_UP), None)

    def _failures(self, fact: str, past: Sequence[str]) -> int:
        """How many of the last runs failed to bring about `fact`, since one last did."""
        count = 0
        for entry in reversed(past[-RECENT:]):
            if fact in self.skills[entry.removesuffix(FAILED)].obtains:
                if not entry.endswith(FAILED):
                    break
                count += 1
        return count

    def fight(self, foe: str, facts: Facts) -> str | None:
        """The best way to fight a foe with what is at hand; None where there is none."""
        ready = [s for s in self.fights[foe] if all(facts.get(fact, 0) >= n for fact, n in s.requires.items())]
        return max(ready, key=lambda skill: skill.success or 0.0).name if ready else None

    def shelters(self, facts: Facts, past: Sequence[str]) -> str | None:
        """The skill that digs in, for who is badly hurt at night and would heal there."""
        if self.shelter is None or not facts.get("night", 0) or not 0 < facts.get("health", 0) <= BADLY_HURT:
            return None
        return None if facts.get(FOOD, 0) < HEALS or self._gave_up("health", past) else self.shelter

    def hides(self, plan: Sequence[str], cost: float, facts: Facts, past: Sequence[str]) -> str | None:
        """What to do instead for who would walk about in a night that has fallen since it began its task, but needs none and is
        not nearly there: work of the plan that lies under the ground, or else to sit the night out."""
        if self.refuge is None or not facts.get("night", 0) or not facts.get("nightfalls", 0) or not plan:
            return None
        needed = any("night" in self.skills[name].requires for name in plan)
        outdoors = self.skills[plan[0]].kind in OUTDOORS and self.skills[plan[0]].target not in UNDERGROUND
        if not outdoors or needed or cost <= NEARLY or self._gave_up(DAY, past):
            return None
        below = (name for name in plan if self._lies_below(name) and not missing(self.skills[name], facts))
        return next(below, self.refuge)

    def _lies_below(self, name: str) -> bool:
        skill = self.skills[name]
        return skill.kind == "mine" and (skill.target == "cobblestone" or str(skill.target).endswith("_ore"))

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

    def prepares(self, facts: Facts) -> list[list[dict[str, int]]]:
        """Goals of who is about to wait for the night, first things first: a good weapon, a full stomach, some meals."""
        goals = []
        if self.upkeep.good_weapons and not any(facts.get(name, 0) for name in self.upkeep.good_weapons):
            goals.append([{name: 1} for name in self.upkeep.good_weapons])
        if self.upkeep.meals and 0 < facts.get(FOOD, 0) < READY_FOOD:
            goals.append([{FOOD: facts[FOOD] + 1}])
        if self.upkeep.meals and all(facts.get(name, 0) < MEALS for name in self.upkeep.meals):
            goals.append([{name: MEALS} for name in self.upkeep.meals])
        return goals

    def is_peckish(self, facts: Facts) -> bool:
        """Whether it should eat what it has: also when it is hurt, as only the well fed heal."""
        hurt = 0 < facts.get("health", 0) <= HURT
        return FOOD in facts and facts[FOOD] <= (max(self.upkeep.peckish, HEALS - 1) if hurt else self.upkeep.peckish)

    def is_hungry(self, facts: Facts) -> bool:
        """Whether it should get something to eat (a food of 0 is left out of the facts of a living agent): by day also when it is
        hurt and does not heal, at night only when it starves."""
        food, hurt = facts.get(FOOD, 0), 0 < facts.get("health", 0) <= HURT
        if self.upkeep.hungry == 0 or "health" not in facts:
            return False
        return food <= STARVING if facts.get("night", 0) else food <= self.upkeep.hungry or (hurt and food < HEALS)

    def spare(self, facts: Facts, goal: Mapping[str, int], plan: Collection[str]) -> Facts:
        """The facts without what the task needs: that is not eaten."""
        kept = {*goal, *(fact for name in plan for fact in self.skills[name].facts)}
        return {fact: n for fact, n in facts.items() if fact not in kept or not self._is_eaten(fact)}

    def _is_eaten(self, fact: str) -> bool:
        return f"eat_{fact}" in self.skills
