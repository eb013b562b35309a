"""Whole commands with their meaning written beside them (`words/told.yaml`, `words/craft_told.yaml`), for what no frame says.

    - do: [put x < from > trash_can, bring cleaning > user]
      x: drink
      say: ["ugh, {x} {from} is empty, and it left a puddle"]

A line of `do` is a clause: VERB [COUNT] [WHAT] [< SOURCE] [> PLACE]. COUNT is a number, `n` (drawn, said as {n}), `all`, or `each`
(one of every kind); `different` may follow it. WHAT is a slot (x, y, z; plural xs, ys), `held`, `everything`, or names of objects
and tags put together from left to right by & (and), | (or) and - (without). SOURCE and PLACE are places, or the slots from, place,
place2, place3. Other keys restrict a slot: to an expression such as WHAT, or to a list of places. In a saying {x} has an article
and {x0} none.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

from planner.embedded import lexicon
from planner.embedded.clauses import ALL, Clause
from planner.embedded.lexicon import held_out

SLOT = re.compile(r"\{(\w+)\}")
_TERMS = re.compile(r"([&|-]?)([\w ]+)")
PLACE_SLOTS = ("place", "place2", "place3", "from")


class Told(NamedTuple):
    """One entry: clauses as written, what restricts its slots, and the ways to say it."""

    do: tuple[str, ...]
    where: Mapping[str, Any]
    say: tuple[str, ...]


class Parts(NamedTuple):
    """A clause as written, taken apart."""

    verb: str
    number: str
    different: bool
    what: str
    source: str
    place: str


@lru_cache(maxsize=4)
def entries(name: str) -> tuple[Told, ...]:
    """The entries of words/NAME.yaml."""
    return tuple(
        Told(tuple(entry["do"]), {k: v for k, v in entry.items() if k not in ("do", "say")}, tuple(entry["say"]))
        for entry in lexicon.load(name)
    )


@lru_cache(maxsize=8)
def _drawn(name: str, unseen: bool) -> tuple[tuple[Told, ...], tuple[float, ...]]:
    """The entries with the sayings that training sees, or those it does not, and how often each is drawn, summed up: one with
    many sayings oftener, but less than in proportion."""
    kept = [entry._replace(say=tuple(s for s in entry.say if held_out(s) == unseen)) for entry in entries(name)]
    some = tuple(entry for entry in kept if entry.say)
    return some, tuple(accumulate(len(entry.say) ** 0.8 for entry in some))


def draw(name: str, source: random.Random, unseen: bool) -> tuple[Told, str]:
    """An entry of words/NAME.yaml and one of its sayings, among those that training sees or those it does not."""
    some, shares = _drawn(name, unseen)
    entry = source.choices(some, cum_weights=shares)[0]
    return entry, source.choice(entry.say)


def parts(text: str) -> Parts:
    """A clause taken apart. Raises ValueError for what is not one."""
    found = re.fullmatch(
        r"(\w+)(?: (\d+|n|all|each))?(?: (different))?(?: ([\w&|-]+))?(?: < (\w+))?(?: > (\w+))?", text.strip()
    )
    if not found:
        raise ValueError(f"{text!r} is no clause")
    verb, count, different, what, source, place = (part or "" for part in found.groups())
    return Parts(verb, count, bool(different), what, source, place)


def clause(text: str, things: Callable[[str], tuple[frozenset[str], frozenset[str]]],
           places: Callable[[str], frozenset[str]], n: int) -> Clause:  # fmt: skip
    """The clause that a line of `do` is, once its slots are drawn: `things` gives what a WHAT stands for and what it leaves out,
    `places` the places of a name."""
    p = parts(text)
    which, left_out = things(p.what) if p.what else (frozenset[str](), frozenset[str]())
    number = ALL if p.number in ("all", "each") else n if p.number == "n" else int(p.number or 1)
    in_hand = p.what == "held" and p.verb != "drop"  # nothing else can be dropped
    source = frozenset({"hand"}) if in_hand else places(p.source) if p.source else frozenset[str]()
    place = places(p.place) if p.place else frozenset[str]()
    return Clause(p.verb, which, number, p.different or p.number == "each", source, place, left_out)


def expression(text: str, named: Callable[[str], frozenset[str]]) -> tuple[frozenset[str], frozenset[str]]:
    """What names put together by &, | and - stand for, and what the last - took away."""
    which, left_out = frozenset[str](), frozenset[str]()
    for sign, name in _TERMS.findall(text):
        some = named(name)
        if sign == "&":
            which, left_out = which & some, left_out & some
        elif sign == "-":
            which, left_out = which - some, left_out | (which & some)
        else:
            which = which | some
    return which, left_out
