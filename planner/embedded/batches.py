"""From examples to tensors: token ids, and the labels of every clause and of one step of a plan."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from planner.embedded.clauses import ALL, BESIDE, MARKS, MOST_CLAUSES, NEXT_TO, VERBS, Clause, Example, mark_numbers
from planner.embedded.phrases import OBJECTS, PLACES
from planner.embedded.scenes import DONE, STANDING, Step, worked_out
from planner.similarity import WIDTH, minilm, sentence_vectors
from skills.household import find_text

LONGEST = 64  # tokens
SPOTS = (*PLACES, NEXT_TO)  # candidate places
IGNORED = -100  # of a label: what cross entropy leaves out


@dataclass
class Labels:
    """What the heads should say; K clauses, O candidate objects, P = `SPOTS`. Rows without a clause are masked by `real`."""

    verb: Tensor  # int [B, K]
    real: Tensor  # bool [B, K]
    count: Tensor  # int [B, K]
    different: Tensor  # float [B, K]
    source: Tensor  # float [B, K, P]
    place: Tensor  # float [B, K, P]
    things: Tensor  # float [B, K, O]
    left_out: Tensor  # float [B, K, O]
    near: Tensor  # int [B, K]: the object that the place is next to, IGNORED without one
    objects: list[str]  # the O candidates


@dataclass
class Steps:
    """One step of a plan per command, over candidate skills; `right` bool [B, S]."""

    facts: Tensor
    amounts: Tensor
    fact_mask: Tensor
    history: Tensor
    history_mask: Tensor
    right: Tensor
    skills: list[str]


@lru_cache(maxsize=1)
def tokenizer() -> Any:
    """MiniLM's, with the marks of numbers as words of their own."""
    found, _ = minilm()
    found.add_special_tokens({"additional_special_tokens": list(MARKS)})
    return found


def encode(texts: Sequence[str], multiple: int | None = None) -> tuple[Tensor, Tensor, list[list[int]]]:
    """Token ids int [B, T], mask bool [B, T] and the numbers of each text; T is a multiple of `multiple` where it is given."""
    marked, values = zip(*(mark_numbers(text) for text in texts), strict=True)
    batch = tokenizer()(
        list(marked),
        padding=True,
        truncation=True,
        max_length=LONGEST,
        return_tensors="pt",
        pad_to_multiple_of=multiple,
    )
    return batch["input_ids"], batch["attention_mask"].bool(), list(values)


def label(examples: Sequence[Example], values: Sequence[Sequence[int]], objects: Sequence[str]) -> Labels:
    """Labels over candidate objects and `SPOTS`."""
    b, k = len(examples), MOST_CLAUSES
    column, spot = {name: i for i, name in enumerate(objects)}, {name: i for i, name in enumerate(SPOTS)}
    made = Labels(torch.zeros(b, k, dtype=torch.long), torch.zeros(b, k, dtype=torch.bool), torch.zeros(b, k, dtype=torch.long),
                  torch.zeros(b, k), torch.zeros(b, k, len(SPOTS)), torch.zeros(b, k, len(SPOTS)),
                  torch.zeros(b, k, len(objects)), torch.zeros(b, k, len(objects)),
                  torch.full((b, k), IGNORED), list(objects))  # fmt: skip
    for row, example in enumerate(examples):
        free = list(enumerate(values[row]))
        for at, clause in enumerate(example.clauses[:k]):
            made.verb[row, at] = VERBS.index(clause.verb)
            made.real[row, at] = True
            made.count[row, at] = _count_kind(clause, free)
            made.different[row, at] = clause.different
            made.source[row, at, [spot[p] for p in clause.source]] = 1.0
            made.place[row, at, [spot[_spot(p)] for p in clause.place]] = 1.0
            made.things[row, at, [column[t] for t in clause.things if t in column]] = 1.0
            made.left_out[row, at, [column[t] for t in clause.left_out if t in column]] = 1.0
            for near in beside_what(clause):
                made.near[row, at] = column.get(near, IGNORED)
    return made


def beside_what(clause: Clause) -> list[str]:
    """The objects that the clause's places are next to."""
    return [place.removeprefix(BESIDE) for place in clause.place if place.startswith(BESIDE)]


def _spot(place: str) -> str:
    return NEXT_TO if place.startswith(BESIDE) else place


def _count_kind(clause: Clause, free: list[tuple[int, int]]) -> int:
    """0 one, 1 all, 2 + k the number at mark k: the first one not used yet that has the value."""
    if clause.count == ALL:
        return 1
    for k, (mark, value) in enumerate(free):
        if value == clause.count and (clause.count > 1):
            del free[k]
            return 2 + mark
    return 0


def kitchen_steps(
    examples: Sequence[Example], draw: random.Random, number: int = 2
) -> tuple[list[int], list[Step], list[str]]:
    """Up to `number` random steps of a plan for each command that can be carried out: the commands' rows, the steps, and the
    skills to choose from."""
    rows: list[int] = []
    steps: list[Step] = []
    names = list(OBJECTS)
    for row, example in enumerate(examples):
        plan = worked_out(example.clauses, draw)
        chosen = draw.sample(plan, min(number, len(plan)))
        if plan and draw.random() < 0.3:
            chosen[0] = plan[-1]
        for step in chosen:
            rows.append(row)
            steps.append(step)
            seen = (
                fact.partition(" at ")[0].removeprefix("holding ")
                for fact in step.facts
                if not fact.startswith("robot")
            )
            names += [name for name in seen if name not in names and name not in ("hand empty", "drawer open")
                      and not name.startswith("visited ")]  # fmt: skip
    return rows, steps, kitchen_skills(names)


def kitchen_skills(names: Sequence[str]) -> list[str]:
    """The texts of all skills over some objects."""
    over = [text for name in names for text in (find_text(name), f"pick up the {name}", f"put down the {name}")]
    going = [f"go to the {place}" for place in STANDING]
    return [*over, *going, "bring it to you", "open the drawer", "close the drawer", DONE]


def step_tensors(steps: Sequence[Step], skills: Sequence[str], multiple: int = 1) -> Steps:
    """Steps as the network takes them; F and L are multiples of `multiple`."""
    facts = [list(step.facts.items()) for step in steps]
    history = [list(step.history) for step in steps]
    f, at = _texts([[name for name, _ in some] for some in facts], left=False, multiple=multiple)
    h, before = _texts(history, left=True, multiple=multiple)
    amounts = torch.zeros(at.shape, dtype=torch.long)
    right = torch.zeros(len(steps), len(skills), dtype=torch.bool)
    column = {text: k for k, text in enumerate(skills)}
    for row, step in enumerate(steps):
        amounts[row, : len(facts[row])] = torch.tensor([min(n, 7) for _, n in facts[row]], dtype=torch.long)
        for text in step.right:
            right[row, column[text]] = True
    return Steps(f, amounts, at, h, before, right, list(skills))


def _texts(rows: Sequence[Sequence[str]], left: bool, multiple: int) -> tuple[Tensor, Tensor]:
    """Sentence vectors [B, L, width] padded on one side, and where there is one."""
    longest = -(-max(1, *(len(row) for row in rows)) // multiple) * multiple if rows else 1
    mask = torch.zeros(len(rows), longest, dtype=torch.bool)
    for k, row in enumerate(rows):
        mask[k, longest - len(row) if left else 0 : longest if left else len(row)] = True
    out = torch.zeros(len(rows), longest, WIDTH)
    with torch.autocast("cpu", enabled=False):
        out[mask] = sentence_vectors([text for row in rows for text in row])
    return out, mask
