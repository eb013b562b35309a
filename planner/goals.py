"""From a command to a goal: by the names in it, else by the similarity of its words to every known goal.

"get 3 logs" -> {log: 3}; "place a furnace" -> {furnace_nearby: 1}; what follows "given" or "with" says what one has and
is no goal. Similarity is the cosine of all-MiniLM-L6-v2 sentence vectors, where that package is installed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from planner.similarity import similarities
from sim.world import UserError
from skills.library import SkillLibrary
from skills.schema import NEARBY

LEAST_SIMILARITY = 0.55  # below it a command is refused
COUNTING = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
MATERIALS = {"gold", "golden", "iron", "diamond", "stone", "obsidian", "chainmail"}  # never taken for one another
NUMBERS = {word: n for n, word in enumerate(COUNTING, 1)} | {
    "a": 1, "an": 1, "the": 1, "some": 1, "pair": 2, "couple": 2, "dozen": 12,
}  # fmt: skip
PLACE = re.compile(r"^(?:place|put|put down|set up|set down|find|look for|locate|go to|reach|approach|walk to)\b")
GET = re.compile(
    r"^(?:please |now |i want(?: you)? to |i need |i want |can you |could you )*"
    r"(?:(?:get|make|craft|obtain|build|collect|gather|cut|chop|mine|dig(?: for)?|harvest|smelt|cook|hunt(?: for)?|fetch|"
    r"produce|create|bring|bring me|give me|acquire|find|milk|shear)\b(?: me\b| us\b| up\b| down\b)?)?"
)
GIVEN = re.compile(r"\b(?:given|with|using|from|having|when you have|out of)\b.*$")
EVERYDAY = {"wood": "log", "tree": "log", "plank": "planks", "wooden plank": "planks", "workbench": "crafting_table",
            "table": "crafting_table", "stone pick": "stone_pickaxe", "wooden pick": "wooden_pickaxe",
            "iron pick": "iron_pickaxe", "milk": "milk_bucket", "bucket of milk": "milk_bucket", "charcoal": "coal",
            "steak": "cooked_beef", "cobble": "cobblestone", "lumber": "planks", "timber": "log"}  # fmt: skip


@dataclass(frozen=True)
class Match:
    """A command's goal; `exact` where its words named it, otherwise `score` is a cosine in [0, 1]."""

    goal: tuple[Mapping[str, int], ...]
    name: str
    score: float
    exact: bool
    runners_up: list[tuple[str, float]] = field(default_factory=list)


def match(command: str, library: SkillLibrary) -> Match:
    """The goal that `command` asks for; raises `UserError` when nothing that the library obtains is close."""
    named = exact(command, library)
    if named:
        return Match((named,), ", ".join(_words(fact) for fact in named), 1.0, True)
    return _similar(command, _plain(command), _obtained(library), library)


def exact(command: str, library: SkillLibrary) -> dict[str, int] | None:
    """The goal of a command whose every word is a known name or number; None for any other one.

    Raises `UserError` for an empty command and for one that asks for none.
    """
    text = _plain(command)
    if not text:
        raise UserError("the command is empty; expected words such as 'make a wooden pickaxe' or 'get 3 logs'")
    if re.search(r"(?:^| )0+(?: |$)", text):
        raise UserError(f"'{command}' asks for none; expected a count of at least 1")
    return _told(text, library) or _named(text, _obtained(library))


def _plain(command: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9 ]+", " ", command.lower().replace(",", " and ")).split())


def _obtained(library: SkillLibrary) -> dict[str, None]:
    return {fact: None for skill in library.skills.values() for fact in skill.obtains}


def _told(text: str, library: SkillLibrary) -> dict[str, int] | None:
    """The goal of a command that is a skill's own text, such as "milk a cow"."""
    for skill in library.skills.values():
        if _bare(text) == _bare(skill.text) and skill.kind != "craft":
            return dict.fromkeys(skill.obtains, 1)
    return None


def _bare(text: str) -> str:
    return re.sub(r"\b(?:a|an|the|some|one) ", "", text)


def _named(text: str, facts: Mapping[str, None]) -> dict[str, int] | None:
    """The quantities of a command in which every part names a fact; None when one does not."""
    goal: dict[str, int] = {}
    verb = ""
    for piece in re.split(r"\band\b", GIVEN.sub("", text)):
        part = piece.strip()
        if not part:
            continue
        verb, rest, n = _parse(part, verb)
        fact = _fact(rest, verb, facts)
        if fact is None or n < 1:
            return None
        goal[fact] = 1 if fact.endswith(NEARBY) else goal.get(fact, 0) + n
    return goal or None


def _parse(part: str, verb: str) -> tuple[str, str, int]:
    """(verb "place" or "get", noun, count) of one part; a part without a verb has the last one's."""
    place = PLACE.match(part)
    if place:
        verb, part = place.group().split()[0], part[place.end() :].strip()
    else:
        found = GET.match(part)
        if found and found.group():
            verb, part = "cook" if "cook" in found.group() else "get", part[found.end() :].strip()
    words, n = part.replace("pair of shears", "shears").split(), 1
    while words and (words[0].isdigit() or words[0] in NUMBERS or words[0] == "of"):
        word = words.pop(0)
        n = int(word) if word.isdigit() else max(n, NUMBERS.get(word, 1))
    return verb, " ".join(words), n


def _fact(noun: str, verb: str, facts: Mapping[str, None]) -> str | None:
    """The fact of a noun in singular or plural: the nearby one for "place" and "find", else the item."""
    nearby = noun.endswith((" nearby", " near", " close by"))
    noun = re.sub(r" (?:nearby|near|close by)$", "", noun)
    names = [name.replace(" ", "_") for form in _forms(noun) for name in (form, EVERYDAY.get(form, form))]
    wanted = [name + NEARBY for name in names]
    if nearby or verb not in ("", "get", "cook"):
        names = [*wanted, *names]
    elif verb == "cook":
        names = [*("cooked_" + name for name in names), *names]
    return next((name for name in names if name in facts), None)


def _forms(noun: str) -> list[str]:
    """A noun and what it may be the plural or singular of."""
    forms = [noun, noun + "s"]
    for end, instead in (("ves", "f"), ("ies", "y"), ("es", ""), ("s", "")):
        if noun.endswith(end):
            forms.append(noun.removesuffix(end) + instead)
    head, _, tail = noun.partition(" of ")
    return [*forms, f"{tail} {head}"] if tail else forms


def _similar(command: str, text: str, facts: Mapping[str, None], library: SkillLibrary) -> Match:
    """The goal whose words lie nearest to the command's; refused below `LEAST_SIMILARITY`."""
    sentences = [(fact, _words(fact)) for fact in facts]
    sentences += [(fact, s.text) for s in library.skills.values() for fact in s.obtains if s.kind != "craft"]
    noun = GET.sub("", text) or text
    scores = similarities(noun, [sentence for _, sentence in sentences])
    if scores is None:
        alike = difflib.get_close_matches(text.split()[-1], [_words(f) for f in facts], n=4, cutoff=0.3)
        raise UserError(f"'{command}' names no goal of this library; near ones: {', '.join(alike) or _some(facts)}")
    best_of: dict[str, float] = {}
    for (fact, _), value in zip(sentences, scores, strict=True):
        best_of[fact] = max(value, best_of.get(fact, -1.0))
    ranked = sorted(best_of.items(), key=lambda pair: -pair[1])
    (best, score), others = ranked[0], ranked[1:4]
    if score < LEAST_SIMILARITY or (MATERIALS & set(noun.split())) - set(best.split("_")):
        near = ", ".join(f"{_words(fact)} ({value:.2f})" for fact, value in ranked[:3])
        raise UserError(
            f"'{command}' is close to no goal (needs {LEAST_SIMILARITY:.2f} and its material); nearest: {near}"
        )
    numbers = [int(word) for word in text.split() if word.isdigit()]
    n = 1 if best.endswith(NEARBY) or not numbers else max(numbers[0], 1)
    return Match(({best: n},), _words(best), score, False, [(_words(fact), value) for fact, value in others])


def _words(fact: str) -> str:
    return fact.replace("_", " ")


def _some(facts: Mapping[str, None]) -> str:
    return ", ".join(_words(fact) for fact in list(facts)[:6])
