"""Any chat model of LangChain; the only file that knows it. `langchain:PROVIDER:MODEL`, as `init_chat_model` names them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel

from planner.language import Prompt, Scores
from planner.prompting import render
from planner.replies import Meter, Replies
from planner.structured import Message, NextStep, ask, stated
from sim.world import UserError

T = TypeVar("T", bound=BaseModel)
TIMEOUT, RETRIES, TOGETHER = 60.0, 2, 8


class LangChainModel:
    """A chat model of LangChain behind the protocol; its scores are "stated"."""

    def __init__(self, name: str, chat: Any, meter: Meter | None = None):
        self.name, self.chat = name, chat
        self.replies = Replies(name, meter or Meter())

    @property
    def meter(self) -> Meter:
        return self.replies.meter

    def score(self, prompts: Sequence[Prompt], candidates: Sequence[str]) -> Scores:
        """Log-probabilities [P, C] as the model states them."""
        with ThreadPoolExecutor(TOGETHER) as pool:
            parts = list(pool.map(lambda prompt: stated(self.name, self._send, [prompt], candidates), prompts))
        shape = (len(prompts), len(candidates))
        rows = [part.log_probs for part in parts]
        return Scores(np.array(rows, np.float32).reshape(shape), np.ones(shape, np.int64), "stated")

    def complete(self, prompt: str, schema: type[T]) -> T:
        """An object of `schema`."""
        return ask(self.name, self._send, prompt, schema)

    def write(self, prompts: Sequence[Prompt]) -> list[str]:
        """The step that the model would write next, one per prompt."""
        with ThreadPoolExecutor(TOGETHER) as pool:
            return list(pool.map(lambda p: ask(self.name, self._send, render(p).text, NextStep).step, prompts))

    def _send(self, messages: list[Message], form: dict[str, Any]) -> str:
        def send() -> tuple[str, int, int]:
            try:
                made = self.chat.invoke([(message["role"], message["content"]) for message in messages])
            except Exception as error:  # every provider raises its own kinds
                reason = (str(error).strip().splitlines() or [""])[0]
                raise UserError(f"language model '{self.name}': {type(error).__name__}: {reason[:200]}") from None
            used = getattr(made, "usage_metadata", None) or {}
            return str(made.text), used.get("input_tokens", 0), used.get("output_tokens", 0)

        return str(self.replies.ask(messages, form, send))


def load(spec: str, *, base_url: str | None = None, meter: Meter | None = None) -> LangChainModel:
    """The chat model of "PROVIDER:MODEL". Raises `UserError` where its package, its key or the provider is missing."""
    provider, _, model = spec.partition(":")
    if not model:
        raise UserError(f"language model 'langchain:{spec}' is not of the form langchain:PROVIDER:MODEL")
    try:
        from langchain.chat_models import init_chat_model
    except ImportError:
        raise UserError("language model 'langchain:' needs LangChain: pip install 'saycraft[llm]'") from None
    more: dict[str, Any] = {"base_url": base_url} if base_url else {}
    try:
        chat = init_chat_model(
            model, model_provider=provider, temperature=0, timeout=TIMEOUT, max_retries=RETRIES, **more
        )
    except Exception as error:  # missing package, key or provider, each of its own kind
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(f"cannot load language model 'langchain:{spec}': {reason[:240]}") from None
    return LangChainModel(f"langchain:{spec}", chat, meter)
