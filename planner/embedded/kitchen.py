"""Commands for the kitchen with their meaning, drawn from hand-written frames and words.

A command is one to three parts; a part is a frame of some intent whose slots are filled with phrases for objects and places.
What a phrase stands for is decided by tags alone, never by a scene, so a command means the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from planner.embedded import lexicon
from planner.embedded.clauses import ALL, Clause, Example
from planner.embedded.corpus import ENGLISH, Corpus
from planner.embedded.lexicon import Split, choose, fill, indefinite, is_plural, plural, published
from planner.embedded.noise import disturb

OBJECTS = ("coke", "pepsi", "7up", "lime soda", "grapefruit soda", "redbull", "water bottle", "tea", "apple", "orange", "banana",
           "multigrain chips", "jalapeno chips", "rice chips", "energy bar", "sponge")  # fmt: skip
PLACES = ("table", "close counter", "far counter", "trash can", "drawer", "user")
USER, TRASH, DRAWER = frozenset({"user"}), frozenset({"trash can"}), frozenset({"drawer"})
COUNTERS = frozenset({"close counter", "far counter"})
PLACE_NAMES: dict[frozenset[str], tuple[str, ...]] = {
    frozenset({"table"}): ("the table", "the kitchen table", "the dining table", "the desk", "the tabletop"),
    frozenset({"close counter"}): ("the close counter", "the near counter", "the closest counter", "the nearby counter",
                                   "the counter close by", "the counter next to you", "the nearer counter",
                                   "the closer countertop", "the close countertop"),
    frozenset({"far counter"}): ("the far counter", "the other counter", "the counter in the back", "the distant counter",
                                 "the counter far away", "the farther counter", "the counter over there", "the back counter",
                                 "the far countertop"),
    COUNTERS: ("the counter", "the countertop", "the kitchen counter", "a counter", "the worktop", "the bench top"),
    TRASH: ("the trash can", "the trash", "the bin", "the garbage", "the garbage can", "the waste basket", "the rubbish bin",
            "the dustbin", "the trash bin"),
    DRAWER: ("the drawer", "the cabinet drawer", "the kitchen drawer", "the cupboard drawer"),
}  # fmt: skip
USER_NAMES = ("me", "my place", "my seat", "where I am", "where I am sitting", "the user")
SOURCES = (frozenset({"table"}), frozenset({"close counter"}), frozenset({"far counter"}), COUNTERS, DRAWER)
GOING = (*SOURCES, TRASH, USER)
NOUNS = {"drink": ("drink", "beverage"), "soda": ("soda", "soft drink", "pop", "fizzy drink"), "snack": ("snack", "nibble"),
         "fruit": ("fruit", "piece of fruit"), "food": ("food", "food item"), "chips": ("bag of chips", "packet of crisps"),
         "vegetable": ("vegetable",), "dessert": ("dessert",), "dairy": ("dairy product",), "utensil": ("utensil",),
         "candy": ("candy", "sweet")}  # fmt: skip
FORMS: dict[str, tuple[str, int]] = {  # intent -> verb, count (-1: the number in the text)
    "bring_one": ("bring", 1), "bring_count": ("bring", -1), "bring_different": ("bring", -1), "bring_all": ("bring", ALL),
    "bring_all_from": ("bring", ALL), "bring_everything_from": ("bring", ALL), "bring_from": ("bring", 1),
    "put_one": ("put", 1), "put_from": ("put", 1), "put_count": ("put", -1), "put_all": ("put", ALL),
    "put_all_from": ("put", ALL), "clear_place": ("put", ALL), "throw_one": ("put", 1), "throw_count": ("put", -1),
    "throw_all": ("put", ALL), "throw_all_from": ("put", ALL), "pick_one": ("pick", 1), "find_one": ("find", 1),
    "go_to": ("go", 1), "open_drawer": ("open", 1), "close_drawer": ("close", 1), "take_from_drawer": ("bring", 1),
    "store_in_drawer": ("put", 1), "drop_one": ("drop", 1), "holding_bring": ("bring", 1), "holding_put": ("put", 1),
    "holding_throw": ("put", 1),
}  # fmt: skip
WEIGHTS = {"bring_one": 9, "put_one": 5, "throw_one": 3, "pick_one": 3, "find_one": 2, "go_to": 3, "bring_count": 3,
           "bring_different": 3, "bring_all_from": 3, "clear_place": 3, "put_all_from": 2}  # fmt: skip
EVERYTHING = ("everything", "all of it", "all the stuff", "all items", "each thing", "all the things", "every item",
              "all objects")  # fmt: skip


class Thing(NamedTuple):
    """A phrase, what it may stand for, and what it leaves out that would do otherwise."""

    text: str
    which: frozenset[str]
    left_out: frozenset[str] = frozenset()


class KitchenCorpus(Corpus):
    """Draws examples; `split` "train" keeps to seen templates and words, "frames" and "words" hold something unseen."""

    world = "kitchen"

    def __init__(self, seed: int, split: Split = "train"):
        super().__init__(seed, split, "frames")
        self.needs = lexicon.load("needs")
        self.tags = lexicon.load("tags")
        self.objects = {str(name): entry for name, entry in lexicon.load("objects").items()}
        self.index: dict[str, frozenset[str]] = {
            tag: frozenset(name for name, entry in self.objects.items() if tag in entry["tags"]) for tag in self.tags
        }

    @cached_property
    def everything(self) -> frozenset[str]:
        """Every object."""
        return frozenset(self.objects)

    def example(self) -> Example:
        """One command and its meaning."""
        while True:
            self._imperative = True
            text, clauses = self._command()
            if len(clauses) <= 5 and all(c.things or c.verb in ("go", "open", "close") for c in clauses):
                text = re.sub(r"\bon (the (?:\w+ )?(?:drawer|trash|bin|garbage|waste|dustbin|rubbish))", r"in \1", text)
                said = disturb(self._around(text), self.draw)
                if not published(said):
                    return Example(said, tuple(clauses), self.world)

    # -- commands ----------------------------------------------------------------------------------------------------

    def _command(self) -> tuple[str, list[Clause]]:
        r = self.draw.random()
        if r < 0.03:
            return self._pick("nothing"), []
        if r < 0.15:
            return self._need()
        if r < 0.20:
            return self._listed()
        if r < 0.24:
            return self._visits()
        if r < 0.30:
            return self._preference()
        if r < 0.64:
            return self._part()
        if r < 0.68:
            return self._swap()
        return self._joined()

    def _joined(self) -> tuple[str, list[Clause]]:
        """Two or three parts in the order of the text, or turned round."""
        first, clauses = self._part(plain=True)
        for _ in range(1 if self.draw.random() < 0.8 else 2):
            second, more = self._part(plain=True)
            if self.draw.random() < 0.12:
                text = self._pick("reversed")
                first, clauses = fill(text, {"a": first, "b": second}), more + clauses
            else:
                first, clauses = fill(self._pick("connectors"), {"a": first, "b": second}), clauses + more
        return first, clauses

    def _listed(self) -> tuple[str, list[Clause]]:
        """Several objects in one list: "a coke, an apple and the sponge"; to the user, to a place or away."""
        things = [self._thing() for _ in range(2 if self.draw.random() < 0.65 else 3)]
        words = [thing.text for thing in things]
        last = self.draw.choice([" and ", ", and ", " and also ", " plus ", " as well as ", " & "])
        x = (", ".join(words[:-1]) + last + words[-1]) if len(words) > 2 else words[0] + last + words[1]
        intent = self.draw.choice(["bring_one", "bring_one", "put_one", "throw_one", "put_one", "put_from"])
        source, source_text = self._source(intent)
        place, place_text = self._place(intent, source)
        text = fill(self._template(intent, plain=False), {"x": x, "place": place_text, "from": source_text})
        verb = "bring" if intent == "bring_one" else "put"
        return text, [Clause(verb, thing.which, 1, False, source, place, thing.left_out) for thing in things]

    def _visits(self) -> tuple[str, list[Clause]]:
        one, two = self.draw.sample(GOING[:-1], 2)
        slots = {"place": self._name(one), "place2": self._name(two)}
        return fill(self._pick("visit_two"), slots), [Clause("go", place=one), Clause("go", place=two)]

    def _swap(self) -> tuple[str, list[Clause]]:
        away, wanted = self._thing(1), self._thing() if self.draw.random() < 0.6 else self._tagged("one", "wiping")
        text = fill(self._pick("swap"), {"x": away.text, "y": wanted.text})
        gone = Clause("put", away.which, place=TRASH)
        come = Clause("bring", wanted.which, place=USER, left_out=wanted.left_out)
        return text, [gone, come] if text.find(away.text) <= text.rfind(wanted.text) else [come, gone]

    def _need(self) -> tuple[str, list[Clause]]:
        """A need told without the name of what would help."""
        self._imperative = False
        entry = self.draw.choice(self.needs)
        say = self.draw.choice(choose(entry["say"], self._unseen("frames")))
        about = self.index.get(entry.get("about", ""), frozenset())
        clauses = [self._wanted(entry), *(self._wanted(other) for other in entry.get("also", []))]
        if "{object}" in say:
            name = self.draw.choice(sorted(about or self.everything))
            say = say.replace("{object}", self.draw.choice(choose(self.objects[name]["names"], self._unseen("words"))))
            if entry.get("unless_about"):
                wanted = clauses[0].things
                clauses[0] = Clause("bring", wanted - {name}, place=USER, left_out=wanted & {name})
        return say, clauses

    def _preference(self) -> tuple[str, list[Clause]]:
        """What someone likes or cannot have, then a request for a kind of thing."""
        self._imperative = False
        category = self.draw.choice([c for c in NOUNS if len(self.index.get(c, ())) > 1])
        request = fill(self._pick("bring_one"), {"x": indefinite(self.draw.choice(NOUNS[category]))})
        if self.draw.random() < 0.6:
            name = self.draw.choice(sorted(self.index[category] & frozenset(OBJECTS)) or sorted(self.index[category]))
            said = self._said(name)
            said = self.draw.choice([plural, plural, indefinite, _the])(said)
            text, left_out = fill(self._pick("excluding_first"), {"x": said, "c": request}), frozenset({name})
            things = self.index[category] - left_out
        else:
            fitting = [t for t in self.tags if self.tags[t].get("adjectives") and self.index[t] & self.index[category]]
            tag = self.draw.choice(fitting) if fitting else category
            word = self.draw.choice(choose(self.tags[tag].get("adjectives") or [tag], self._unseen("words")))
            text, left_out = fill(self._pick("liking_first"), {"adj": word, "c": request}), frozenset()
            things = self.index[tag] & self.index[category]
        return text, [Clause("bring", things, place=USER, left_out=left_out)]

    def _wanted(self, entry: dict) -> Clause:
        things = frozenset({entry["object"]}) if "object" in entry else self.everything
        for tag in entry.get("want", []):
            things &= self.index.get(tag, frozenset())
        unless = frozenset({entry.get("unless_object", "")}).union(
            *(self.index.get(t, ()) for t in entry.get("unless", []))
        )
        return Clause("bring", things - unless, place=USER, left_out=things & unless)

    def _part(self, plain: bool = False) -> tuple[str, list[Clause]]:
        """One frame; `plain` asks for an imperative that others can be joined to."""
        names = list(FORMS)
        intent = self.draw.choices(names, [WEIGHTS.get(name, 1) for name in names])[0]
        verb, count = FORMS[intent]
        template = self._template(intent, plain)
        source, source_text = self._source(intent)
        place, place_text = self._place(intent, source)
        slots = {"place": place_text, "from": source_text}
        things, left_out = frozenset[str](), frozenset[str]()
        different = intent == "bring_different"
        if "{xs}" in template:
            slots["xs"], things, left_out = self._things(different or count < 0)
        elif "{x}" in template:
            slots["x"], things, left_out = self._thing()
        if intent in ("bring_everything_from", "clear_place"):
            things, left_out = self.everything, frozenset()
        elif intent.endswith("all_from") and self.draw.random() < 0.3 and "all the {xs}" in template:
            template, things = template.replace("all the {xs}", self.draw.choice(EVERYTHING)), self.everything
            left_out = frozenset()
        if count < 0:
            count = self.draw.choice([2, 2, 2, 3, 3, 4, 5])
            slots["n"] = self.draw.choice([str(count), ENGLISH[count], ENGLISH[count]])
        return fill(template, slots), [Clause(verb, things, count, different, source, place, left_out)]

    # -- pieces ------------------------------------------------------------------------------------------------------

    def _place(self, intent: str, source: frozenset[str]) -> tuple[frozenset[str], str]:
        """Where things end up."""
        if intent.startswith(("bring", "take", "holding_bring")):
            return USER, "me"
        if intent.startswith(("throw", "clear", "holding_throw")):
            return TRASH, "the trash"
        if intent == "store_in_drawer":
            return DRAWER, "the drawer"
        if intent in ("pick_one", "find_one", "drop_one", "open_drawer", "close_drawer"):
            return frozenset(), ""
        place = self.draw.choice([p for p in (GOING if intent == "go_to" else GOING[:-1]) if not p & source])
        return place, self._name(place)

    def _source(self, intent: str) -> tuple[frozenset[str], str]:
        if intent == "take_from_drawer":
            return DRAWER, "the drawer"
        if intent.endswith("_from") or intent == "clear_place":
            place = self.draw.choice(SOURCES)
            return place, self._name(place)
        return frozenset(), ""

    def _name(self, place: frozenset[str]) -> str:
        names = USER_NAMES if place == USER else PLACE_NAMES[place]
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
            article: Callable[[str], str] = self.draw.choice([indefinite, indefinite, _the, _the, _one, _my])
            return Thing(article(noun), frozenset({name}))
        if r < 0.66:
            return self._tagged("one")
        if r < 0.76:
            return self._qualified()
        if r < 0.94:
            return self._excluding()
        one, other = self._thing(1), self._thing(1)
        either = "either " if self.draw.random() < 0.3 else ""
        return Thing(f"{either}{one.text} or {other.text}", one.which | other.which)

    def _tagged(self, form: str, tag: str | None = None) -> Thing:
        tags = [tag for tag in self.tags if self.index[tag] and self.tags[tag].get(form)]
        common = [tag for tag in tags if self.index[tag] & frozenset(OBJECTS)]
        tag = tag or self.draw.choice(common if self.draw.random() < 0.7 else tags)
        return Thing(self.draw.choice(choose(self.tags[tag][form], self._unseen("words"))), self.index[tag])

    def _qualified(self) -> Thing:
        """An adjective before a category: "a salty snack"."""
        for _ in range(50):
            category = self.draw.choice([c for c in NOUNS if c in self.index])
            tag = self.draw.choice([t for t in self.tags if self.tags[t].get("adjectives")])
            both = self.index[tag] & self.index[category]
            if both and both != self.index[category]:
                word = self.draw.choice(choose(self.tags[tag]["adjectives"], self._unseen("words")))
                return Thing(indefinite(f"{word} {self.draw.choice(NOUNS[category])}"), both)
        return self._tagged("one")

    def _excluding(self) -> Thing:
        """A category without one object, or without a kind: "a fruit that is not an apple"."""
        category = self.draw.choice([c for c in NOUNS if len(self.index.get(c, ())) > 1])
        r = self.draw.random()
        noun = "something" if r < 0.25 else indefinite(self.draw.choice(NOUNS[category]))
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
            said = self.draw.choice([indefinite, _the])(self._said(name))
            return Thing(f"{text} {word} {said}", which - {name}, frozenset({name}))
        return Thing(text, which)

    def _around(self, text: str) -> str:
        """A wrapper of politeness, and sometimes neutral talk before or after."""
        if self.draw.random() < 0.45 and text.split()[0].lower() not in (
            "i",
            "i'm",
            "is",
            "are",
            "can",
            "could",
            "there",
            "my",
        ):
            text = fill(self._pick("wrappers"), {"c": text.rstrip(".!?")})
        if self.draw.random() < 0.1:
            talk = self._pick("chatter")
            text = f"{talk} {text}" if self.draw.random() < 0.7 else f"{text.rstrip('.')}. {talk}"
        return text


def _one(noun: str) -> str:
    return noun if is_plural(noun) else f"one {noun}"


def _the(noun: str) -> str:
    return f"the {noun}"


def _my(noun: str) -> str:
    return f"my {noun}"
