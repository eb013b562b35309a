"""Scores a whole library of texts for many prompts in one forward pass of a causal model: a token trie under a tree mask.

    [static prompt: its keys and values, computed once] + [suffix of each prompt, left-padded] + [trie of the candidates]

A node of the trie is one token; it sees the static prompt, its own suffix and its ancestors, at the position of its depth.
Logits are taken at the end of the suffix and at inner nodes only; log-probabilities are gathered and added per candidate.
Exact: the same numbers as scoring each candidate by itself. Models whose layers carry a recurrent state, or look through a
window, cannot branch within a sequence; for them the keys and values of the prompt are copied per candidate.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sim.world import UserError

ROWS = 16_384  # rows of tokens in one pass at most (prompts x (suffix + trie))
LOGITS = 2**28  # numbers in one block of logits at most
COPIES = 64  # candidates scored together on copied keys and values

Cache = list[tuple[Tensor, Tensor]]  # keys and values of each layer, [1, heads, P, width]


@dataclass(frozen=True)
class TokenTrie:
    """The inner nodes of the trie of C token sequences, parents before children.

    `row` 0 stands for the end of the prompt, 1 + k for node k. For every token of every candidate `rows`, `targets` and
    `owners` tell at which row it is predicted, which token it is and whose it is.
    """

    tokens: Tensor  # int [T]
    depth: Tensor  # int [T] from 0
    ancestors: Tensor  # bool [T, T] node i sees node j
    rows: Tensor  # int [E]
    targets: Tensor  # int [E]
    owners: Tensor  # int [E]
    lengths: Tensor  # int [C] tokens of each candidate

    @classmethod
    def build(cls, candidates: Sequence[Sequence[int]]) -> TokenTrie:
        """Raises `UserError` for an empty candidate and for two that are the same. One may be the beginning of another, but
        then the shorter one is never less likely: end all of them with a terminator where that is not meant."""
        if len({tuple(c) for c in candidates}) < len(candidates) or not all(candidates):
            raise UserError("candidates must differ and must not be empty")
        inner: dict[tuple[int, ...], int] = {}
        edges: list[tuple[int, int, int]] = []
        for k, candidate in enumerate(map(tuple, candidates)):
            for j, token in enumerate(candidate):
                before = candidate[:j]
                if j and before not in inner:
                    inner[before] = len(inner)
                edges.append((inner[before] + 1 if j else 0, token, k))
        size = len(inner)
        ancestors = torch.zeros(size, size, dtype=torch.bool)
        for path, k in inner.items():
            ancestors[k, [inner[path[:j]] for j in range(1, len(path) + 1)]] = True
        columns = torch.tensor(edges, dtype=torch.long).T
        return cls(torch.tensor([path[-1] for path in inner], dtype=torch.long),
                   torch.tensor([len(path) - 1 for path in inner], dtype=torch.long), ancestors, columns[0], columns[1],
                   columns[2], torch.tensor([len(c) for c in candidates]))  # fmt: skip

    def __len__(self) -> int:
        return len(self.tokens)


def has_beginnings(candidates: Sequence[Sequence[int]]) -> bool:
    """Whether some candidate is the beginning of another."""
    whole = {tuple(c) for c in candidates}
    return any(tuple(c[:j]) in whole for c in candidates for j in range(1, len(c)))


def can_branch(config: Any) -> bool:
    """Whether all layers are full attention, so that the branches of a tree can stand in one sequence."""
    config = config.get_text_config() if hasattr(config, "get_text_config") else config
    kinds = getattr(config, "layer_types", None)
    if kinds is not None:
        return set(kinds) <= {"full_attention"}
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    return window is None and not any(hasattr(config, name) for name in ("state_size", "ssm_cfg", "linear_attention"))


@torch.inference_mode()
def prefill(model: Any, tokens: Sequence[int]) -> Cache:
    """Keys and values of a static prompt, computed once; empty for an empty one."""
    if not tokens:
        return []
    ids = torch.tensor([list(tokens)], device=model.device)
    cache = model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values
    return [(layer.keys, layer.values) for layer in cache.layers]


@torch.inference_mode()
def score_trie(model: Any, prefix: Cache, suffixes: Sequence[Sequence[int]], trie: TokenTrie) -> Tensor:
    """Log-probabilities float32 [B, C] of the trie's candidates after each prompt (prefix + suffix, at least one token)."""
    longest = max(len(s) for s in suffixes)
    vocabulary = model.config.get_text_config().vocab_size
    size = max(min(ROWS // (longest + len(trie)), LOGITS // ((len(trie) + 1) * vocabulary)), 1)
    order = sorted(range(len(suffixes)), key=lambda k: len(suffixes[k]))
    out = torch.empty(len(suffixes), len(trie.lengths))
    for start in range(0, len(order), size):
        part = order[start : start + size]
        out[part] = _one_pass(model, prefix, [suffixes[k] for k in part], trie).cpu()
    return out


def _one_pass(model: Any, prefix: Cache, suffixes: Sequence[Sequence[int]], trie: TokenTrie) -> Tensor:
    device, size, nodes = model.device, len(suffixes), len(trie)
    held, longest = (prefix[0][0].shape[2] if prefix else 0), max(len(s) for s in suffixes)
    lengths = torch.tensor([len(s) for s in suffixes], device=device)
    pads = longest - lengths
    ids = torch.zeros(size, longest + nodes, dtype=torch.long, device=device)
    for k, suffix in enumerate(suffixes):
        ids[k, longest - len(suffix) : longest] = torch.tensor(list(suffix), device=device)
    ids[:, longest:] = trie.tokens.to(device)
    at = torch.arange(longest, device=device)
    positions = torch.cat([held + (at[None] - pads[:, None]).clamp(min=0),
                           held + lengths[:, None] + trie.depth.to(device)[None]], 1)  # fmt: skip
    mask = _tree_mask(held, pads, longest, trie.ancestors.to(device), model.dtype)
    cache = _fresh(model, prefix, size)
    logits = model(input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=bool(prefix),
                   logits_to_keep=nodes + 1).logits  # fmt: skip
    return _add_up(logits, trie)


def _tree_mask(held: int, pads: Tensor, longest: int, ancestors: Tensor, dtype: torch.dtype) -> Tensor:
    """Additive mask [B, 1, S + T, P + S + T]: suffixes are causal, nodes see prefix, suffix and ancestors."""
    size, nodes, device = len(pads), len(ancestors), pads.device
    at = torch.arange(longest, device=device)
    real = at[None] >= pads[:, None]  # [B, S]
    seen = torch.zeros(size, longest + nodes, held + longest + nodes, dtype=torch.bool, device=device)
    seen[:, :, :held] = True
    seen[:, :longest, held : held + longest] = (at[:, None] >= at[None]) & real[:, None]
    seen[:, at, held + at] = True  # padding sees itself, so that no row is empty
    seen[:, longest:, held : held + longest] = real[:, None]
    seen[:, longest:, held + longest :] = ancestors
    return torch.zeros(seen.shape, dtype=dtype, device=device).masked_fill_(~seen, torch.finfo(dtype).min)[:, None]


def _fresh(model: Any, prefix: Cache, size: int) -> Any:
    """A cache of its own for one pass, over the keys and values of the static prompt."""
    if not prefix:
        return None
    from transformers import DynamicCache

    cache = DynamicCache()
    for layer, (keys, values) in enumerate(prefix):
        cache.update(keys.expand(size, -1, -1, -1), values.expand(size, -1, -1, -1), layer)
    return cache


def _add_up(logits: Tensor, trie: TokenTrie) -> Tensor:
    """Logits [B, T + 1, V] -> summed log-probabilities [B, C] in float32; the softmax is never written out."""
    device = logits.device
    rows, targets, owners = trie.rows.to(device), trie.targets.to(device), trie.owners.to(device)
    norm = torch.stack([torch.logsumexp(logits[:, r].float(), -1) for r in range(logits.shape[1])], 1)
    gained = logits[:, rows, targets].float() - norm[:, rows]
    return torch.zeros(len(logits), len(trie.lengths), device=device).index_add_(1, owners, gained)


# -- the slower ways -----------------------------------------------------------------------------------------------------


@torch.inference_mode()
def score_copied(
    model: Any, prefix: Sequence[int], suffixes: Sequence[Sequence[int]], candidates: Sequence[Sequence[int]]
) -> Tensor:
    """The same [B, C] for any causal model: each prompt is read once, and its state copied per candidate."""
    out = torch.zeros(len(suffixes), len(candidates))
    for k, suffix in enumerate(suffixes):
        ids = torch.tensor([[*prefix, *suffix]], device=model.device)
        read = model(input_ids=ids, use_cache=True, logits_to_keep=1)
        first = read.logits[0, -1].float().log_softmax(-1)
        for start in range(0, len(candidates), COPIES):
            part = [list(c) for c in candidates[start : start + COPIES]]
            out[k, start : start + len(part)] = _continued(model, read.past_key_values, ids.shape[1], first, part)
    return out


def _continued(model: Any, cache: Any, held: int, first: Tensor, part: Sequence[Sequence[int]]) -> Tensor:
    """Log-probabilities [len(part)] of candidates after a prompt whose state is in `cache`."""
    total = torch.stack([first[c[0]] for c in part])
    longest = max(len(c) for c in part) - 1
    if longest:
        copied = copy.deepcopy(cache)
        copied.batch_repeat_interleave(len(part))
        ids = torch.zeros(len(part), longest, dtype=torch.long, device=model.device)
        for k, c in enumerate(part):
            ids[k, : len(c) - 1] = torch.tensor(c[:-1], device=model.device)
        mask = torch.ones(len(part), held + longest, dtype=torch.long, device=model.device)
        logits = model(input_ids=ids, past_key_values=copied, use_cache=True, attention_mask=mask).logits
        log_p = logits.float().log_softmax(-1)
        for k, c in enumerate(part):
            total[k] += sum(
                (log_p[k, j, token] for j, token in enumerate(c[1:])), start=torch.zeros((), device=model.device)
            )
    return total.cpu()


@torch.inference_mode()
def score_naive(model: Any, prompts: Sequence[Sequence[int]], candidates: Sequence[Sequence[int]]) -> Tensor:
    """The same [B, C], every candidate with its whole prompt by itself: what the fast ways are compared with."""
    out = torch.zeros(len(prompts), len(candidates))
    for b, prompt in enumerate(prompts):
        for k, candidate in enumerate(candidates):
            ids = torch.tensor([[*prompt, *candidate]], device=model.device)
            log_p = model(input_ids=ids, use_cache=False).logits[0].float().log_softmax(-1)
            out[b, k] = sum(log_p[len(prompt) - 1 + j, token] for j, token in enumerate(candidate))
    return out
