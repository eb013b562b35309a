"""The trie scorer equals scoring every candidate by itself, for any trie, prompt and batch; and it costs far less."""

from __future__ import annotations

import random

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from planner.trie import TokenTrie, can_branch, has_beginnings, prefill, score_copied, score_naive, score_trie
from sim.world import UserError
from tests.planner.toy_models import llama

VOCABULARY = 97


def random_candidates(draw: random.Random, number: int) -> list[list[int]]:
    """Texts that share beginnings; some are the beginning of others but for the terminator 1."""
    stems = [[draw.randrange(2, VOCABULARY) for _ in range(draw.randint(1, 4))] for _ in range(4)]
    found = {
        tuple(
            draw.choice(stems)[: draw.randint(0, 4)]
            + [draw.randrange(2, 9) for _ in range(draw.randint(1, 3))]
            + draw.choice([[], [1]])
        )
        for _ in range(number)
    }
    found |= {(*next(iter(found))[:-1], 5, 1)}
    return [list(c) for c in sorted(found)]


@pytest.mark.parametrize("seed", range(6))
def test_equals_the_naive_scorer(seed):
    draw, model = random.Random(seed), llama(seed=seed)
    candidates = random_candidates(draw, draw.choice([1, 5, 30]))
    prefix = [draw.randrange(2, VOCABULARY) for _ in range(draw.choice([0, 1, 17]))]
    suffixes = [
        [draw.randrange(2, VOCABULARY) for _ in range(draw.randint(1, 12))] for _ in range(draw.choice([1, 3, 5]))
    ]
    trie = TokenTrie.build(candidates)
    slow = score_naive(model, [prefix + s for s in suffixes], candidates)
    fast = score_trie(model, prefill(model, prefix), suffixes, trie)
    torch.testing.assert_close(fast, slow, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(score_copied(model, prefix, suffixes, candidates), slow, atol=1e-4, rtol=1e-4)


def test_a_second_call_gives_the_same_numbers_and_small_passes_too(monkeypatch):
    draw, model = random.Random(9), llama()
    trie = TokenTrie.build(random_candidates(draw, 12))
    cache = prefill(model, [4, 5, 6])
    suffixes = [[7, 8], [9], [10, 11, 12]]
    first = score_trie(model, cache, suffixes, trie)
    torch.testing.assert_close(score_trie(model, cache, suffixes, trie), first)
    monkeypatch.setattr("planner.trie.ROWS", 1)  # one prompt a pass
    torch.testing.assert_close(score_trie(model, cache, suffixes, trie), first, atol=1e-5, rtol=1e-5)


def test_probabilities_of_a_complete_set_sum_to_one():
    model = llama()
    trie = TokenTrie.build([[token] for token in range(VOCABULARY)])
    total = score_trie(model, prefill(model, [3]), [[5]], trie).exp().sum()
    assert total == pytest.approx(1.0, abs=1e-4)


def test_beginnings_are_scored_and_told_and_doubles_refused():
    model, candidates = llama(), [[5, 6], [5, 6, 7], [8]]
    assert has_beginnings(candidates) and not has_beginnings([[5, 6], [5, 7, 6]])
    fast = score_trie(model, prefill(model, [3]), [[4]], TokenTrie.build(candidates))
    torch.testing.assert_close(fast, score_naive(model, [[3, 4]], candidates), atol=1e-4, rtol=1e-4)
    with pytest.raises(UserError, match="must differ"):
        TokenTrie.build([[5, 6], [5, 6]])
    with pytest.raises(UserError, match="must not be empty"):
        TokenTrie.build([[5, 6], []])


def test_a_model_with_a_recurrent_state_or_a_window_takes_the_copied_way():
    from transformers import LlamaConfig, MambaConfig, MistralConfig

    assert can_branch(LlamaConfig()) and not can_branch(MambaConfig())
    assert not can_branch(MistralConfig(sliding_window=128)) and can_branch(MistralConfig(sliding_window=None))


def skills() -> list[list[int]]:
    """551 texts of a household robot as tokens, alike as SayCan's: one object, "move A near B", "put A in L", "go to L"."""
    draw = random.Random(0)
    nouns = [[draw.randrange(10, 30_000) for _ in range(draw.choice([1, 2, 2, 3]))] for _ in range(16)]
    places = [[draw.randrange(10, 30_000) for _ in range(draw.choice([1, 2, 2]))] for _ in range(15)]
    texts = [verb + noun for verb in ([2, 6], [3, 4, 6], [5, 7, 6], [8, 9, 6]) for noun in nouns]
    texts += [[11, 6, *one, 12, 6, *two] for one in nouns for two in nouns if one is not two]
    texts += [[5, 6, *noun, 13, 6, *place] for noun in nouns for place in places]
    texts += [[14, 15, 6, *place] for place in places[:7]]
    return texts


def test_flops_against_naive_and_copied():
    """Counted on the shape of shared research: 8 layers x 256, vocabulary 32,000, prompt of 600, 551 skills."""
    with torch.device("meta"):
        model = llama(layers=8, width=256, vocabulary=32_000)
    candidates, prompt = skills(), list(range(20, 620))
    trie = TokenTrie.build(candidates)
    assert len(candidates) == 551

    def flops(work) -> int:
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            work()
        return counter.get_total_flops()

    def run(size: int, length: int, held: int, keep: int) -> int:
        from transformers import DynamicCache

        cache = DynamicCache()
        width = model.config.hidden_size // model.config.num_attention_heads
        for layer in range(8 if held else 0):
            state = torch.empty(size, 2, held, width, device="meta")
            cache.update(state, state, layer)
        ids = torch.zeros(size, length, dtype=torch.long, device="meta")
        mask = torch.zeros(size, 1, length, held + length, device="meta")
        at = torch.arange(length, device="meta")[None]
        return flops(
            lambda: model(
                input_ids=ids, attention_mask=mask, position_ids=at, past_key_values=cache, logits_to_keep=keep
            )
        )

    by_length = {n: run(1, len(prompt) + n, 0, 0) for n in {len(c) for c in candidates}}
    naive = sum(by_length[len(c)] for c in candidates)
    longest = max(len(c) for c in candidates)
    copied = run(1, len(prompt), 0, 1) + run(len(candidates), longest - 1, len(prompt), 0)
    ours = run(1, len(prompt), 0, 1) + run(1, 1 + len(trie), len(prompt), len(trie) + 1)
    cached = run(1, 20 + len(trie), len(prompt) - 20, len(trie) + 1)
    assert naive / ours >= 150 and copied / ours >= 4
    assert naive / cached > naive / ours
