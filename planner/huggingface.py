"""Any causal language model of transformers, from a folder or the hub: scores a whole library in one pass over its trie.

Chat models get the dialogue through their own template. JSON is filled in by choosing (`planner/skeleton.py`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from pydantic import BaseModel

from planner import skeleton, trie
from planner.language import Prompt, Scores
from planner.prompting import render, template
from sim.world import UserError

T = TypeVar("T", bound=BaseModel)
ANCHOR = "1."  # candidates are tokenised after what stands before them in a prompt
END = ","  # after a step, where one step is the beginning of another
MARK = "\u241e"
LONGEST_STRING, LONGEST_STEP = 48, 24  # new tokens


class HuggingFaceModel:
    """A causal model and its tokenizer behind the protocol."""

    def __init__(self, name: str, model: Any, tokenizer: Any):
        self.name, self.model, self.tokenizer = name, model.eval(), tokenizer
        self.branches = trie.can_branch(model.config)
        self._prefix: tuple[list[int], trie.Cache] = ([], [])
        self._written: tuple[list[int], Any] = ([], None)
        self._tries: dict[tuple[str, ...], tuple[list[list[int]], trie.TokenTrie]] = {}

    # -- scoring -----------------------------------------------------------------------------------------------------

    def score(self, prompts: Sequence[Prompt], candidates: Sequence[str]) -> Scores:
        """Exact log-probabilities of each candidate as the next step, one forward for all prompts."""
        if not prompts or not candidates:
            empty = np.zeros((len(prompts), len(candidates)))
            return Scores(empty.astype(np.float32), empty.astype(np.int64), "exact")
        pairs = [self._prompt(prompt) for prompt in prompts]
        log_probs = self._score([text for _, text in pairs], pairs[0][0], candidates)
        lengths = self._tries[tuple(candidates)][1].lengths.numpy()
        return Scores(log_probs, np.repeat(lengths[None], len(prompts), 0), "exact")

    def _score(self, texts: Sequence[str], static: str, candidates: Sequence[str]) -> np.ndarray:
        """Log-probabilities float32 [P, C] after texts that begin with `static`."""
        tokens, tree = self._tree(candidates)
        prompts = [self.tokenizer(text, add_special_tokens=False).input_ids for text in texts]
        prefix = self._held(static, prompts)
        suffixes = [prompt[len(prefix) :] for prompt in prompts]
        if not self.branches:
            return trie.score_copied(self.model, prefix, suffixes, tokens).float().numpy()
        if self._prefix[0] != prefix:
            self._prefix = (prefix, trie.prefill(self.model, prefix))
        return trie.score_trie(self.model, self._prefix[1], suffixes, tree).float().numpy()

    def _held(self, static: str, prompts: Sequence[Sequence[int]]) -> list[int]:
        """The tokens that all prompts begin with, at most those of the static part."""
        found = list(self.tokenizer(static, add_special_tokens=False).input_ids) if static else []
        for prompt in prompts:
            same = next((k for k, (a, b) in enumerate(zip(found, prompt, strict=False)) if a != b), len(found))
            found = found[: min(same, len(prompt) - 1)]
        return found

    def _tree(self, candidates: Sequence[str]) -> tuple[list[list[int]], trie.TokenTrie]:
        key = tuple(candidates)
        if key not in self._tries:
            tokens = [self._tokens(f" {text}") for text in candidates]
            if trie.has_beginnings(tokens):
                tokens = [self._tokens(f" {text}{END}") for text in candidates]
            if len(self._tries) > 64:
                self._tries.clear()
            self._tries[key] = (tokens, trie.TokenTrie.build(tokens))
        return self._tries[key]

    def _tokens(self, text: str) -> list[int]:
        """Tokens of a text as they are within a sentence, whatever the tokenizer does with leading spaces."""
        before = list(self.tokenizer(ANCHOR, add_special_tokens=False).input_ids)
        whole = list(self.tokenizer(ANCHOR + text, add_special_tokens=False).input_ids)
        if whole[: len(before)] == before:
            return whole[len(before) :]
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def _prompt(self, prompt: Prompt) -> tuple[str, str]:
        """(static part, whole text) of a prompt, through the chat template where there is one."""
        parts = render(prompt)
        if not self.tokenizer.chat_template:
            begin = self.tokenizer.bos_token or ""
            return begin + parts.static, begin + parts.text
        static, rest = self._chat(f"{parts.static}{MARK}{parts.asked}").split(MARK)
        return static, static + rest + parts.begun

    def _chat(self, content: str) -> str:
        message = [{"role": "user", "content": content}]
        return str(self.tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True))

    # -- writing -----------------------------------------------------------------------------------------------------

    def complete(self, prompt: str, schema: type[T]) -> T:
        """An object of `schema`, filled in part by part; always valid."""
        asked = f"{prompt}\n{template('answer')}{schema.model_json_schema()}\n"
        text = self._chat(asked) if self.tokenizer.chat_template else (self.tokenizer.bos_token or "") + asked
        made = skeleton.fill(
            schema.model_json_schema(), text, self._choose, lambda so_far: self._generate(so_far, '"', LONGEST_STRING)
        )
        return schema.model_validate_json(made)

    def write(self, prompts: Sequence[Prompt]) -> list[str]:
        """The step that the model would write next, one per prompt (greedy)."""
        return [self._generate(self._prompt(prompt)[1], ",.\n", LONGEST_STEP).strip() for prompt in prompts]

    @torch.inference_mode()
    def _choose(self, so_far: str, options: Sequence[str]) -> int:
        """The likeliest continuation per token, so that long options are not at a loss."""
        ids = list(self.tokenizer(so_far, add_special_tokens=False).input_ids)
        tokens = [list(self.tokenizer(option, add_special_tokens=False).input_ids) for option in options]
        if self.branches:
            prefix = self._continued(ids[:-1])
            log_probs = trie.score_trie(self.model, prefix, [ids[-1:]], trie.TokenTrie.build(tokens))[0]
        else:
            log_probs = trie.score_copied(self.model, [], [ids], tokens)[0]
        return int((log_probs / torch.tensor([len(t) for t in tokens])).argmax())

    def _continued(self, ids: list[int]) -> trie.Cache:
        """Keys and values of a text that mostly goes on where the last one ended; only what is new is read."""
        before, cache = self._written
        same = next(
            (k for k, (a, b) in enumerate(zip(before, ids, strict=False)) if a != b), min(len(before), len(ids))
        )
        if cache is None or same == 0:
            from transformers import DynamicCache

            same, cache = 0, DynamicCache()
        elif same < len(before):
            cache.crop(same - len(before))
        if same < len(ids):
            new = torch.tensor([ids[same:]], device=self.model.device)
            cache = self.model(input_ids=new, past_key_values=cache, use_cache=True, logits_to_keep=1).past_key_values
        self._written = (ids, cache)
        return [(layer.keys, layer.values) for layer in cache.layers]

    @torch.inference_mode()
    def _generate(self, so_far: str, stop: str, longest: int) -> str:
        """Greedy text up to the first character of `stop`."""
        ids = torch.tensor([self.tokenizer(so_far, add_special_tokens=False).input_ids], device=self.model.device)
        pad = self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else self.tokenizer.eos_token_id
        made = self.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=longest, do_sample=False,
                                   pad_token_id=pad, tokenizer=self.tokenizer, stop_strings=list(stop))  # fmt: skip
        text = self.tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True)
        return text[: min((at for mark in stop if (at := text.find(mark)) >= 0), default=len(text))]


def load(path: str, *, device: str | None = None, dtype: str | None = None) -> HuggingFaceModel:
    """The model of a folder or a hub id. Raises `UserError` where there is none, or where device or dtype do not exist."""
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError:
        raise UserError("language model 'hf:' needs transformers: pip install 'saycraft[language]'") from None
    chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
    kind = getattr(torch, dtype or ("bfloat16" if chosen.startswith("cuda") else "float32"), None)
    if not isinstance(kind, torch.dtype):
        raise UserError(f"unknown dtype '{dtype}'; dtypes: float32, bfloat16, float16")
    if os.path.sep in path and not os.path.isdir(path) and path.startswith((".", os.path.sep, "~")):
        raise UserError(f"no model folder '{path}'")
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
        model: Any = AutoModelForCausalLM.from_pretrained(path, dtype=kind)
        model = model.to(chosen)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise UserError(f"cannot load language model 'hf:{path}': {reason[0]}") from None
    return HuggingFaceModel(f"hf:{path}", model, tokenizer)
