"""Scenes and worked-out plans for the step query: what may be done next, given a command's clauses and what was done so far.

A scripted cook carries the clauses out in order in a small copy of the kitchen; every choice among objects that would do
is left open, so several next skills may be right.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from planner.embedded.clauses import ALL, BESIDE, Clause
from planner.embedded.phrases import HAND, OBJECTS
from skills.household import find_text

STANDING = ("table", "close counter", "far counter", "drawer", "trash can")
DONE = "done"
LONGEST = 40  # steps of a plan


@dataclass(frozen=True)
class Step:
    """What the step query sees and what would be right: facts by text, texts of the history, texts of right next skills."""

    facts: dict[str, int]
    history: tuple[str, ...]
    right: tuple[str, ...]


@dataclass
class Kitchen:
    """Objects by place, the robot, its hand."""

    things: dict[str, Counter[str]]  # place -> objects
    robot: str = "user"
    holding: str | None = None
    drawer_open: bool = False
    visits: Counter[str] = field(default_factory=Counter)
    history: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, int]:
        """Facts as texts: "coke at table", "holding tea", "robot at drawer"."""
        facts = {f"{name} at {place}": n for place, some in self.things.items() for name, n in some.items() if n > 0}
        facts[f"robot at {self.robot}"] = 1
        facts |= {f"visited {place}": n for place, n in self.visits.items()}
        if self.drawer_open:
            facts["drawer open"] = 1
        facts[f"holding {self.holding}" if self.holding else "hand empty"] = 1
        return facts

    def do(self, text: str) -> None:
        """Carry a skill out."""
        self.history.append(text)
        if text.startswith("go to the "):
            self._go(text.removeprefix("go to the "))
        elif text == "bring it to you":
            self._go("user")
        elif text.startswith("find "):
            self._go(self.where(_object(text)) or self.robot, counts=False)
        elif text.startswith("pick up the "):
            self.holding = text.removeprefix("pick up the ")
            self.things[self.robot][self.holding] -= 1
        elif text.startswith("put down the "):
            self.things.setdefault(self.robot, Counter())[text.removeprefix("put down the ")] += 1
            self.holding = None
        elif text.endswith("the drawer"):
            self.drawer_open = text.startswith("open")

    def _go(self, place: str, counts: bool = True) -> None:
        self.robot = place
        self.visits[place] += counts

    def where(self, name: str, sources: Sequence[str] = ()) -> str | None:
        """Where such an object is: here if it is here, else the first place that has one."""
        places = [self.robot, *("close counter", "table", "far counter", "drawer", "trash can", "user")]
        found = [p for p in places if self.things.get(p, Counter())[name] > 0 and (not sources or p in sources)]
        return found[0] if found else None


def _object(text: str) -> str:
    for article in ("find a ", "find an ", "find some ", "find the "):
        if text.startswith(article):
            return text.removeprefix(article)
    return text


def random_kitchen(clauses: Sequence[Clause], draw: random.Random, known_only: bool = False) -> Kitchen:
    """A scene in which the clauses can mostly be carried out."""
    things: dict[str, Counter[str]] = {place: Counter() for place in (*STANDING, "user")}

    def add(name: str, places: Sequence[str]) -> None:
        things[draw.choice(list(places))][name] += 1

    for clause in clauses:
        wanted = sorted(clause.things & frozenset(OBJECTS)) or sorted(clause.things)
        if draw.random() < 0.3 and not known_only:
            wanted = sorted(clause.things)
        number = draw.randint(1, 3) if clause.count == ALL else clause.count + draw.randint(0, 1)
        places = [p for p in STANDING if p not in clause.place and p != "trash can"]
        for k in range(number if wanted and clause.source != HAND else 0):
            name = wanted[k % len(wanted)] if clause.different else draw.choice(wanted)
            add(name, sorted(clause.source) or places)
    for _ in range(draw.randint(1, 7)):
        add(draw.choice(OBJECTS), STANDING[:4])
    kitchen = Kitchen(things, draw.choice([*STANDING, "user", "user"]), drawer_open=draw.random() < 0.15)
    first = clauses[0] if clauses else None
    if (
        first is not None
        and first.things
        and draw.random() < (1.0 if first.verb == "drop" or first.source == HAND else 0.06)
    ):
        kitchen.holding = draw.choice(sorted(first.things & frozenset(OBJECTS)) or sorted(first.things))
    elif draw.random() < 0.08:
        kitchen.holding = draw.choice(OBJECTS)
    return kitchen


def worked_out(clauses: Sequence[Clause], draw: random.Random, known_only: bool = False) -> list[Step]:
    """All steps of one way to carry the clauses out; the last one is "done". Empty where it cannot be done, and for places
    next to things."""
    if not clauses or any(place.startswith(BESIDE) for clause in clauses for place in clause.place):
        return []
    kitchen, steps = random_kitchen(clauses, draw, known_only), []

    def step(*right: str) -> str:
        steps.append(Step(kitchen.facts(), tuple(kitchen.history), right))
        chosen = draw.choice(right)
        if chosen != DONE:
            kitchen.do(chosen)
        return chosen

    for clause in clauses:
        if not _carry_out(clause, kitchen, step, draw) or len(steps) > LONGEST:
            return []
    step(DONE)
    return steps


def _carry_out(clause: Clause, kitchen: Kitchen, step: object, draw: random.Random) -> bool:
    act = step
    assert callable(act)
    if clause.verb == "go":
        target = draw.choice(sorted(clause.place))
        act(_going(target))
    elif clause.verb == "drop":
        if kitchen.holding not in clause.things:
            return False
        act(f"put down the {kitchen.holding}")
    elif clause.verb in ("open", "close"):
        if kitchen.robot != "drawer":
            act("go to the drawer")
        act(f"{clause.verb} the drawer")
    elif clause.verb == "find":
        options = [name for name in sorted(clause.things) if kitchen.where(name)]
        if not options:
            return False
        act(*map(find_text, options))
    else:
        return _move(clause, kitchen, act, draw)
    return True


def _going(place: str) -> str:
    return "bring it to you" if place == "user" else f"go to the {place}"


def _move(clause: Clause, kitchen: Kitchen, act: object, draw: random.Random) -> bool:
    """Pick, bring and put clauses, one object after the other."""
    assert callable(act)
    sources = clause.source - HAND
    target = draw.choice(sorted(clause.place)) if clause.place else None
    used: set[str] = set()
    there = Counter[str]()
    for place, some in kitchen.things.items():
        if place in sources or (not sources and place != target):
            there.update({name: n for name, n in some.items() if name in clause.things and n > 0})
    number = clause.count if clause.count != ALL else len(there) if clause.different else there.total()
    for _ in range(number):
        if kitchen.holding is None or kitchen.holding not in clause.things or kitchen.holding in used:
            if kitchen.holding is not None:
                act(f"put down the {kitchen.holding}")
            options = {name: kitchen.where(name, [p for p in _all(kitchen, sources) if p != target])
                       for name in sorted(clause.things) if not (clause.different and name in used)}  # fmt: skip
            options = {name: place for name, place in options.items() if place}
            if not options:
                return False
            _fetch(options, bool(sources), kitchen, act)
        held = kitchen.holding
        if held is None:
            return False
        used.add(held)
        if target is None:
            return True
        if kitchen.robot != target:
            act(_going(target))
        if target == "drawer" and not kitchen.drawer_open:
            act("open the drawer")
        act(f"put down the {held}")
    return number > 0


def _all(kitchen: Kitchen, sources: frozenset[str]) -> list[str]:
    return sorted(sources) if sources else list(kitchen.things)


def _fetch(options: dict[str, str | None], told_where: bool, kitchen: Kitchen, act: object) -> None:
    """Go to one of the objects and take it."""
    assert callable(act)
    here = [name for name, place in options.items() if place == kitchen.robot]
    if not here:
        if told_where:
            places = sorted({str(place) for place in options.values()})
            act(*(_going(place) for place in places))
        else:
            closed = [name for name, place in options.items() if place == "drawer" and not kitchen.drawer_open]
            free = [name for name in options if name not in closed]
            act(*map(find_text, free)) if free else act("go to the drawer")
        here = [name for name, place in options.items() if kitchen.things.get(kitchen.robot, Counter())[name] > 0]
        if told_where is False and kitchen.history[-1].startswith("find "):
            here = [_object(kitchen.history[-1])]
    if kitchen.robot == "drawer" and not kitchen.drawer_open:
        act("open the drawer")
    if here:
        act(*(f"pick up the {name}" for name in here))
