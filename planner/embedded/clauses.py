"""What a command asks for, in a form between words and goals: clauses, in the order they are to be done.

"bring me two different drinks, then go to the table" is [bring 2 different of {coke, tea, ...}], [go to the table].
Numbers in the text are replaced by marks, so that a model points at a number instead of knowing all of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

KITCHEN_VERBS = ("bring", "put", "pick", "drop", "find", "go", "open", "close")
CRAFT_VERBS = ("get", "place", "seek", "kill", "use")
VERBS = ("none", *KITCHEN_VERBS, *CRAFT_VERBS)
MOST_CLAUSES = 5
MARKS = tuple(f"[unused{k}]" for k in range(1, 7))  # words of BERT's vocabulary that no text has
ALL = 0  # the count of a clause that means every one
NEXT_TO = "next to something"  # a place as the network tells it; next to which object it tells apart from that
BESIDE = "next to the "  # and an object: a place that is where the object lies

_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60}
WORDS = {word: n for n, word in enumerate(_UNITS)} | _TENS
PHRASES = {"half a dozen": 6, "a dozen": 12, "a couple of": 2, "a couple": 2, "a pair of": 2, "both": 2, "a few": 3,
           "several": 3, "a trio of": 3, "half dozen": 6, "dozen": 12, "a stack of": 64, "half a stack of": 32}  # fmt: skip
_WHOLE = "|".join(sorted(PHRASES, key=len, reverse=True))
_NUMBER = re.compile(
    rf"\b(?:{_WHOLE}|(?:{'|'.join(_TENS)})[- ](?:{'|'.join(_UNITS[1:10])})|{'|'.join(WORDS)}|\d{{1,4}})\b"
)


@dataclass(frozen=True)
class Clause:
    """One thing to do. `things`: every object that would do; `count` 0 = all of them (`different`: one of each); places:
    any of these. `left_out` is for training: what would do but for the words that leave it out ("a fruit, but no apple")."""

    verb: str
    things: frozenset[str] = frozenset()
    count: int = 1
    different: bool = False
    source: frozenset[str] = frozenset()
    place: frozenset[str] = frozenset()
    left_out: frozenset[str] = field(default=frozenset(), compare=False)


@dataclass(frozen=True)
class Example:
    """A command and what it means; `split` tells which of its words or frames training never sees."""

    text: str
    clauses: tuple[Clause, ...]
    world: str
    frames: tuple[str, ...] = field(default=(), compare=False)


def beside(name: str) -> str:
    """The place next to an object, as text."""
    return BESIDE + name


def mark_numbers(text: str) -> tuple[str, list[int]]:
    """The text in lower case with its numbers replaced by `MARKS`, and their values in the order of the marks."""
    values: list[int] = []

    def replace(found: re.Match[str]) -> str:
        if len(values) == len(MARKS):
            return found.group()
        values.append(number(found.group()))
        return f" {MARKS[len(values) - 1]} "

    plain = re.sub(r"\b(?:7|seven)[- ]?up(s?)\b", r"7up\1", text.lower().replace("\u2019", "'"))
    plain = re.sub(
        r"(?<![\w*])(?:(\d{1,4})\s?[x\u00d7]|[x\u00d7]\s?(\d{1,4}))(?![\w*])", r" \1\2 ", plain
    )  # "6x torch", "torch x6"
    return " ".join(_NUMBER.sub(replace, plain).split()), values


def number(text: str) -> int:
    """The value of digits, number words or a phrase such as "a couple of"; raises ValueError for anything else."""
    if text.isdigit():
        return int(text)
    if text in PHRASES:
        return PHRASES[text]
    parts = re.split(r"[- ]", text)
    if not all(part in WORDS for part in parts):
        raise ValueError(f"{text!r} is no number")
    return sum(WORDS[part] for part in parts)
