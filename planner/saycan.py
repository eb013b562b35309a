"""SayCan (Ahn et al. 2022, arXiv 2204.01691, section 3 and algorithm 1): argmax over skills of p_LLM(text) x p(success).

At every decision all skill texts and "done" are scored for all environments in one call; the chosen one is appended to the
history, and "done" ends the plan. Ablations of the paper's table 2: without the affordance, and `Generate`, in which the
model writes a step freely and the nearest skill by sentence similarity is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from planner.effects import missing
from planner.language import LanguageModel, Normalisation, Prompt
from planner.similarity import sentence_vectors
from planner.types import FAILED, Candidate, Decision, Facts, Goal
from sim.world import UserError
from skills.library import SkillLibrary
from skills.schema import Skill

DONE = "done"
LEAST = 1e-6  # affordance that a score counts with at least
SHOWN = 8  # candidates kept in a decision


class SayCan:
    """The paper's rule. Goals are not looked at: a command, the facts and the history are all there is."""

    uses_goals = False

    def __init__(self, library: SkillLibrary, model: LanguageModel, *, affordance: bool = True,
                 normalisation: Normalisation = Normalisation.SUM):  # fmt: skip
        self.name = "saycan" if affordance else "no-affordance"
        self.library, self.model, self.uses_affordance, self.normalisation = library, model, affordance, normalisation
        self.by_text: dict[str, list[int]] = {}
        self.skills = list(library.skills.values())
        for k, skill in enumerate(self.skills):
            self.by_text.setdefault(skill.text, []).append(k)
        self.texts = [*self.by_text, DONE]

    def decide(self, goals: Sequence[Goal], facts: Sequence[Facts], history: Sequence[Sequence[str]],
               affordance: np.ndarray | None = None, commands: Sequence[str] | None = None) -> list[Decision]:  # fmt: skip
        """The best product of Say and Can for every environment."""
        prompts = self.prompts(commands, facts, history)
        say = self.say(prompts)
        return [
            self._one(say[k], facts[k], affordance[k] if affordance is not None else None) for k in range(len(prompts))
        ]

    def prompts(
        self, commands: Sequence[str] | None, facts: Sequence[Facts], history: Sequence[Sequence[str]]
    ) -> list[Prompt]:
        """Commands, facts and the texts of what was run."""
        if commands is None:
            raise UserError(f"planner '{self.name}' reads commands; none were given")
        return [Prompt(c, f, told(past, self.library)) for c, f, past in zip(commands, facts, history, strict=True)]

    def say(self, prompts: Sequence[Prompt]) -> np.ndarray:
        """Log-probability [P, texts] of every text."""
        return self.model.score(prompts, self.texts).normalised(self.normalisation, self.texts)

    def _one(self, say: np.ndarray, facts: Facts, chance: np.ndarray | None) -> Decision:
        found: list[tuple[Candidate, Skill | None]] = []
        for text, p in zip(self.texts, say, strict=True):
            if text == DONE:
                found.append((Candidate(DONE, float(np.exp(p)), 1.0, float(p)), None))
                continue
            can, skill = max(
                ((self._can(k, facts, chance), k) for k in self.by_text[text]), key=lambda pair: (pair[0], -pair[1])
            )
            score = float(p + np.log(max(can, LEAST))) if self.uses_affordance else float(p)
            shown = can if self.uses_affordance else None
            found.append((Candidate(self.skills[skill].name, float(np.exp(p)), shown, score), self.skills[skill]))
        found.sort(key=lambda pair: -pair[0].score)
        candidates = [candidate for candidate, _ in found[:SHOWN]]
        best = found[0][1]
        if best is None:
            return Decision(None, "done", candidates, reason='the model says "done"')
        return Decision(best.name, "act", candidates, [best.name])

    def _can(self, k: int, facts: Facts, chance: np.ndarray | None) -> float:
        """P(success) of a skill now: none where its needs do not hold, else the success head's or the measured one."""
        skill = self.skills[k]
        if missing(skill, facts):
            return 0.0
        if chance is not None and not np.isnan(chance[k]):
            return float(chance[k])
        return 1.0 if skill.success is None else skill.success


class Writer(Protocol):
    """A model that can write a next step freely."""

    def write(self, prompts: Sequence[Prompt]) -> list[str]:
        """One step per prompt."""


class Generate(SayCan):
    """The step that the model writes, mapped to the skill whose text is nearest."""

    def __init__(self, library: SkillLibrary, model: LanguageModel):
        super().__init__(library, model, affordance=False)
        self.name = "generate"
        if not hasattr(model, "write"):
            raise UserError(f"planner 'generate' needs a model that writes text; '{model.name}' does not")

    def say(self, prompts: Sequence[Prompt]) -> np.ndarray:
        """Similarity [P, texts] of what was written to every text, as log of its share."""
        written = self.model.write(prompts)  # type: ignore[attr-defined]
        likeness = (sentence_vectors(written) @ sentence_vectors(self.texts).T).numpy() * 20.0
        return likeness - np.log(np.exp(likeness).sum(-1, keepdims=True))


def told(history: Sequence[str], library: SkillLibrary) -> tuple[str, ...]:
    """Names of skills as texts; the mark of a failure stays."""
    found: list[str] = []
    for entry in history:
        skill: Skill | None = library.skills.get(entry.removesuffix(FAILED))
        if skill is not None:
            found.append(skill.text + (FAILED if entry.endswith(FAILED) else ""))
    return tuple(found)
