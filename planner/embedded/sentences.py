"""Which sentences a long command can be taken apart into, and whether they are read better one by one than all at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

PER_CUT = 0.35  # factor of what is taken apart: sentences belong together, and refer to each other
MOST_CUTS = 4
SHORTEST = 2  # words of a sentence
_BETWEEN = re.compile(
    r"(?<=[.!?;])\s+(?=\S)|\s+-\s+|\s*\.\.\.\s*|,\s*(?:and )?then\s+|,\s*plus\s+|,\s*and\s+|\bafter that,?\s+"
)
R = TypeVar("R")


def sentences(command: str) -> list[list[str]]:
    """What stands between the I-th and the J-th place where the command can be cut: [I][J - I]; [0][-1] is all of it.

    Cut is where a sentence ends, or where another errand is begun ("..., then ..."); a short piece stays with the one before.
    """
    ends, begins, at = list[int](), [0], 0
    for found in _BETWEEN.finditer(command):
        if min(len(command[at : found.start()].split()), len(command[found.end() :].split())) >= SHORTEST:
            ends.append(found.start())
            begins.append(found.end())
            at = found.end()
        if len(ends) == MOST_CUTS:
            break
    ends.append(len(command))
    return [[command[begin:end] for end in ends[k:]] for k, begin in enumerate(begins)]


def likeliest_parts(table: Sequence[Sequence[R]], probability: Callable[[R], float]) -> list[R]:
    """The readings of consecutive pieces that are most probable together, of a table like that of `sentences`."""
    best: list[tuple[float, list[R]]] = [(1.0, [])]
    for end in range(len(table)):
        best.append(max(
            ((p * probability(table[begin][end - begin]) * (PER_CUT if begin else 1.0), [*some, table[begin][end - begin]])
             for begin, (p, some) in enumerate(best)),
            key=lambda pair: pair[0],
        ))  # fmt: skip
    return best[-1][1]
