"""Models of transformers: loaded from a folder as from the hub, exact scores, valid JSON, clear refusals."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import BaseModel, Field

from planner.language import Normalisation, Prompt
from planner.models import check_spec, load_model
from planner.prompting import render
from planner.trie import score_naive
from sim.world import UserError
from tests.planner import toy_models

TEXTS = ["find a coke", "find a coke can", "pick up the coke", "go to the table", "done"]
PROMPTS = [
    Prompt("bring me a coke", {"coke_at_table": 1}),
    Prompt("go there", {}, ("find a coke", "pick up the coke!")),
    Prompt("is the drawer open"),
]
TEMPLATE = (
    "{% for m in messages %}<s>{{ m.role }}: {{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>robot:{% endif %}"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_models.save(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def model(folder: Path):
    return load_model(f"hf:{folder}")


def naive(model, texts: list[str], candidates: list[str]) -> np.ndarray:
    """Every text with every candidate and its end by itself."""
    encode = lambda text: model.tokenizer(text, add_special_tokens=False).input_ids  # noqa: E731
    prompts, whole = [encode(t) for t in texts], [encode(f" {c},") for c in candidates]
    return score_naive(model.model, prompts, whole).numpy()


def test_scores_are_those_of_each_candidate_by_itself(model):
    found = model.score(PROMPTS, TEXTS)
    texts = [model.tokenizer.bos_token + render(p).text for p in PROMPTS]
    assert found.how == "exact"
    np.testing.assert_allclose(found.log_probs, naive(model, texts, TEXTS), atol=1e-4)
    assert (found.tokens == [[len(model._tokens(f" {t},")) for t in TEXTS]] * 3).all()


def test_normalisations(model):
    found = model.score(PROMPTS, TEXTS)
    np.testing.assert_allclose(found.normalised(Normalisation.TOKENS, TEXTS), found.log_probs / found.tokens)
    by_bytes = found.normalised(Normalisation.BYTES, TEXTS)
    np.testing.assert_allclose(by_bytes[:, 4], found.log_probs[:, 4] / 4)
    assert found.normalised(Normalisation.SUM, TEXTS) is found.log_probs


def test_a_chat_template_is_respected(folder):
    model = load_model(f"hf:{folder}")
    model.tokenizer.chat_template = TEMPLATE
    static, text = model._prompt(PROMPTS[1])
    assert text.startswith(static) and static.startswith("<s>user: A robot")
    assert text.endswith("</s><s>robot:I would: 1. find a coke, 2. pick up the coke (failed), 3.")
    np.testing.assert_allclose(model.score(PROMPTS[1:2], TEXTS).log_probs, naive(model, [text], TEXTS), atol=1e-4)


def test_a_model_that_cannot_branch_takes_the_other_way_to_the_same_scores(folder):
    model, branching = load_model(f"hf:{folder}"), load_model(f"hf:{folder}")
    model.branches = False
    np.testing.assert_allclose(
        model.score(PROMPTS, TEXTS).log_probs, branching.score(PROMPTS, TEXTS).log_probs, atol=1e-4
    )


def test_one_forward_for_all_prompts(model, monkeypatch):
    model.score(PROMPTS, TEXTS)  # the static part is read once
    calls = []
    forward = type(model.model).forward
    monkeypatch.setattr(type(model.model), "forward", lambda *a, **k: calls.append(1) or forward(*a, **k))
    model.score(PROMPTS, TEXTS)
    assert len(calls) == 1


class Kind(Enum):
    FIND = "find"
    CRAFT = "craft"


class Entry(BaseModel):
    fact: str = Field(json_schema_extra={"enum": ["log", "planks"]})
    count: int = Field(ge=1, le=9)


class Skill(BaseModel):
    name: str
    kind: Kind
    sure: bool
    chance: float = Field(ge=0, le=1)
    needs: list[Entry] = Field(max_length=3)
    policy: str | None = None


def test_an_untrained_model_fills_in_a_schema(model):
    made = model.complete("Describe the skill of making planks.", Skill)
    assert isinstance(made, Skill) and len(made.needs) <= 3
    assert all(need.fact in ("log", "planks") and 1 <= need.count <= 9 for need in made.needs)
    assert made == model.complete("Describe the skill of making planks.", Skill)


def test_choices_do_not_depend_on_what_was_read_before(model):
    options = ['"find"', '"pick up"', "{"]
    texts = ["Skill: find a coke, then", "Skill: find a coke, then go on with", "Robot: it", "Skill: find a table"]
    together = [model._choose(text, options) for text in texts]
    for text, chosen in zip(texts, together, strict=True):
        model._written = ([], None)
        assert model._choose(text, options) == chosen
        encode = lambda t: model.tokenizer(t, add_special_tokens=False).input_ids  # noqa: E731
        log_p = score_naive(model.model, [encode(text)], [encode(o) for o in options])[0]
        assert int((log_p / torch.tensor([len(encode(o)) for o in options])).argmax()) == chosen


def test_writing_stops_at_the_end_of_a_step(model):
    steps = model.write(PROMPTS)
    assert len(steps) == 3 and not any(mark in step for step in steps for mark in ",.\n")


@pytest.mark.parametrize(("spec", "said"), [
    ("hf:./no/such/folder", "no model folder './no/such/folder'"),
    ("hf:", "models: embedded, hf:PATH_OR_ID"),
    ("gpt", "models: embedded, hf:PATH_OR_ID"),
])  # fmt: skip
def test_refusals_are_one_line(spec, said):
    with pytest.raises(UserError, match=said) as caught:
        check_spec(spec)
        load_model(spec)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot load language model") as caught:
        load_model(f"hf:{tmp_path}")
    assert "\n" not in str(caught.value)


def test_an_unknown_dtype_is_refused(folder):
    from planner.huggingface import load

    with pytest.raises(UserError, match="unknown dtype 'float12'"):
        load(str(folder), dtype="float12")
    assert load(str(folder), dtype="float16").model.dtype == torch.float16
