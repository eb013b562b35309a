"""The hand-written words behind the corpus (`words/*.yaml`), split into what training sees and what is held out.

A template or a phrase is held out when a hash of its text says so (about one in ten), so the split never depends on order.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml

WORDS = Path(__file__).parent / "words"
Split = Literal["train", "frames", "words"]  # "frames": held-out templates; "words": held-out phrases and names
HELD_OUT = 10  # one in so many


@lru_cache(maxsize=8)
def load(name: str) -> Any:
    """The content of words/NAME.yaml."""
    return yaml.load((WORDS / f"{name}.yaml").read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def held_out(text: str) -> bool:
    """Whether training never sees this text."""
    return zlib.crc32(f"saycraft {text}".encode()) % HELD_OUT == 0


@lru_cache(maxsize=1)
def _published() -> frozenset[str]:
    lines = (WORDS / "published.txt").read_text().splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def published(text: str) -> bool:
    """Whether a command is one of a published benchmark, which training must never see; capitals and marks aside."""
    words = " ".join(re.findall(r"[a-z0-9]+", text.lower()))
    return hashlib.sha1(words.encode()).hexdigest()[:12] in _published()


def choose(texts: Iterable[str], unseen: bool) -> list[str]:
    """The texts that training sees, or (where there are any) those it does not."""
    texts = list(texts)
    kept = [text for text in texts if held_out(text) == unseen]
    return kept or texts


_TAIL = re.compile(r" (?:made of|made from|full of|shaped like|which|of|with|from|for|to|in|on|that|without) .*$")


def head(noun: str) -> str:
    """A noun phrase up to what qualifies it: "minecart with a chest" -> "minecart"."""
    return _TAIL.sub("", noun)


def indefinite(noun: str) -> str:
    """The noun with "a" or "an"; "some" before plurals and what is not counted."""
    if is_plural(noun) or head(noun) in UNCOUNTED or head(noun).split()[-1] in UNCOUNTED:
        return f"some {noun}"
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


UNCOUNTED = {"agua", "aqua", "bacon", "beef", "bleach", "bread", "butter", "champagne", "charcoal", "cheese", "cinnamon", "clay",
             "coal", "cobblestone", "coffee", "corn", "cutlery", "detergent", "dirt", "flint", "garlic", "glass",
             "gold", "gravel", "h2o", "ham", "honey", "hummus", "iron", "juice", "kale", "lapis", "lasagna",
             "leather", "lemonade", "milk", "mutton", "obsidian", "paper", "popcorn", "pork", "redstone", "rice",
             "salmon", "sand", "shampoo", "soap", "soda", "spaghetti", "spinach", "stone", "string", "sugar",
             "sunscreen", "sushi", "tea", "tofu", "vinegar", "vodka", "wasabi", "water", "wheat", "whiskey", "wood",
             "wool", "yogurt"}  # fmt: skip


def is_plural(noun: str) -> bool:
    """Whether the noun phrase is a plural one, by its head."""
    last = head(noun).split()[-1]
    return last.endswith("s") and not last.endswith(("ss", "us")) and last not in {"lens", "compass"}


def plural(noun: str) -> str:
    """More than one of it: "can of coke" -> "cans of coke"."""
    if is_plural(noun):
        return noun
    *words, last = head(noun).split()
    rest = noun[len(head(noun)) :]
    if last.endswith(("ch", "sh", "x", "z", "ss", "us")) or last in {"mango", "potato", "tomato"}:
        many = last + "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        many = last[:-1] + "ies"
    elif last.endswith("fe"):
        many = last[:-2] + "ves"
    elif last.endswith("f") and last != "beef":
        many = last[:-1] + "ves"
    else:
        many = last + "s"
    return " ".join([*words, many]) + rest


def fill(template: str, slots: Mapping[str, str]) -> str:
    """The template with its {slots} filled in."""
    for name, value in slots.items():
        template = template.replace("{" + name + "}", value)
    return template
