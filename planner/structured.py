"""Answers in a schema from models that only chat: one JSON object, checked, with one repair round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from planner.language import Prompt, Scores
from planner.prompting import render, template
from sim.world import UserError

T = TypeVar("T", bound=BaseModel)
Message = dict[str, str]  # role and content
Send = Callable[[list[Message], "dict[str, Any]"], str]  # messages, JSON schema -> reply
Problem = Callable[[Any], "str | None"]  # what is wrong with a valid answer
SHARE = 0.02  # of the probability that is spread over all steps, so that none is impossible


class Step(BaseModel):
    """One step that may come next."""

    step: str
    probability: float = Field(ge=0.0, le=1.0)


class Ranking(BaseModel):
    """The likeliest next steps."""

    steps: list[Step] = Field(min_length=1, max_length=5)


class NextStep(BaseModel):
    """One step, freely worded."""

    step: str


def ask(name: str, send: Send, prompt: str, schema: type[T], problem: Problem | None = None) -> T:
    """An object of `schema`. After one repair round an answer that does not fit raises `UserError`; one that fits but has a
    `problem` is returned as it is."""
    form = schema.model_json_schema()
    messages = [{"role": "user", "content": f"{prompt}\n{template('answer')}{form}"}]
    wrong = ""
    for attempt in range(2):
        reply = send(messages, form)
        try:
            made = schema.model_validate_json(_json_in(reply))
            wrong = (problem(made) if problem else None) or ""
            if not wrong or attempt:
                return made
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'the text'}: {e['msg']}" for e in error.errors()[:3])
        messages += [{"role": "assistant", "content": reply},
                     {"role": "user", "content": template("repair").format(problem=wrong)}]  # fmt: skip
    raise UserError(f"language model '{name}' gave no usable answer, nor after one repair round: {wrong[:160]}")


def stated(name: str, send: Send, prompts: Sequence[Prompt], candidates: Sequence[str]) -> Scores:
    """Scores from what a chat model states about its next step. Names that are no candidates are repaired once, then
    dropped; where nothing is left, or no answer can be used, all candidates count the same."""
    rows = [_stated_one(name, send, prompt, candidates) for prompt in prompts]
    shape = (len(prompts), len(candidates))
    return Scores(np.log(np.array(rows, np.float32).reshape(shape)), np.ones(shape, np.int64), "stated")


def _stated_one(name: str, send: Send, prompt: Prompt, candidates: Sequence[str]) -> np.ndarray:
    index = {text: k for k, text in enumerate(candidates)}
    steps = "\n".join(f"- {candidate}" for candidate in candidates)
    text = f"{render(prompt).text}\n\n{template('rank').format(steps=steps)}"
    share = np.full(len(candidates), 1.0 / len(candidates))
    try:
        made = ask(name, send, text, Ranking, lambda ranking: _unknown(ranking, candidates))
    except UserError as error:
        if "usable" not in str(error):
            raise
        return share
    given = np.zeros(len(candidates))
    for step in made.steps:
        if step.step in index:
            given[index[step.step]] += step.probability
    return share if given.sum() <= 0 else (1 - SHARE) * given / given.sum() + SHARE * share


def _unknown(ranking: Ranking, candidates: Sequence[str]) -> str | None:
    """Which steps are not in the list, with those that are near."""
    said = []
    for step in ranking.steps:
        if step.step not in candidates:
            near = ", ".join(get_close_matches(step.step, candidates, 3, 0.3))
            said.append(f"'{step.step}' is not in the list (near: {near})")
    return "; ".join(said) or None


def _json_in(reply: str) -> str:
    """The outermost braces of a reply that may be wrapped in words or a code fence."""
    start, end = reply.find("{"), reply.rfind("}")
    return reply[start : end + 1] if 0 <= start < end else reply
