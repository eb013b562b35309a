"""What both corpora share: frames drawn from the seen or the unseen ones, sentences that cannot be wrapped, the numbers."""

from __future__ import annotations

import random
from typing import Any, ClassVar

from planner.embedded import lexicon
from planner.embedded.lexicon import Split, choose

ENGLISH = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
BETWEEN = {  # two sentences: after a mark that ends one, or not
    True: (" ", " ", " also, ", " and ", " oh, and "),
    False: (". ", ". ", ". ", ", and ", "; ", " - ", ". oh and ", ". also, ", ". and ", ", then ", ". after that ", ", plus "),
}  # fmt: skip
MOST_WORDS = 42  # of two sentences


class Corpus:
    """Draws from the frames of one world; `split` "train" keeps to seen templates and words, "frames" and "words" hold
    something unseen."""

    world: ClassVar[str]
    mixed: ClassVar[tuple[str, ...]] = ()  # intents that begin so have imperatives and whole sentences in one list

    def __init__(self, seed: int, split: Split, frames: str):
        self.draw, self.split = random.Random(f"{self.world} {split} {seed}"), split
        self.frames: dict[str, Any] = lexicon.load(frames)
        self._imperative = True  # whether the command at hand can be wrapped: "could you {c}"

    def _template(self, intent: str, plain: bool) -> str:
        """A frame of an intent; unless `plain`, sometimes a whole sentence that nothing can be wrapped round."""
        whole = self.frames.get(f"{intent}_sentence", [])
        if whole and not plain and self.draw.random() < 0.3:
            self._imperative = False
            return self._pick(f"{intent}_sentence")
        if self.mixed and intent.startswith(self.mixed):
            self._imperative = False
        return self._pick(intent)

    def _pick(self, key: str) -> str:
        return self.draw.choice(choose(self.frames[key], self._unseen("frames")))

    def _unseen(self, what: Split) -> bool:
        return self.split == what and self.draw.random() < 0.8
