"""In which order the skills of a plan run, so that what is lost by moving (a placed table, a found cow) is lost least.

Whatever can be crafted here is crafted; then all that can be gathered is gathered; only when both are stuck is a station
placed. A station that is needed once more than it is placed is reported, for `planner.search` to ask for another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from planner.demand import needs
from skills.schema import NEARBY, Skill


@dataclass
class Schedule:
    """The ordered plan, the station that was one too few, and what is missing where it is stuck."""

    plan: list[str] = field(default_factory=list)
    station: str | None = None
    lacking: dict[str, int] = field(default_factory=dict)


class Scheduler:
    """Orders counted skills; `finders` and `placers` are the skills that obtain NAME_nearby by moving and by placing."""

    def __init__(self, skills: Mapping[str, Skill], finders: Mapping[str, Skill], placers: Mapping[str, Skill]):
        self.skills, self.finders, self.placers = skills, finders, placers
        self.needs = {name: tuple(needs(skill).items()) for name, skill in skills.items()}
        self.nearby = {name: [f for f, _ in pairs if f.endswith(NEARBY)] for name, pairs in self.needs.items()}
        self.digs = {name: skill.policy == "mine" for name, skill in skills.items()}  # down it is easy, up it is not
        self.places = {skill.name for skill in placers.values()}
        self.makers = {name: [s.name for s in skills.values() if skill.equips in s.obtains] if skill.lasts else []
                       for name, skill in skills.items()}  # fmt: skip
        self.waits = {name for name, skill in skills.items() if skill.kind == "wait"}
        self.moves = {
            name: name in self.waits or skill.loses_nearby or any(f in finders for f in self.nearby[name])
            for name, skill in skills.items()
        }

    def run(
        self, runs: Mapping[str, int], goal: Mapping[str, int], facts: Mapping[str, int], last_first: bool = False
    ) -> Schedule:
        """The plan that runs each skill so often from `facts`; stations are tried in reverse with `last_first`."""
        return _Run(self, runs, goal, facts, last_first).result()


class _Run:
    def __init__(
        self,
        by: Scheduler,
        runs: Mapping[str, int],
        goal: Mapping[str, int],
        facts: Mapping[str, int],
        last_first: bool,
    ):
        self.by, self.goal, self.facts, self.last_first = by, goal, dict(facts), last_first
        self.left = {name: n for name, n in runs.items() if n > 0}
        self.found = [fact for fact in goal if fact in by.finders]
        self.plan: list[str] = []
        self.patient = True  # whether work that wears a tool out waits until all such tools are made

    def result(self) -> Schedule:
        while True:
            if self._craft() or self._gather():
                continue
            if not any(n for name, n in self.left.items() if name not in self.by.places):
                wanted = [f for f in self.goal if f in self.by.placers and self.facts.get(f, 0) < 1]
                if not wanted:
                    return Schedule(self.plan)
            else:
                wanted = self._stations()
            fact = self._place(wanted)
            if fact == "" and self.patient:
                self.patient = False
            elif fact is not None:
                return Schedule(self.plan, fact, self._lacking())

    def _craft(self) -> bool:
        """Run everything that neither moves nor places, as often as can be."""
        done = False
        for name in self.left:
            if name not in self.by.places and not self.by.moves[name]:
                done |= self._do(name, self.left[name])
        return done

    def _gather(self) -> bool:
        """Run everything that moves and is not stuck: above the ground first, and what is found here already; else wait."""
        moving = [name for name, n in self.left.items() if n and self.by.moves[name] and not self._has_to_wait(name)]
        moving.sort(key=lambda name: (self.by.digs[name], not all(self.facts.get(f, 0) for f in self.by.nearby[name])))
        done = [name for name in moving if name not in self.by.waits and self._gather_all(name)]
        done = done or [name for name in moving if name in self.by.waits and self._do(name, 1)]
        if done or any(n and self.by.moves[name] for name, n in self.left.items()):
            return bool(done)
        while self.found:  # each once: of two things that only moving finds, the second loses the first
            fact = self.found.pop()
            if not self.facts.get(fact, 0):
                return self._do(self.by.finders[fact].name, 1, counted=False)
        return False

    def _has_to_wait(self, name: str) -> bool:
        """Whether another of the tools that a skill wears out is still to be made: below the ground it may be too late."""
        return self.patient and any(self.left.get(maker, 0) for maker in self.by.makers[name])

    def _gather_all(self, name: str) -> bool:
        done = False
        while self.left[name]:
            for fact, n in self.by.needs[name]:
                if self.facts.get(fact, 0) < n and fact not in self.by.finders:
                    return done
            for fact in self.by.nearby[name]:
                if not self.facts.get(fact, 0) and not self._do(self.by.finders[fact].name, 1, counted=False):
                    return done
            if not self._do(name, 1):
                return done
            done = True
        return done

    def _stations(self) -> list[str]:
        """Stations for want of which a skill waits that has all its quantities."""
        found: dict[str, None] = {}
        for name, n in self.left.items():
            if n and name not in self.by.places:
                short = [f for f, k in self.by.needs[name] if self.facts.get(f, 0) < k and f not in self.by.finders]
                if short and all(f in self.by.placers for f in short):
                    found.update(dict.fromkeys(short))
        return list(found)[::-1] if self.last_first else list(found)

    def _place(self, stations: Sequence[str]) -> str | None:
        """Place the first of `stations` that can be; otherwise the one that is short, "" when there is none."""
        for fact in stations:
            name = self.by.placers[fact].name
            if self.left.get(name) and self._do(name, 1):
                return None
        return next((f for f in stations if not self.left.get(self.by.placers[f].name)), "")

    def _lacking(self) -> dict[str, int]:
        waits = [name for name, n in self.left.items() if n and name not in self.by.places]
        return {f: n for name in waits for f, n in self.by.needs[name] if self.facts.get(f, 0) < n}

    def _do(self, name: str, times: int, counted: bool = True) -> bool:
        """Run a skill up to `times` times in a row, as often as its needs hold."""
        skill, facts = self.by.skills[name], self.facts
        for fact, n in self.by.needs[name]:
            if facts.get(fact, 0) < n:
                return False
        for fact, n in skill.consumes.items():
            times = min(times, facts.get(fact, 0) // n)
        if times < 1:
            return False
        if counted:
            self.left[name] -= times
        for fact, n in skill.consumes.items():
            facts[fact] -= n * times
        if skill.loses_nearby:
            for fact in [fact for fact in facts if fact.endswith(NEARBY)]:
                del facts[fact]
        for fact, n in skill.obtains.items():
            facts[fact] = n if fact.endswith(NEARBY) else facts.get(fact, 0) + n * times
        self.plan += [name] * times
        return True
