"""Prompts in SayCan's form (appendix C of the paper): example dialogues, then the command and its numbered steps so far.

A line about the scene stands before each command, as in Inner Monologue (Huang et al. 2022): the paper's prompt has none, and
a model then cannot know what is already in hand. The texts lie in `prompts/`; the examples are our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from planner.language import Prompt
from planner.types import FAILED

FOLDER = Path(__file__).parent / "prompts"
MOST_FACTS = 40


@dataclass(frozen=True)
class Rendered:
    """A prompt in three parts: what is the same for all commands, what is asked, and how the answer begins."""

    static: str
    asked: str
    begun: str

    @property
    def text(self) -> str:
        return f"{self.static}{self.asked}\nRobot: {self.begun}"


@lru_cache
def template(name: str) -> str:
    """A prompt text by name."""
    return (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def render(prompt: Prompt) -> Rendered:
    """The few-shot dialogue of a prompt; what is to be scored next is " " + a step's text."""
    steps = [f"{k}. {_told(text)}," for k, text in enumerate(prompt.history, start=1)]
    begun = " ".join(["I would:", *steps, f"{len(steps) + 1}."])
    return Rendered(template("steps"), f"Scene: {scene(prompt.facts)}.\nHuman: {prompt.command}", begun)


def scene(facts: Mapping[str, int]) -> str:
    """Facts as words: "2 coke at table, robot at table"."""
    said = [
        (f"{n} " if n > 1 else "") + name.replace("_", " ")
        for name, n in sorted(facts.items())
        if n > 0 and not name.startswith("visited_")
    ]
    more = f", and {len(said) - MOST_FACTS} more" if len(said) > MOST_FACTS else ""
    return ", ".join(said[:MOST_FACTS]) + more if said else "nothing"


def _told(text: str) -> str:
    return f"{text.removesuffix(FAILED)} (failed)" if text.endswith(FAILED) else text
