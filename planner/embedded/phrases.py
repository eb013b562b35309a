"""Phrases for the kitchen's objects and places, and what each may stand for: by tags alone, never by a scene."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from planner.embedded import lexicon, told
from planner.embedded.corpus import Corpus
from planner.embedded.lexicon import Split, choose, fill, indefinite, is_plural, plural

OBJECTS = ("coke", "pepsi", "7up", "lime soda", "grapefruit soda", "redbull", "water bottle", "tea", "apple", "orange", "banana",
           "multigrain chips", "jalapeno chips", "rice chips", "energy bar", "sponge")  # fmt: skip
PLACES = (
    "table",
    "close counter",
    "far counter",
    "trash can",
    "drawer",
    "user",
    "hand",
)  # "hand": where things may be, not where they go
USER, TRASH, DRAWER, HAND = (frozenset({place}) for place in ("user", "trash can", "drawer", "hand"))
COUNTERS = frozenset({"close counter", "far counter"})
TRAY = "tray"  # key of words/places.yaml: where things lie that are at the user
SOURCES = (frozenset({"table"}), frozenset({"close counter"}), frozenset({"far counter"}), COUNTERS, DRAWER)
GOING = (*SOURCES, TRASH, USER)
CORRECTED = 0.03  # share of objects said wrong first


class Thing(NamedTuple):
    """A phrase, what it may stand for, and what it leaves out that would do otherwise."""

    text: str
    which: frozenset[str]
    left_out: frozenset[str] = frozenset()


class Phrases(Corpus):
    """Draws phrases; `split` "train" keeps to seen words, "words" holds unseen ones."""

    def __init__(self, seed: int, split: Split, frames: str):
        super().__init__(seed, split, frames)
        self.nouns = lexicon.load("nouns")
        self.places = lexicon.load("places")
        self.tags = lexicon.load("tags")
        self.objects = {str(name): entry for name, entry in lexicon.load("objects").items()}
        self.index: dict[str, frozenset[str]] = {
            tag: frozenset(name for name, entry in self.objects.items() if tag in entry["tags"]) for tag in self.tags
        }

    @cached_property
    def everything(self) -> frozenset[str]:
        """Every object."""
        return frozenset(self.objects)

    def _name(self, place: frozenset[str]) -> str:
        names = self.places["counter" if place == COUNTERS else next(iter(place))]
        return names[0] if self.draw.random() < 0.4 else self.draw.choice(choose(names, self._unseen("words")))

    def _object(self) -> str:
        """An object; every other time one of this kitchen."""
        return self.draw.choice(OBJECTS if self.draw.random() < 0.6 else tuple(self.objects))

    def _said(self, name: str) -> str:
        names = [name, *self.objects[name]["names"]]
        return self.draw.choice(choose(names, self._unseen("words")))

    def _thing(self, depth: int = 0) -> Thing:
        """A phrase for one object, and all objects it may stand for."""
        r = self.draw.random()
        if r < 0.46 or depth:
            name = self._object()
            noun = self._said(name)
            article: Callable[[str], str] = self.draw.choice([indefinite, indefinite, the, the, _one, my])
            right = Thing(article(noun), frozenset({name}))
            return self._corrected(right, article) if not depth and self.draw.random() < CORRECTED / 0.46 else right
        if r < 0.66:
            return self._tagged("one")
        if r < 0.76:
            return self._qualified()
        if r < 0.94:
            return self._excluding()
        one, other = self._thing(1), self._thing(1)
        either = "either " if self.draw.random() < 0.3 else ""
        return Thing(f"{either}{one.text} or {other.text}", one.which | other.which)

    def _corrected(self, right: Thing, article: Callable[[str], str]) -> Thing:
        """The object said after another one that was not meant: "the apple, I mean the orange"."""
        wrong = self._object()
        if wrong in right.which:
            return right
        text = fill(self._pick("object_corrections"), {"x": article(self._said(wrong)), "y": right.text})
        return Thing(text, right.which, frozenset({wrong}))

    def _tagged(self, form: str, tag: str | None = None) -> Thing:
        tags = [tag for tag in self.tags if self.index[tag] and self.tags[tag].get(form)]
        common = [tag for tag in tags if self.index[tag] & frozenset(OBJECTS)]
        tag = tag or self.draw.choice(common if self.draw.random() < 0.7 else tags)
        return Thing(self.draw.choice(choose(self.tags[tag][form], self._unseen("words"))), self.index[tag])

    def _qualified(self) -> Thing:
        """An adjective before a category: "a salty snack"."""
        for _ in range(50):
            category = self.draw.choice([c for c in self.nouns if c in self.index])
            tag = self.draw.choice([t for t in self.tags if self.tags[t].get("adjectives")])
            both = self.index[tag] & self.index[category]
            if both and both != self.index[category]:
                word = self.draw.choice(choose(self.tags[tag]["adjectives"], self._unseen("words")))
                return Thing(indefinite(f"{word} {self.draw.choice(self.nouns[category])}"), both)
        return self._tagged("one")

    def _excluding(self) -> Thing:
        """A category without one object, or without a kind: "a fruit that is not an apple"."""
        category = self.draw.choice([c for c in self.nouns if len(self.index.get(c, ())) > 1])
        r = self.draw.random()
        noun = "something" if r < 0.25 else indefinite(self.draw.choice(self.nouns[category]))
        all_of = self.everything if r < 0.25 else self.index[category]
        name = self.draw.choice(sorted(self.index[category] & frozenset(OBJECTS)) or sorted(self.index[category]))
        said = indefinite(self._said(name))
        without = all_of - {name}
        if self.draw.random() < 0.25:
            other = self.draw.choice(sorted(self.index[category]))
            said, without = f"{said} or {indefinite(self._said(other))}", without - {other}
        key = "exclude" if self.draw.random() < 0.75 else "like_but"
        return Thing(fill(self._pick(key), {"cat": noun, "x": said}), without, all_of - without)

    def _things(self, counted: bool) -> Thing:
        """A plural phrase."""
        r = self.draw.random()
        if r < (0.5 if counted else 0.35):
            name = self._object()
            said = self._said(name)
            as_it_is = is_plural(said) if not counted else self.draw.random() < 0.12  # "two sponge"
            return Thing(said if as_it_is else plural(said), frozenset({name}))
        text, which, _ = self._tagged("many")
        if self.draw.random() < 0.1 and not counted:
            name = self.draw.choice(sorted(which))
            word = self.draw.choice(["except", "except for", "but not", "other than", "apart from"])
            said = self.draw.choice([indefinite, the])(self._said(name))
            return Thing(f"{text} {word} {said}", which - {name}, frozenset({name}))
        return Thing(text, which)

    def _slot(self, name: str, where: str | None, bare: bool) -> Thing:
        """What a slot of a told command stands for: one object, or with a plural several of a kind."""
        if name in ("xs", "ys"):
            if where in self.tags and self.tags[where].get("many"):
                return self._tagged("many", where)
            return self._things(counted=True)
        if where is None:
            return self._thing() if not bare and self.draw.random() < 0.2 else self._thing(1)
        those, _ = told.expression(where, self._named)
        ours = sorted(those & frozenset(OBJECTS))
        chosen = self.draw.choice(ours if ours and self.draw.random() < 0.6 else sorted(those))
        article: Callable[[str], str] = self.draw.choice([indefinite, the, the, my])
        return Thing(article(self._said(chosen)), frozenset({chosen}))

    def _named(self, name: str) -> frozenset[str]:
        """The objects of a name in a told command: one object's, a tag's, or "everything"; raises KeyError for others."""
        if name in ("everything", "held"):
            return self.everything
        said = name.replace("_", " ")
        return frozenset({said}) if said in self.objects else self.index[name]


def _one(noun: str) -> str:
    return noun if is_plural(noun) else f"one {noun}"


def the(noun: str) -> str:
    return f"the {noun}"


def my(noun: str) -> str:
    return f"my {noun}"
