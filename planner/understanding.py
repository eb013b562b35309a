"""From a command to a goal: the model's most probable reading, with the others, or a question where it is not sure.

"I understood: bed x 1." Readings that are too unsure, that ask for nothing, or for what no skill obtains are declined
with the reason; two readings of about the same probability are asked back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from planner.embedded import lexicon
from planner.embedded.clauses import ALL, BESIDE, NEXT_TO, Clause
from planner.embedded.phrases import PLACES
from planner.goals import exact, match
from planner.household import IN_HAND, Unmet, goal_of, grounded
from planner.types import Facts, Goal
from sim.world import UserError
from skills.deeds import KILLED, USED
from skills.household import HOLDING, ROBOT
from skills.library import SkillLibrary, shipped_with
from skills.schema import NEARBY

if TYPE_CHECKING:
    from planner.embedded.model import EmbeddedModel, Meaning

LEAST = 0.1  # probability a clause, their geometric mean, below which a reading is not acted on
INSTEAD = 0.5  # a second reading this probable, relative to the first, is acted on where the first cannot be met
RIVAL = 0.9  # a second reading this probable, relative to the first, is asked about


@dataclass(frozen=True)
class Understanding:
    """What a command was taken to ask for; `status` "clear" has a goal, "ask" a question, "declined" a reason."""

    status: Literal["clear", "ask", "declined"]
    goal: Goal = ()
    text: str = ""  # the reading, in words
    probability: float = 0.0
    reason: str = ""  # the question, or why it was declined
    readings: tuple[tuple[str, float], ...] = field(default=())


def make_reader(library: SkillLibrary) -> Reader:
    """A reader with the embedded model; for a craft library without it, one that goes by names and similarity."""
    try:
        from planner.embedded.model import load

        return Reader(library, load())
    except UserError:
        if library.world != "craft":
            raise
        return Reader(library, None)


class Reader:
    """Understands commands over one library. Craft commands whose every word is a name are read by rule, others by model."""

    def __init__(self, library: SkillLibrary, model: EmbeddedModel | None):
        self.library, self.model = library, model
        self.obtained = {fact for skill in library.skills.values() for fact in skill.obtains}
        if library.world == "kitchen":
            self.objects = _after(library, HOLDING)
            self.places: tuple[str, ...] = (*_after(library, ROBOT), IN_HAND, NEXT_TO)
        else:
            self.objects, self.places = craft_things(), PLACES

    def understand(self, commands: Sequence[str], facts: Sequence[Facts]) -> list[Understanding]:
        """What each command asks for, given the facts of its scene."""
        found = [self._by_name(command) if self.library.world == "craft" else None for command in commands]
        rest = [k for k, reading in enumerate(found) if reading is None]
        if self.model is not None and rest:
            meanings = self.model.parse([commands[k] for k in rest], self.objects, self.places, self.library.world)
            for k, meaning in zip(rest, meanings, strict=True):
                found[k] = self._one(meaning, facts[k])
        return [reading for reading in found if reading is not None]

    def _by_name(self, command: str) -> Understanding | None:
        """A craft command read by rule; without a model by similarity too."""
        try:
            goal = exact(command, self.library)
            if goal is None and self.model is None:
                match_ = match(command, self.library)
                return Understanding("clear", match_.goal, match_.name, match_.score)
        except UserError as error:
            return Understanding("declined", reason=str(error))
        if goal is None:
            return None
        return Understanding(
            "clear", (goal,), ", ".join(f"{fact.replace('_', ' ')} x {n}" for fact, n in goal.items()), 1.0
        )

    def _one(self, meaning: Meaning, facts: Facts) -> Understanding:
        text = in_words(meaning.clauses)
        readings = ((text, meaning.probability), *((in_words(clauses), p) for clauses, p in meaning.others))
        known = {"text": text, "probability": meaning.probability, "readings": readings}
        if not meaning.clauses:
            return Understanding("declined", reason="the command asks for nothing that I can do", **known)  # type: ignore[arg-type]
        if meaning.probability ** (1 / len(meaning.clauses)) < LEAST:
            return Understanding("declined", reason=f"I am not sure what is meant (perhaps: {text})", **known)  # type: ignore[arg-type]
        try:
            goal = self._goal(meaning.clauses, meaning.likely, facts)
        except Unmet as error:
            return self._instead(meaning, facts) or Understanding("declined", reason=str(error), **known)  # type: ignore[arg-type]
        for (clauses, p), (rival, _) in zip(meaning.others, readings[1:], strict=True):
            if p > RIVAL * meaning.probability and self._otherwise(clauses, facts):
                return Understanding("ask", reason=f"do you mean {text}, or {rival}?", **known)  # type: ignore[arg-type]
        return Understanding("clear", goal, **known)  # type: ignore[arg-type]

    def _instead(self, meaning: Meaning, facts: Facts) -> Understanding | None:
        """The next reading that can be met, where it is not much less probable than the one that cannot: "a weapon" is a sword
        to who can make no bow. (Kitchen clauses come with all objects that would do: see `planner.household.grounded`.)"""
        for clauses, p in meaning.others:
            if p >= INSTEAD * meaning.probability and (goal := self._otherwise(clauses, facts)):
                text = in_words(clauses)
                readings = ((text, p), (in_words(meaning.clauses), meaning.probability))
                return Understanding("clear", goal, text, p, readings=readings)
        return None

    def _otherwise(self, clauses: Sequence[Clause], facts: Facts) -> Goal:
        """The goal of another reading; empty where it cannot be met."""
        try:
            return self._goal(clauses, [dict.fromkeys(clause.things, 1.0) for clause in clauses], facts)
        except Unmet:
            return ()

    def _goal(self, clauses: Sequence[Clause], likely: Sequence[Mapping[str, float]], facts: Facts) -> Goal:
        """A goal; in the kitchen over the objects that the scene has. Raises `Unmet`."""
        if self.library.world == "kitchen":
            return goal_of(grounded(clauses, likely, facts), facts)
        return (self._counts(clauses),)

    def _counts(self, clauses: Sequence[Clause]) -> dict[str, int]:
        """A craft goal: so many of each item, so many mobs killed, an item used, or a block or mob nearby."""
        goal: dict[str, int] = {}
        for clause in clauses:
            fact = self._fact(clause)
            goal[fact] = 1 if fact.endswith(NEARBY) else goal.get(fact, 0) + max(clause.count, 1)
        return goal

    def _fact(self, clause: Clause) -> str:
        """The fact that a craft clause asks for; what is placed is either nearby or counts as used."""
        name = next(iter(clause.things)).removesuffix(NEARBY)
        wanted = {"get": [name], "seek": [name + NEARBY], "kill": [KILLED + name], "use": [USED + name],
                  "place": [name + NEARBY, USED + name]}[clause.verb]  # fmt: skip
        for fact in wanted:
            if fact in self.obtained:
                return fact
        deed = f"{clause.verb}s the {name}" if clause.verb in ("kill", "use") else f"obtains {wanted[0]}"
        others = shipped_with(self.library.world, wanted)
        hint = f" (--library {' or '.join(others)} does)" if others else ""
        raise Unmet(f"no skill of library '{self.library.name}' {deed.replace('_', ' ')}{hint}")


def in_words(clauses: Sequence[Clause]) -> str:
    """Clauses as a person would check them: "bring 1 of apple, banana; go to table"."""
    return "; ".join(_clause(clause) for clause in clauses) or "nothing"


def _clause(clause: Clause) -> str:
    names = sorted(name.removesuffix(NEARBY).replace("_", " ") for name in clause.things)
    if clause.verb in ("get", "kill"):
        return f"{'kill ' if clause.verb == 'kill' else ''}{names[0]} x {clause.count}"
    what = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    number = ("all" if clause.count == ALL else str(clause.count)) + (" different" if clause.different else "")
    words = [clause.verb, *([f"{number} of {what}" if len(names) > 1 or clause.count != 1 else what] if what else [])]
    if clause.source == {IN_HAND} and len(names) > 1:
        words = [clause.verb, "what I hold"]
    elif clause.source:
        words.append(f"from {' or '.join(sorted(clause.source))}")
    if clause.place:
        beside_it = all(place.startswith(BESIDE) for place in clause.place)
        words.append(f"{'' if beside_it else 'to '}{' or '.join(sorted(clause.place))}")
    return " ".join(words)


@lru_cache(maxsize=1)
def craft_things() -> tuple[str, ...]:
    """Everything of the craft world that can be named: items, then blocks and animals nearby."""
    words: Mapping = lexicon.load("craft_items")
    items = [name for name in words if name not in ("findable", "mobs", "others")] + list(words["others"])
    return (*items, *words["findable"], *(mob + NEARBY for mob in words["mobs"]))


def _after(library: SkillLibrary, prefix: str) -> tuple[str, ...]:
    """Names that follow a prefix in the library's facts, with spaces."""
    return tuple(dict.fromkeys(
        fact.removeprefix(prefix).replace("_", " ")
        for skill in library.skills.values() for fact in skill.obtains if fact.startswith(prefix)
    ))  # fmt: skip
