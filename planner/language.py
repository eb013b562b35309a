"""Language models behind one protocol of two methods: score given texts, and fill in a schema. `planner/models.py` has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TypeVar

import numpy as np
from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Prompt:
    """What the next skill depends on; `history` holds texts of skills run so far, ending in "!" where one failed."""

    command: str
    facts: Mapping[str, int] = field(default_factory=dict)
    history: tuple[str, ...] = ()


class Normalisation(Enum):
    """How a text's log-probability is made comparable between texts of different lengths."""

    SUM = "sum"  # as it is: right where it is multiplied with other probabilities (SayCan)
    TOKENS = "tokens"  # per token
    BYTES = "bytes"  # per byte of UTF-8, the same for every tokenizer


@dataclass(frozen=True)
class Scores:
    """Log-probabilities float32 [P, C], summed over the tokens int [P, C] of each candidate; `how` says how they were got:
    "exact" (a language model's), "ranker" (normalised over the candidates), or what a server made possible."""

    log_probs: np.ndarray
    tokens: np.ndarray
    how: str

    def normalised(self, by: Normalisation, candidates: Sequence[str]) -> np.ndarray:
        """Log-probabilities [P, C] under a normalisation."""
        if by is Normalisation.TOKENS:
            return self.log_probs / np.maximum(self.tokens, 1)
        if by is Normalisation.BYTES:
            return self.log_probs / np.array([max(len(text.encode()), 1) for text in candidates])
        return self.log_probs


class LanguageModel(Protocol):
    """Anything that can say how likely a text is."""

    name: str

    def score(self, prompts: Sequence[Prompt], candidates: Sequence[str]) -> Scores:
        """How likely each candidate text is the next skill, for every prompt."""

    def complete(self, prompt: str, schema: type[T]) -> T:
        """An object of `schema` that answers the prompt; raises `UserError` where the model cannot."""


@dataclass(frozen=True)
class ModelOptions:
    """What besides its name a model may need."""

    base_url: str | None = None  # of an OpenAI-compatible server
    device: str | None = None
    dtype: str | None = None
    cap: int | None = None  # tokens of a run at most, for models of servers
    price: tuple[float, float] = (0.0, 0.0)  # dollars per million tokens in and out
