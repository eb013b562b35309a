"""Any OpenAI-compatible server, through the `openai` package.

A server that gives the log-probabilities of a prompt (completions with echo: vLLM, older OpenAI models) scores exactly;
any other is asked through chat what it would do next, and the scores are marked "stated".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
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
TIMEOUT = 60.0  # seconds of one call
RETRIES = 2  # with back-off, after what may pass (rate limits, 5xx, lost connections)
TOGETHER = 8  # calls at once
TEXTS = 64  # texts in one call for log-probabilities
END = ","
LONGEST = 2048  # tokens of a reply


class ServerModel:
    """A model behind the completions and chat endpoints of a server."""

    def __init__(self, model: str, client: Any, meter: Meter | None = None):
        self.name, self.model, self.client = f"openai:{model}", model, client
        self.replies = Replies(f"{self.name}@{client.base_url}", meter or Meter())
        self._echoes: bool | None = None  # whether the server gives log-probabilities of a prompt

    @property
    def meter(self) -> Meter:
        return self.replies.meter

    def score(self, prompts: Sequence[Prompt], candidates: Sequence[str]) -> Scores:
        """Log-probabilities [P, C]: exact where the server can, else as stated."""
        if not prompts or not candidates:
            return stated(self.name, self._chat, [], candidates)
        if self._echoes is None:
            self._echoes = self._echo(f"{render(prompts[0]).text} {candidates[0]}", len(candidates[0]) + 1) is not None
        with ThreadPoolExecutor(TOGETHER) as pool:
            if self._echoes:
                rows = list(pool.map(lambda prompt: self._exact(prompt, candidates), prompts))
                values = np.array(rows, np.float64).reshape(len(prompts), len(candidates), 2)
                return Scores(values[..., 0].astype(np.float32), values[..., 1].astype(np.int64), "exact")
            parts = list(pool.map(lambda prompt: stated(self.name, self._chat, [prompt], candidates), prompts))
        return Scores(np.concatenate([p.log_probs for p in parts]), np.concatenate([p.tokens for p in parts]), "stated")

    def complete(self, prompt: str, schema: type[T]) -> T:
        """An object of `schema`, by chat."""
        return ask(self.name, self._chat, prompt, schema)

    def write(self, prompts: Sequence[Prompt]) -> list[str]:
        """The step that the model would write next, one per prompt."""
        with ThreadPoolExecutor(TOGETHER) as pool:
            return list(pool.map(lambda p: ask(self.name, self._chat, render(p).text, NextStep).step, prompts))

    # -- calls -------------------------------------------------------------------------------------------------------

    def _exact(self, prompt: Prompt, candidates: Sequence[str]) -> list[tuple[float, int]]:
        """(log-probability, tokens) of every candidate, each with an end so that none is the beginning of another."""
        before, found = render(prompt).text, []
        for candidate in candidates:
            one = self._echo(f"{before} {candidate}{END}", len(candidate) + 1 + len(END))
            if one is None:
                raise UserError(f"language model '{self.name}' stopped giving log-probabilities")
            found.append(one)
        return found

    def _echo(self, text: str, tail: int) -> tuple[float, int] | None:
        """Summed log-probability and number of the tokens in the last `tail` characters; None where they are not given."""

        def send() -> tuple[Any, int, int]:
            made = self._try(
                lambda: self.client.completions.create(
                    model=self.model, prompt=text, max_tokens=1, echo=True, logprobs=1, temperature=0
                )
            )
            choice = made.choices[0]
            given = choice.logprobs
            used = made.usage
            counts = (used.prompt_tokens, used.completion_tokens) if used else (0, 0)
            if given is None or not given.text_offset or not (choice.text or "").startswith(text):
                return None, *counts
            start = len(text) - tail
            kept = [p for p, at in zip(given.token_logprobs, given.text_offset, strict=True) if start <= at < len(text)]
            return ([float(sum(kept)), len(kept)] if kept and None not in kept else None), *counts

        try:
            reply = self.replies.ask(text, {"echo": tail}, send)
        except _NotOffered:
            return None
        return (reply[0], reply[1]) if reply else None

    def _chat(self, messages: list[Message], form: dict[str, Any]) -> str:
        wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": form}}

        def call(**more: Any) -> Any:
            return self._try(lambda: self.client.chat.completions.create(
                model=self.model, messages=messages, temperature=0, max_tokens=LONGEST, **more
            ))  # fmt: skip

        def send() -> tuple[str, int, int]:
            try:
                made = call(response_format=wanted)
            except _NotOffered:
                made = call()
            used = made.usage
            text = made.choices[0].message.content or ""
            return text, *((used.prompt_tokens, used.completion_tokens) if used else (0, 0))

        try:
            return str(self.replies.ask(messages, form, send))
        except _NotOffered as error:
            raise UserError(f"language model '{self.name}': the server refused a chat: {error}") from None

    def _try(self, call: Callable[[], Any]) -> Any:
        """A call, with the ways in which it can fail as one clear line each."""
        import openai

        where = self.client.base_url
        try:
            return call()
        except openai.APITimeoutError:
            raise UserError(f"language model '{self.name}': no answer from {where} within {TIMEOUT:.0f} s") from None
        except openai.APIConnectionError:
            raise UserError(f"language model '{self.name}': no server at {where}") from None
        except (openai.AuthenticationError, openai.PermissionDeniedError):
            raise UserError(f"language model '{self.name}': {where} refused the key in OPENAI_API_KEY") from None
        except openai.APIStatusError as error:
            if error.status_code == 404 and self.model not in (known := self._known()):
                names = f"; it has: {', '.join(known[:8])}" if known else ""
                raise UserError(f"language model '{self.name}': {where} does not have it{names}") from None
            if error.status_code in (400, 404, 405, 422, 501):
                raise _NotOffered(str(error.message)[:200]) from None
            raise UserError(f"language model '{self.name}': {where} answered {error.status_code}") from None
        except openai.OpenAIError as error:
            raise UserError(f"language model '{self.name}': {str(error).splitlines()[0]}") from None

    def _known(self) -> list[str]:
        import openai

        try:
            return [model.id for model in self.client.models.list()]
        except openai.OpenAIError:
            return []


class _NotOffered(Exception):
    """The server does not do what was asked of it."""


def load(model: str, *, base_url: str | None = None, meter: Meter | None = None) -> ServerModel:
    """A model of a server; the key is read from OPENAI_API_KEY, which a server of one's own (`base_url`) does not need."""
    try:
        from openai import OpenAI
    except ImportError:
        raise UserError("language model 'openai:' needs the openai package: pip install 'saycraft[llm]'") from None
    base_url = base_url or os.environ.get("OPENAI_BASE_URL")
    key = os.environ.get("OPENAI_API_KEY") or ("none" if base_url else None)
    if key is None:
        raise UserError(
            f"language model 'openai:{model}' needs a key in OPENAI_API_KEY, or --base-url of another server"
        )
    return ServerModel(model, OpenAI(api_key=key, base_url=base_url, timeout=TIMEOUT, max_retries=RETRIES), meter)
