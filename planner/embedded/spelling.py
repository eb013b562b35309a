"""Slips of the finger, mended before a command is read.

A word that neither English, nor MiniLM, nor the corpus, nor the scene knows becomes the word one slip away (a letter lost,
added, changed, or two swapped) that the scene names, or else that is likeliest among those of the corpus, or of English (a
noisy channel, Kernighan, Church and Gale 1990; the words one slip away, and those of English, by the package `pyspellchecker`).

`python -m planner.embedded.spelling` writes the corpus' words, without those that training never sees, to words/spelling.txt.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from planner.embedded import lexicon
from planner.embedded.noise import NEIGHBOURS
from sim.world import UserError
from skills.files import write_atomic

if TYPE_CHECKING:
    from spellchecker import SpellChecker

FILE = lexicon.WORDS / "spelling.txt"
SOURCES = ("objects", "tags", "nouns", "places", "needs", "frames", "told", "craft_frames", "craft_items", "craft_told")
SELDOM = 0.1  # how likely other slips are
SHORTEST = 4  # letters of a word that is mended: shorter ones have too many neighbours
MOST_SLIPS = 3  # times that a misspelt word stands in the corpus at most
OFTEN = 20  # times that the word that is meant stands there at least
_WORD = re.compile(r"[^\W\d_]+")


def mend(text: str, names: Set[str] = frozenset()) -> str:
    """The text with unknown words mended; `names` are words of the scene, in lower case."""
    return _WORD.sub(lambda found: _mended(found.group(), names), text)


def words(texts: Iterable[str]) -> frozenset[str]:
    """The words of some texts, in lower case."""
    return frozenset(word for text in texts for word in _WORD.findall(text.lower().replace("_", " ")))


def _mended(word: str, names: Set[str]) -> str:
    lower = word.lower()
    if len(lower) < SHORTEST or not lower.isascii() or lower in names or _is_known(lower):
        return word
    named = names & set(_english().edit_distance_1(lower))
    return max(named, key=lambda name: (_likely(lower, name), name)) if named else _nearest(lower) or word


@lru_cache(maxsize=50_000)
def _is_known(word: str) -> bool:
    known = _of_minilm(), _of_corpus(), _english().word_frequency
    return any(word in some or (word.endswith("s") and word[:-1] in some) for some in known)


@lru_cache(maxsize=10_000)
def _nearest(word: str) -> str | None:
    """The word one slip away that is most likely meant: by how frequent it is, damped, and by the slip."""
    near = _english().edit_distance_1(word)
    for frequency in (_of_corpus(), _english().word_frequency):
        found = [other for other in near if len(other) > 2 and other in frequency]
        if found:
            return max(found, key=lambda other: (frequency[other] ** 0.5 * _likely(word, other), other))
    return None


def _likely(typed: str, meant: str) -> float:
    """How likely a slip is, up to a factor: losing, doubling or swapping letters and hitting a neighbour of the key, or others."""
    if len(meant) > len(typed):
        return 1.0
    at = next((k for k, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), len(meant))
    if len(meant) < len(typed):
        return 1.0 if at and typed[at] == typed[at - 1] else SELDOM
    swapped = typed[at + 1 :] != meant[at + 1 :]
    return 1.0 if swapped or typed[at] in NEIGHBOURS.get(meant[at], "") else SELDOM


@lru_cache(maxsize=1)
def _english() -> SpellChecker:
    try:
        from spellchecker import SpellChecker
    except ImportError:
        raise UserError("the embedded language model needs pyspellchecker; pip install 'saycraft[language]'") from None
    return SpellChecker(language="en", distance=1)


@lru_cache(maxsize=1)
def _of_minilm() -> frozenset[str]:
    from planner.embedded.batches import tokenizer

    return frozenset(word for word in tokenizer().get_vocab() if word.isalpha())


@lru_cache(maxsize=1)
def _of_corpus() -> dict[str, int]:
    return {word: int(count) for word, count in map(str.split, FILE.read_text().splitlines())}


def counted() -> Counter[str]:
    """How often each word stands in the corpus, but for what is held out."""
    texts = (text for name in SOURCES for text in _texts(lexicon.load(name)) if not lexicon.held_out(text))
    return Counter(word for text in texts for word in re.findall(r"[a-z]+", text.lower().replace("_", " ")))


def _texts(content: Any) -> Iterator[str]:
    """All keys and values of a YAML document that are texts."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)


def _is_slip(word: str, counts: Counter[str]) -> bool:
    """Whether a word of the corpus is itself misspelt there: seldom, no English, no name, a likely slip from a frequent word."""
    if counts[word] > MOST_SLIPS or any(word in some for some in (_of_minilm(), _english().word_frequency, _named())):
        return False
    near = _english().edit_distance_1(word)
    return any(counts[other] >= OFTEN and _likely(word, other) > SELDOM for other in near)


@lru_cache(maxsize=1)
def _named() -> frozenset[str]:
    """Words of the things' names."""
    return words(text for name in ("objects", "craft_items") for text in _texts(lexicon.load(name)))


def listed() -> str:
    """The text of words/spelling.txt: words of more than two letters with their counts, most frequent first."""
    counts = counted()
    known = sorted((-count, word) for word, count in counts.items() if len(word) > 2 and not _is_slip(word, counts))
    return "".join(f"{word} {-count}\n" for count, word in known)


if __name__ == "__main__":
    write_atomic(FILE, listed().encode())
    print(f"written to {FILE.relative_to(FILE.parents[3])}")
