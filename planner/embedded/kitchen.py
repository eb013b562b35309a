"""Commands for the kitchen with their meaning, drawn from hand-written frames and words.

A command is one to three parts; a part is a frame of some intent whose slots are filled with phrases for objects and places.
What a phrase stands for is decided by tags alone, never by a scene, so a command means the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from planner.embedded import lexicon, told
from planner.embedded.clauses import ALL, Clause, Example, beside
from planner.embedded.corpus import BETWEEN, ENGLISH, MOST_WORDS
from planner.embedded.lexicon import Split, choose, fill, indefinite, plural, published
from planner.embedded.noise import disturb
from planner.embedded.phrases import (
    COUNTERS,
    DRAWER,
    GOING,
    HAND,
    OBJECTS,
    SOURCES,
    TRASH,
    TRAY,
    USER,
    Phrases,
    Thing,
    my,
    the,
)

FORMS: dict[str, tuple[str, int]] = {  # intent -> verb, count (-1: the number in the text)
    "bring_one": ("bring", 1), "bring_count": ("bring", -1), "bring_different": ("bring", -1), "bring_all": ("bring", ALL),
    "bring_all_from": ("bring", ALL), "bring_everything_from": ("bring", ALL), "bring_from": ("bring", 1),
    "put_one": ("put", 1), "put_from": ("put", 1), "put_count": ("put", -1), "put_all": ("put", ALL),
    "put_all_from": ("put", ALL), "clear_place": ("put", ALL), "throw_one": ("put", 1), "throw_count": ("put", -1),
    "throw_all": ("put", ALL), "throw_all_from": ("put", ALL), "throw_from": ("put", 1), "pick_one": ("pick", 1),
    "pick_from": ("pick", 1), "find_one": ("find", 1),
    "go_to": ("go", 1), "open_drawer": ("open", 1), "close_drawer": ("close", 1), "take_from_drawer": ("bring", 1),
    "store_in_drawer": ("put", 1), "drop_one": ("drop", 1), "holding_bring": ("bring", 1), "holding_put": ("put", 1),
    "holding_throw": ("put", 1), "held_bring": ("bring", 1), "held_put": ("put", 1), "held_throw": ("put", 1),
    "held_store": ("put", 1), "held_drop": ("drop", 1),
}  # fmt: skip
HELD = tuple(name for name in FORMS if name.startswith("held"))  # "put it down": nothing is named
WEIGHTS = {"bring_one": 9, "put_one": 5, "throw_one": 3, "pick_one": 4, "find_one": 3, "go_to": 3, "bring_count": 3,
           "open_drawer": 2, "close_drawer": 2,
           "bring_different": 3, "bring_all_from": 3, "clear_place": 3, "put_all_from": 2}  # fmt: skip
FORMS_OF_COMMANDS = {  # what a command is made of, and how often
    "part": 0.11, "joined": 0.12, "need": 0.09, "listed": 0.06, "pair": 0.04, "preference": 0.04, "correction": 0.025,
    "visits": 0.03, "beside": 0.045, "told": 0.45, "told_and": 0.10, "swap": 0.02, "each": 0.015, "except": 0.02, "spared": 0.025,
    "nothing": 0.03, "then_close": 0.01, "carry": 0.01,
}  # fmt: skip
PAIRS = {  # two objects of one sentence: frame -> (verb, place) of each; None: the place named
    "both": (("bring", USER), ("bring", USER)), "put_two": (("put", None), ("put", None)),
    "throw_and_put": (("put", TRASH), ("put", None)), "bring_and_put": (("bring", USER), ("put", None)),
}  # fmt: skip
LISTS = {"bring_one": "bring", "bring_list_from": "bring", "put_one": "put", "put_list": "put", "put_list_from": "put",
         "put_from": "put", "throw_one": "put", "throw_list": "put"}  # fmt: skip
INSIDE = re.compile(
    r"\bon ((?:the|our|that|this|your) (?:[\w-]+ ){0,2}"
    r"(?:drawer|draw|trash|bin|garbage|waste|dustbin|rubbish|refuse|litter|junk))\b"
)
ONTO = re.compile(r"\b(?:(?:back |over |right )?(?:onto|on top of|on|upon|at|to)) \{place\}")
NEXT_TO = ("next to {y}", "beside {y}", "right beside {y}", "by {y}", "close to {y}", "near {y}", "right next to {y}",
           "where {y} is", "where {y} stands", "wherever {y} is", "with {y}", "in the same place as {y}", "alongside {y}",
           "next door to {y}", "where you find {y}", "together with {y}", "right by {y}", "over by {y}", "where {y} lies",
           "at the same place as {y}", "close by {y}", "to the side of {y}", "to keep {y} company")  # fmt: skip
EVERYTHING = ("everything", "all of it", "all the stuff", "all items", "each thing", "all the things", "every item",
              "all objects")  # fmt: skip


class KitchenCorpus(Phrases):
    """Draws examples; `split` "train" keeps to seen templates and words, "frames" and "words" hold something unseen."""

    world = "kitchen"
    mixed = ("holding", "bring_list", "put_list", "throw_list")

    def __init__(self, seed: int, split: Split = "train"):
        super().__init__(seed, split, "frames")
        self.needs = lexicon.load("needs")

    def example(self) -> Example:
        """One command and its meaning."""
        while True:
            self._imperative = True
            text, clauses = self._command()
            if len(clauses) <= 5 and all(map(_has_meaning, clauses)):
                text = INSIDE.sub(r"in \1", text)
                said = disturb(self._around(text), self.draw)
                if not published(said):
                    return Example(said, tuple(clauses), self.world)

    # -- commands ----------------------------------------------------------------------------------------------------

    def _command(self) -> tuple[str, list[Clause]]:
        form = self.draw.choices(list(FORMS_OF_COMMANDS), list(FORMS_OF_COMMANDS.values()))[0]
        return getattr(self, f"_{form}")()

    def _nothing(self) -> tuple[str, list[Clause]]:
        return self._pick("nothing"), []

    def _joined(self) -> tuple[str, list[Clause]]:
        """Two or three pieces in the order of the text, or turned round."""
        first, clauses = self._piece()
        for _ in range(1 if self.draw.random() < 0.8 else 2):
            said_so_far = self._imperative
            second, more = self._piece(clauses[-1])
            if not (said_so_far and self._imperative):  # sentences stand side by side
                self._imperative = False
                mark = self.draw.choice(
                    [". ", ". ", ", and ", "; ", "! ", ", also ", ". And ", ". Then ", ", then ", " - ", " "]
                )
                first, clauses = first.rstrip(".!?") + mark + second, clauses + more
            elif self.draw.random() < 0.12:
                text = self._pick("reversed")
                first, clauses = fill(text, {"a": first, "b": second}), more + clauses
            else:
                first, clauses = fill(self._pick("connectors"), {"a": first, "b": second}), clauses + more
        return first, clauses

    def _piece(self, before: Clause | None = None) -> tuple[str, list[Clause]]:
        """A part of a longer command: mostly an imperative; `_imperative` tells whether it is one. After something has been
        picked up or found (`before`), "it" is that."""
        self._imperative = True
        r = self.draw.random()
        if before is not None and before.verb in ("pick", "find") and r < 0.35:
            text, (clause,) = self._part(plain=True, intents=HELD)
            return text, [Clause(clause.verb, before.things, place=clause.place, left_out=before.left_out)]
        if r < 0.70:
            return self._part(plain=True)
        if r < 0.80:
            return self._part(plain=before is not None)
        if r < 0.91:
            return self._listed()
        return self._need() if r < 0.95 else self._pair() if r < 0.98 else self._then_close()

    def _listed(self) -> tuple[str, list[Clause]]:
        """Several objects in one list: "a coke, two apples and the sponge"; to the user, to a place or away."""
        intent = self.draw.choice(list(LISTS))
        source, source_text = self._source(intent)
        place, place_text = self._place(intent, source)
        words, clauses = [], []
        for _ in range(2 if self.draw.random() < 0.65 else 3):
            thing, count, origin = self._thing(), 1, source
            if self.draw.random() < 0.15:
                thing = self._things(counted=True)
                count = self.draw.choice([2, 2, 2, 3, 4])
                thing = thing._replace(text=f"{self.draw.choice([str(count), ENGLISH[count]])} {thing.text}")
            elif not source and self.draw.random() < 0.15:  # each from where it is
                origin = self.draw.choice([some for some in SOURCES if not some & place])
                where = self.draw.choice(["on", "from", "that is on", "off"])
                thing = thing._replace(text=f"{thing.text} {where} {self._name(origin)}")
            words.append(thing.text)
            clauses.append(Clause(LISTS[intent], thing.which, count, False, origin, place, thing.left_out))
        last = self.draw.choice([" and ", ", and ", " and also ", " plus ", " as well as ", " & ", ", then ", " and "])
        x = (", ".join(words[:-1]) + last + words[-1]) if len(words) > 2 else words[0] + last + words[1]
        template = self._template(intent, plain=False)
        return fill(template, {"x": x, "list": x, "place": place_text, "from": source_text}), clauses

    def _pair(self) -> tuple[str, list[Clause]]:
        """Two objects with a place each: "the tea goes on the table, the apple in the bin"."""
        frame = self.draw.choice(list(PAIRS))
        things, spots = {"x": self._thing(1), "y": self._thing(1)}, self.draw.sample(GOING[:-1], 2)
        text = self._pick(frame)
        self._imperative = False
        named = iter(spots)
        made = {}
        for (slot, thing), (verb, place) in zip(things.items(), PAIRS[frame], strict=True):
            made[slot] = Clause(verb, thing.which, place=place or next(named), left_out=thing.left_out)
        one, two = spots
        if frame != "put_two" and made["y"].place & TRASH:
            return self._pair()  # not "one in the bin, the other in the trash"
        clauses = sorted(made.items(), key=lambda item: text.find("{" + item[0] + "}"))
        slots = {slot: thing.text for slot, thing in things.items()}
        return fill(text, slots | {"place": self._name(one), "place2": self._name(two)}), [c for _, c in clauses]

    def _each(self) -> tuple[str, list[Clause]]:
        """One of every kind: "one of each soda you have"."""
        self._imperative = False
        text, which, left_out = self._tagged("many")
        return fill(self._pick("one_of_each"), {"xs": text}), [
            Clause("bring", which, ALL, True, place=USER, left_out=left_out)
        ]

    def _except(self) -> tuple[str, list[Clause]]:
        """All that lies somewhere but one thing: "throw everything on the table away but the apple"."""
        intent = self.draw.choice(["bring_everything_from", "clear_place"])
        self._imperative = False
        source, place = self.draw.choice(SOURCES), USER if intent.startswith("bring") else TRASH
        kept = self._thing(1)
        said = fill(self.draw.choice(choose(self.frames[intent], self._unseen("frames"))), {"from": self._name(source)})
        text = fill(self._pick("excepting"), {"c": said, "x": kept.text})
        verb, things = FORMS[intent][0], self.everything - kept.which
        return text, [Clause(verb, things, ALL, False, source, place, kept.which)]

    def _spared(self) -> tuple[str, list[Clause]]:
        """A part and a word on something that stays out of it; where that would have done, the part is about the rest."""
        while True:
            self._imperative = True
            (said, clauses), name = self._part(plain=True), self._object()
            rest = [replace(c, things=c.things - {name}, left_out=c.left_out | (c.things & {name})) for c in clauses]
            if self._imperative and all(r.things or not c.things for c, r in zip(clauses, rest, strict=True)):
                break
        self._imperative = False
        y = self.draw.choice([the, the, the, my])(self._said(name))
        return fill(self._pick("spared"), {"c": said, "y": y}), rest

    def _then_close(self) -> tuple[str, list[Clause]]:
        thing = self._thing()
        text = fill(self._template("store_and_close", plain=False), {"x": thing.text})
        return text, [Clause("put", thing.which, place=DRAWER, left_out=thing.left_out), Clause("close")]

    def _carry(self) -> tuple[str, list[Clause]]:
        """To a place with something that is not to be put down there."""
        thing, place = self._thing(), self.draw.choice(GOING[:-1])
        text = fill(self._pick("carry_keep"), {"x": thing.text, "place": self._name(place)})
        return text, [Clause("pick", thing.which, left_out=thing.left_out), Clause("go", place=place)]

    def _correction(self) -> tuple[str, list[Clause]]:
        """Someone who says one thing and then means another."""
        while True:
            self._imperative = True
            (wrong, _), (right, clauses) = self._part(plain=True), self._part(plain=True)
            if self._imperative:  # both of them
                self._imperative = False
                return fill(self._pick("corrections"), {"a": wrong, "b": right}), clauses

    def _beside(self) -> tuple[str, list[Clause]]:
        """Put next to something else: a place that only the scene knows."""
        while not ONTO.search(
            template := self._template(self.draw.choice(["put_one", "put_one", "held_put"]), plain=False)
        ):
            self._imperative = True
        named = "{x}" in template
        thing, source = (self._thing(1), frozenset[str]()) if named else (Thing("", self.everything), HAND)
        other = self._object()
        while named and other in thing.which:
            other = self._object()
        slots = {"x": thing.text, "y": self.draw.choice([the, the, the, my, indefinite])(self._said(other))}
        text = fill(ONTO.sub(self.draw.choice(NEXT_TO), template), slots)
        return text, [Clause("put", thing.which, source=source, place=frozenset({beside(other)}))]

    def _visits(self) -> tuple[str, list[Clause]]:
        one, two = self.draw.sample(GOING[:-1], 2)
        if self.draw.random() < 0.35:
            self._imperative = False
            return fill(self._pick("visit_return"), {"place": self._name(one)}), [
                Clause("go", place=one),
                Clause("go", place=USER),
            ]
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
        entry = self.draw.choices(self.needs, [len(entry["say"]) ** 0.8 for entry in self.needs])[0]
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

    def _told(self) -> tuple[str, list[Clause]]:
        """A whole command written with its meaning (see `told`)."""
        self._imperative = False
        entry, say = told.draw("told", self.draw, self._unseen("frames"))
        words, things, places = dict[str, str](), dict[str, Thing](), dict[str, frozenset[str]]()

        def spots(name: str) -> frozenset[str]:
            return places.get(name) or (COUNTERS if name == "counter" else frozenset({name.replace("_", " ")}))

        n = self.draw.choice([2, 2, 2, 3, 3, 4])
        slots = dict.fromkeys([*told.SLOT.findall(say), *(w for line in entry.do for w in re.findall(r"\w+", line))])
        for slot in slots:
            name = slot.removesuffix("0")
            if slot in told.PLACE_SLOTS:
                taken = frozenset[str]().union(*places.values())
                free = [spots(p) for p in entry.where[slot]] if slot in entry.where else SOURCES
                places[slot] = self.draw.choice([place for place in free if not place & taken])
                words[slot] = self._name(places[slot])
            elif name in ("x", "y", "z", "xs", "ys") and name not in things:
                taken = frozenset[str]().union(*(thing.which for thing in things.values()))
                for _ in range(20):  # slots are different things where that can be
                    things[name] = self._slot(name, entry.where.get(name), "{" + name + "0}" in say)
                    if not things[name].which & taken:
                        break
                words[name] = things[name].text
                words[name + "0"] = re.sub(r"^(?:an?|the|one|my|some) ", "", things[name].text)
            elif slot == "n":
                words["n"] = self.draw.choice([str(n), ENGLISH[n], ENGLISH[n]])

        def meant(what: str) -> tuple[frozenset[str], frozenset[str]]:
            if what in things:
                return things[what].which, things[what].left_out
            return told.expression(what, lambda name: things[name].which if name in things else self._named(name))

        return fill(say, words), [told.clause(line, meant, spots, n) for line in entry.do]

    def _told_and(self) -> tuple[str, list[Clause]]:
        """Two sentences about different things, of which one at least is told."""
        while True:
            one = self._told()
            two = self._told() if self.draw.random() < 0.5 else self._piece()
            if (two[1] and two[1][0].source == HAND) or self.draw.random() < 0.4:  # who holds something already
                one, two = two, one
            text = one[0].rstrip(".") + self.draw.choice(BETWEEN[one[0][-1] in "!?"]) + two[0]
            if _apart(one[1], two[1]) and len(text.split()) <= MOST_WORDS:
                self._imperative = False
                return text, one[1] + two[1]

    def _preference(self) -> tuple[str, list[Clause]]:
        """What someone likes or cannot have, then a request for a kind of thing."""
        self._imperative = False
        category = self.draw.choice([c for c in self.nouns if len(self.index.get(c, ())) > 1])
        request = fill(self._pick("bring_one"), {"x": indefinite(self.draw.choice(self.nouns[category]))})
        if self.draw.random() < 0.6:
            name = self.draw.choice(sorted(self.index[category] & frozenset(OBJECTS)) or sorted(self.index[category]))
            said = self._said(name)
            said = self.draw.choice([plural, plural, indefinite, the])(said)
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

    def _part(self, plain: bool = False, intents: Sequence[str] = ()) -> tuple[str, list[Clause]]:
        """One frame; `plain` asks for an imperative that others can be joined to, so not one about what is in the hand."""
        names = list(intents) or [name for name in FORMS if not (plain and name in HELD)]
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
        if intent in ("bring_everything_from", "clear_place") or intent.startswith("held"):
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
        if intent.startswith(("bring", "take", "holding_bring", "held_bring")):
            return USER, "me"
        if intent.startswith(("throw", "clear", "holding_throw", "held_throw")):
            return TRASH, "the trash"
        if intent in ("store_in_drawer", "held_store"):
            return DRAWER, "the drawer"
        if intent in ("pick_one", "pick_from", "find_one", "drop_one", "held_drop", "open_drawer", "close_drawer"):
            return frozenset(), ""
        place = self.draw.choice([p for p in (GOING if intent == "go_to" else GOING[:-1]) if not p & source])
        return place, self._name(place)

    def _source(self, intent: str) -> tuple[frozenset[str], str]:
        if intent == "take_from_drawer":
            return DRAWER, "the drawer"
        if intent.startswith("hold") or (intent.startswith("held") and intent != "held_drop"):
            return HAND, "your hand"
        if intent in ("put_from", "throw_from") and self.draw.random() < 0.12:
            return USER, self.draw.choice(choose(self.places[TRAY], self._unseen("words")))
        if intent.endswith("_from") or intent == "clear_place":
            place = self.draw.choice(SOURCES)
            return place, self._name(place)
        return frozenset(), ""

    def _around(self, text: str) -> str:
        """A wrapper of politeness, and sometimes neutral talk before or after."""
        if self._imperative and self.draw.random() < 0.55:
            text = fill(self._pick("wrappers"), {"c": text.rstrip(".!?")})
        if self.draw.random() < 0.15:
            talk = self._pick("chatter")
            text = f"{talk} {text}" if self.draw.random() < 0.7 else f"{text.rstrip('.')}. {talk}"
        return text


def _has_meaning(clause: Clause) -> bool:
    """Whether there is something to do it with, and several kinds where kinds are to differ ("two different apples" has none)."""
    if clause.different and len(clause.things) < max(clause.count, 2):
        return False
    return bool(clause.things) or clause.verb in ("go", "open", "close")


def _apart(one: Sequence[Clause], two: Sequence[Clause]) -> bool:
    """Whether two commands may stand side by side: not about the same things, nor in the hand what was put elsewhere."""
    seen, more = (frozenset[str]().union(*(clause.things for clause in some)) for some in (one, two))
    return not seen & more and all(clause.source != HAND for clause in two)
