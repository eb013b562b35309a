"""Commands for the Minecraft-like world with their meaning, drawn from hand-written frames, item names and wishes.

`get` an item (made, mined, cooked or hunted alike: the graph knows how), `place` a block, `seek` a block or a mob, `kill` a
mob, `use` a tool, a weapon, armour or a device.
"""

from __future__ import annotations

from typing import Any

from planner.embedded import lexicon, told
from planner.embedded.clauses import MOST_CLAUSES, Clause, Example
from planner.embedded.corpus import BETWEEN, ENGLISH, MOST_WORDS, Corpus
from planner.embedded.lexicon import Split, choose, fill, indefinite, plural, published
from planner.embedded.noise import disturb
from skills.schema import NEARBY

INTENTS = {"get_one": 6, "get_count": 5, "make_one": 6, "make_count": 4, "mine_one": 2, "mine_count": 2, "cook_one": 2,
           "hunt": 2, "place_one": 3, "find_one": 2, "kill_one": 4, "kill_count": 2, "hunted": 1, "use_tool": 2,
           "use_weapon": 1, "use_worn": 2, "use_tills": 1, "use_bow": 0.5, "use_placed": 1}  # fmt: skip
PREY = (
    "cow",
    "sheep",
    "pig",
    "rabbit",
    "wolf",
    "polar_bear",
    "ocelot",
    "squid",
    "bat",
)  # a hunted "chicken" may be food
WORN = ("_boots", "_leggings", "_chestplate", "_helmet")
DEVICES = ("tnt", "redstone_block", "dispenser", "dropper", "observer", "piston", "redstone_lamp", "redstone_torch", "repeater",
           "detector_rail", "comparator", "activator_rail", "hopper", "noteblock", "lever", "sticky_piston")  # fmt: skip
METALS = ("leather", "iron", "golden", "diamond", "chainmail")
WHERE = ("plains", "forest", "desert", "jungle", "taiga", "swamp", "swampland", "hills", "extreme hills", "mountains", "savanna",
         "ice plains", "woods", "meadow", "snow", "grassland", "birch forest", "forest hills")  # fmt: skip
FORMS_OF_COMMANDS = {
    "part": 0.34,
    "wish": 0.14,
    "joined": 0.08,
    "listed": 0.10,
    "told": 0.26,
    "told_and": 0.05,
    "correction": 0.03,
    "nothing": 0.03,
}
COOKED = ("cooked_", "baked_", "bread")
HUNTED = ("beef", "mutton", "porkchop", "chicken", "leather", "feather", "wool", "string", "rotten_flesh", "bone",
          "gunpowder", "spider_eye", "arrow", "rabbit", "egg")  # fmt: skip
MINED = ("_ore", "cobblestone", "coal", "diamond", "redstone", "dirt", "sand", "gravel", "obsidian", "log", "clay", "stone",
         "lapis", "emerald", "flint")  # fmt: skip


class CraftCorpus(Corpus):
    """Draws examples; see `KitchenCorpus`."""

    world = "craft"

    def __init__(self, seed: int, split: Split = "train"):
        super().__init__(seed, split, "craft_frames")
        words = dict(lexicon.load("craft_items"))
        self.mobs: dict[str, Any] = {name + NEARBY: entry for name, entry in words.pop("mobs").items()}
        self.findable: dict[str, Any] = words.pop("findable") | self.mobs
        self.items: dict[str, Any] = words | {name: {} for name in words.pop("others", [])}
        self.wished = [name for name, entry in self.items.items() if entry.get("wishes")]
        self.kinds = {
            "cook_one": [n for n in self.items if n.startswith(COOKED)], "hunt": [n for n in self.items if n in HUNTED],
            "mine_one": [n for n in self.items if n.endswith(MINED)], "place_one": ["crafting_table", "furnace", "chest", "torch"],
            "kill_one": list(self.mobs), "hunted": [mob + NEARBY for mob in PREY],
            "use_tool": [n for n in self.items if n.endswith(("_pickaxe", "_axe", "_shovel"))],
            "use_weapon": [n for n in self.items if n.endswith(("_sword", "_axe"))],
            "use_worn": [n for n in self.items if n.endswith(WORN)], "use_tills": [n for n in self.items if n.endswith("_hoe")],
            "use_bow": ["bow"], "use_placed": [n for n in self.items if n in DEVICES],
        }  # fmt: skip

    def example(self) -> Example:
        """One command and its meaning."""
        while True:
            drawn = self._drawn()
            if not published(drawn.text):
                return drawn

    def _drawn(self) -> Example:
        self._imperative = True
        form = self.draw.choices(list(FORMS_OF_COMMANDS), list(FORMS_OF_COMMANDS.values()))[0]
        text, clauses = getattr(self, f"_{form}")()
        said = text if form == "nothing" else self._around(text)
        return Example(disturb(said, self.draw), tuple(clauses[:MOST_CLAUSES]), self.world)

    def _nothing(self) -> tuple[str, list[Clause]]:
        return self._pick("nothing"), []

    def _wish(self) -> tuple[str, list[Clause]]:
        """A need told without the name of what would help."""
        self._imperative = False
        name = self.draw.choice(self.wished)
        text = self.draw.choice(choose(self.items[name]["wishes"], self._unseen("frames")))
        return text, [Clause("get", frozenset({name}))]

    def _told(self) -> tuple[str, list[Clause]]:
        """A whole command written with its meaning (see `told`); in it {xs} is the plural of x."""
        self._imperative = False
        entry, say = told.draw("craft_told", self.draw, self._unseen("frames"))
        count, words, items = self._count(), dict[str, str](), dict[str, str]()
        for slot in ("x", "y", "z"):
            names = entry.where.get(slot) or (self.wished if self.draw.random() < 0.5 else list(self.items))
            items[slot] = name = self._candidate(self.draw.choice([n for n in names if n not in items.values()]))
            said = self._said(name)
            words |= {slot: self.draw.choice([indefinite(said), indefinite(said), f"the {said}"]), f"{slot}0": said,
                      f"{slot}s": self._many(name, said)}  # fmt: skip
        words["n"] = self._number(count)
        clauses = []
        for line in entry.do:
            asked = told.parts(line)
            name = items.get(asked.what) or self._candidate(asked.what, asked.verb)
            clauses.append(
                Clause(asked.verb, frozenset({name}), count if asked.number == "n" else int(asked.number or 1))
            )
        return fill(say, words), clauses

    def _told_and(self) -> tuple[str, list[Clause]]:
        """A told sentence, then another one or an order, about different things."""
        while True:
            one, two = self._told(), self._told() if self.draw.random() < 0.5 else self._part(plain=True)
            text = one[0].rstrip(".") + self.draw.choice(BETWEEN[one[0][-1] in "!?"]) + two[0]
            apart = not any(a.things & b.things for a in one[1] for b in two[1])
            if apart and len(text.split()) <= MOST_WORDS:
                self._imperative = False
                return text, one[1] + two[1]

    def _candidate(self, name: str, verb: str = "get") -> str:
        """An item or, for what is looked for or killed, a block or mob nearby; raises KeyError for others."""
        if name in self.findable or (name in self.items and verb not in ("seek", "kill")):
            return name
        if name + NEARBY not in self.findable:
            raise KeyError(name)
        return name + NEARBY

    def _correction(self) -> tuple[str, list[Clause]]:
        """Someone who says one thing and then means another."""
        (wrong, _), (right, clauses) = self._part(plain=True), self._part(plain=True)
        return fill(self._pick("corrections"), {"a": wrong, "b": right}), clauses

    def _joined(self) -> tuple[str, list[Clause]]:
        """Two or three parts in the order of the text, or turned round."""
        a, one = self._part(plain=True)
        for _ in range(1 if self.draw.random() < 0.8 else 2):
            b, two = self._part(plain=True)
            if self.draw.random() < 0.12:
                a, one = fill(self._pick("reversed"), {"a": a, "b": b}), two + one
            else:
                a, one = fill(self._pick("connectors"), {"a": a, "b": b}), one + two
        return a, one

    def _listed(self) -> tuple[str, list[Clause]]:
        """Several items in one list: "a stone axe, two torches and a bed"."""
        parts, clauses, bare = [], [], self.draw.random() < 0.2
        for _ in range(self.draw.choice([2, 2, 3, 3, 4])):
            name = self._item("get_one")
            count = 1 if self.draw.random() < 0.6 else self._count()
            said = self._said(name)
            one = said if bare else f"one {said}" if self.draw.random() < 0.15 else indefinite(said)
            parts.append(one if count == 1 else self._several(name, said, count))
            clauses.append(Clause("get", frozenset({name}), count))
        if len(parts) == 2 and self.draw.random() < 0.25:
            said = fill(self._pick("both"), {"x": parts[0], "y": parts[1]})
            return fill(self._template(self.draw.choice(["get_one", "make_one"]), plain=False), {"x": said}), clauses
        last = self.draw.choice([" and ", ", and ", " plus ", " & ", ", ", " and also ", " and then ", " + "])
        x = (" + " if last == " + " else ", ").join(parts[:-1]) + last + parts[-1]
        key = self.draw.choice(["listed", "listed", "get_one", "make_one"])
        self._imperative = key != "listed"
        return fill(self._template(key, plain=False), {"x": x, "list": x}), clauses

    def _several(self, name: str, said: str, count: int) -> str:
        """A number of items as people write it: "six torches", "6x torch", "torches: 6"."""
        many = self._many(name, said)
        if self.draw.random() < 0.8:
            return f"{self._number(count)} {many}"
        return self.draw.choice(["{n}x {xs}", "{xs} x{n}", "{n} x {xs}", "{xs} ({n})", "{n} of {xs}"]).format(
            n=count, xs=many
        )

    def _part(self, plain: bool = False) -> tuple[str, list[Clause]]:
        intent = self.draw.choices(list(INTENTS), list(INTENTS.values()))[0]
        template = self._template(intent, plain)
        if intent == "find_one" or (intent == "place_one" and self.draw.random() < 0.2):
            verb = "seek" if intent == "find_one" else "place"
            name = (
                self.draw.choice(list(self.findable)) if verb == "seek" else self.draw.choice(self.kinds["place_one"])
            )
        else:
            verb = _verb(intent)
            name = self._item(intent)
        said = self._said(name)
        count = self._count() if "{n}" in template else 1
        r = self.draw.random()
        article = indefinite(said) if r < 0.7 else f"the {said}" if r < 0.8 else f"one {said}" if r < 0.85 else said
        if count == 1 and self.draw.random() < 0.1 and name in self.items and self.items[name].get("one"):
            article = self.draw.choice(choose(self.items[name]["one"], self._unseen("words")))
        if count > 1:
            template = template.replace("{n} {xs}", self._several(name, said, count))
        if count == 1 and verb == "get" and self.draw.random() < 0.03:
            wrong = self._said(self._item(intent))
            article = fill(self._pick("object_corrections"), {"x": indefinite(wrong), "y": article})
        text = fill(template, {"x": article, "n": self._number(count), "xs": self._many(name, said)})
        if verb == "kill" and self.draw.random() < 0.4:
            text = self._fight(text)
        return text, [Clause(verb, frozenset({name}), count)]

    def _fight(self, text: str) -> str:
        """With where and when it is to be, and with what it is to be fought."""
        r = self.draw.random()
        if r < 0.7:
            text = f"{text.rstrip('.!?')} {fill(self._pick('whereabouts'), {'where': self.draw.choice(WHERE)})}"
        if r > 0.4:
            own = [f"a full set of {self.draw.choice(METALS)} armor"] if self.draw.random() < 0.3 else []
            kinds = [self.kinds["use_weapon"], [*self.kinds["use_worn"], "shield"]]
            own += [indefinite(self._said(self.draw.choice(kind))) for kind in kinds if self.draw.random() < 0.7]
            self.draw.shuffle(own)
            items = ", ".join(own[:-1]) + (" and " if own[:-1] else "") + (own[-1] if own else "your fists")
            text = f"{text.rstrip('.!?')} {fill(self._pick('armed'), {'items': items})}"
        return text

    def _item(self, intent: str) -> str:
        known = self.kinds.get(intent.replace("_count", "_one"))
        if known:
            return self.draw.choice(known)
        return self.draw.choice(self.wished if self.draw.random() < 0.5 else list(self.items))

    def _said(self, name: str) -> str:
        entry = self.items.get(name) or self.findable.get(name) or {}
        plain = name.removesuffix(NEARBY).replace("_", " ")
        names = [plain, *entry.get("names", [])]
        return plain if self.draw.random() < 0.35 else self.draw.choice(choose(names, self._unseen("words")))

    def _many(self, name: str, said: str) -> str:
        if self.draw.random() < 0.2:
            return said  # "8 torch", as the tersely minded and lists of items say it
        given = (self.items.get(name) or self.findable.get(name) or {}).get("plural", [])
        return self.draw.choice(given) if given and self.draw.random() < 0.3 else plural(said)

    def _count(self) -> int:
        return self.draw.choice([2, 2, 3, 3, 4, 5, 6, 8, 8, 10, 12, 16, 20, 32, 64])

    def _number(self, count: int) -> str:
        return ENGLISH[count] if count <= 12 and self.draw.random() < 0.5 else str(count)

    def _around(self, text: str) -> str:
        r = self.draw.random()
        if r < 0.18:
            owned = self.draw.sample(self.wished, self.draw.choice([1, 1, 2]))
            items = " and ".join(indefinite(self._said(name)) for name in owned)
            key = "given" if self.draw.random() < 0.75 or "given_head" not in self.frames else "given_head"
            tail = fill(self._pick(key), {"items": items})
            gap = "" if tail[0] in ",.;" else " "
            text = fill(tail, {"c": text}) if "{c}" in tail else f"{text.rstrip('.!?')}{gap}{tail}"
        elif r < 0.5 and self._imperative:
            text = fill(self._pick("wrappers"), {"c": text.rstrip(".!?")})
        elif r < 0.6 and self._imperative:
            text = fill(self._pick("story"), {"c": text.rstrip(".!?")})
        if self.draw.random() < 0.1:
            talk = self._pick("chatter")
            text = f"{talk} {text}" if self.draw.random() < 0.7 else f"{text.rstrip('.')}. {talk}"
        return text


def _verb(intent: str) -> str:
    """The verb of what an intent asks for."""
    if intent.startswith("kill") or intent == "hunted":
        return "kill"
    return "use" if intent.startswith("use") else "place" if intent == "place_one" else "get"
