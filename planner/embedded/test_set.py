"""How well a model reads commands that training never saw: fresh draws, held-out frames, held-out words."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from planner.embedded.batches import SPOTS, beside_what, kitchen_skills
from planner.embedded.clauses import Clause, Example
from planner.embedded.craft import CraftCorpus
from planner.embedded.kitchen import KitchenCorpus
from planner.embedded.lexicon import Split
from planner.embedded.phrases import OBJECTS
from planner.embedded.scenes import worked_out
from planner.language import Prompt
from skills.statistics import wilson

if TYPE_CHECKING:
    from planner.embedded.model import EmbeddedModel

SPLITS: tuple[Split, ...] = ("train", "frames", "words")
SEED = 1_000_003  # far from any training seed


def examples(corpus: KitchenCorpus | CraftCorpus, number: int) -> list[Example]:
    """Commands whose meaning the sixteen kitchen objects, or the items, can show."""
    found, known = list[Example](), frozenset(OBJECTS)
    while len(found) < number:
        example = corpus.example()
        if corpus.world == "craft" or all(
            (clause.things & known or not clause.things) and known.issuperset(beside_what(clause))
            for clause in example.clauses
        ):
            found.append(example)
    return found


def same(read: Sequence[Clause], meant: Sequence[Clause], candidates: frozenset[str]) -> bool:
    """Whether two meanings agree, over the objects at hand."""

    def shown(clause: Clause) -> Clause:
        things = clause.things & candidates - frozenset(beside_what(clause))  # nothing is put next to itself
        return Clause(clause.verb, things, clause.count, clause.different, clause.source, clause.place)

    return [shown(c) for c in read] == [shown(c) for c in meant]


def accuracy(model: EmbeddedModel, number: int = 1000) -> dict[str, dict[str, float]]:
    """Share of commands read exactly right, per world and split, with 95 % intervals; and of next skills of the kitchen."""
    found: dict[str, dict[str, float]] = {}
    for split in SPLITS:
        for corpus in (KitchenCorpus(SEED, split), CraftCorpus(SEED, split)):
            some = examples(corpus, number)
            candidates = OBJECTS if isinstance(corpus, KitchenCorpus) else (*corpus.items, *corpus.findable)
            read = model.parse([example.text for example in some], candidates, SPOTS, corpus.world)
            right = [same(r.clauses, e.clauses, frozenset(candidates)) for r, e in zip(read, some, strict=True)]
            low, high = wilson(sum(right), len(right))
            found[f"{corpus.world} {split}"] = {
                "accuracy": sum(right) / len(right),
                "low": low,
                "high": high,
                "n": len(right),
            }
    found["kitchen steps"] = next_skills(model, number // 2)
    return found


def next_skills(model: EmbeddedModel, number: int) -> dict[str, float]:
    """How often the model's best candidate is a right next skill, over worked-out plans of held-out frames."""
    corpus, draw, right, asked = KitchenCorpus(SEED, "frames"), random.Random(SEED), 0, 0
    while asked < number:
        prompts, answers = [], []
        for example in examples(corpus, 64):
            plan = worked_out(example.clauses, draw, known_only=True)
            if plan:
                step = draw.choice(plan)
                facts = {name.replace(" ", "_"): n for name, n in step.facts.items()}
                prompts.append(Prompt(example.text, facts, step.history))
                answers.append(step.right)
        skills = kitchen_skills(OBJECTS)
        scores = model.score(prompts, skills).log_probs
        right += sum(skills[int(row.argmax())] in answer for row, answer in zip(scores, answers, strict=True))
        asked += len(prompts)
    low, high = wilson(right, asked)
    return {"accuracy": right / asked, "low": low, "high": high, "n": asked}
