"""Speed of scoring a whole library of skill texts: the trie in one forward, copied caches, and a naive loop.

On a CPU a small Llama-shaped model; on a GPU the shapes of Llama-3.2-1B and 8B. Random weights: the time does not depend on
them. The naive loop is timed over a few of its forwards and multiplied, as the whole of it takes minutes. On a GPU the row
of the trie also says which share of the roofline (peak of dense matrix products) it reaches. The embedded planner model is
timed too, with commands it has not met.

    saycraft bench scoring [--num-envs 1,64] [--seconds 2]
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import Any

import torch

from benchmarks.timing import median_seconds
from planner import trie
from sim.world import UserError

SKILLS, PROMPT, SUFFIX = 551, 600, 40
SHAPES: dict[str, dict[str, int]] = {
    "small": {"hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 4, "num_attention_heads": 8,
              "num_key_value_heads": 4, "vocab_size": 8192},
    "Llama-3.2-1B": {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32,
                     "num_key_value_heads": 8, "vocab_size": 128_256, "head_dim": 64},
    "Llama-3.1-8B": {"hidden_size": 4096, "intermediate_size": 14_336, "num_hidden_layers": 32, "num_attention_heads": 32,
                     "num_key_value_heads": 8, "vocab_size": 128_256, "head_dim": 128},
}  # fmt: skip
PEAK = {"H200": 989e12, "H100": 989e12, "A100": 312e12}  # dense bfloat16 operations a second, from the data sheets


def rows(num_envs: Sequence[int] = (1, 64), seconds: float = 2.0) -> list[dict[str, Any]]:
    """One row per model, method and number of prompts; `ms` is one decision for all of them."""
    out: list[dict[str, Any]] = []
    cuda = torch.cuda.is_available()
    for name in ("Llama-3.2-1B", "Llama-3.1-8B") if cuda else ("small",):
        model = _model(name, "cuda" if cuda else "cpu")
        for n in num_envs:
            out += _measure(name, model, n, seconds)
        del model
        if cuda:
            torch.cuda.empty_cache()
    return out + _embedded(num_envs, seconds)


def _model(name: str, device: str) -> Any:
    try:
        from transformers import LlamaConfig, LlamaForCausalLM
    except ImportError:
        raise UserError("bench scoring needs transformers: pip install 'saycraft[language]'") from None
    torch.manual_seed(0)
    shape: dict[str, Any] = SHAPES[name]
    config = LlamaConfig(max_position_embeddings=4096, **shape)
    with torch.device(device):
        model: Any = LlamaForCausalLM(config)
    return model.to(torch.bfloat16 if device == "cuda" else torch.float32).eval()


def library(draw: random.Random, vocabulary: int) -> list[list[int]]:
    """Token sequences of 551 skills such as "pick up the lime soda": a few verbs, 180 names of one to four tokens."""
    verbs = [[draw.randrange(5, vocabulary) for _ in range(length)] for length in (2, 3, 3)]
    names = [[draw.randrange(5, vocabulary) for _ in range(draw.choice([1, 2, 2, 3, 4]))] for _ in range(183)]
    places = [[draw.randrange(5, vocabulary) for _ in range(3)] for _ in range(2)]
    return ([verb + name for verb in verbs for name in names] + places)[:SKILLS]


def _measure(name: str, model: Any, n: int, seconds: float) -> list[dict[str, Any]]:
    draw = random.Random(0)
    vocabulary = model.config.vocab_size
    texts = library(draw, vocabulary)
    static = [draw.randrange(5, vocabulary) for _ in range(PROMPT)]
    suffixes = [[draw.randrange(5, vocabulary) for _ in range(SUFFIX)] for _ in range(n)]
    tree, prefix = trie.TokenTrie.build(texts), trie.prefill(model, static)
    few = 8
    whole = [static + suffixes[k % n] for k in range(few)]
    times = {
        "naive loop": median_seconds(lambda: [trie.score_naive(model, [p], [t]) for p, t in zip(whole, texts, strict=False)],
                                     seconds, model.device) / few * n * SKILLS,
        "copied cache": median_seconds(lambda: trie.score_copied(model, static, suffixes[:1], texts), seconds, model.device) * n,
        "trie": median_seconds(lambda: trie.score_trie(model, prefix, suffixes, tree), seconds, model.device),
    }  # fmt: skip
    out = [
        {"model": name, "method": method, "num_envs": n, "skills": SKILLS, "device": model.device.type, "ms": 1000 * t,
         "speedup": times["naive loop"] / t}
        for method, t in times.items()
    ]  # fmt: skip
    if model.device.type == "cuda":
        out[-1]["roofline"] = _floating(model, n, len(tree)) / times["trie"] / _peak()
    return out


def _floating(model: Any, n: int, nodes: int) -> float:
    """Floating-point operations of one trie pass: two per weight and token in the layers, and of the logits kept."""
    head = model.lm_head.weight.numel()
    body = sum(p.numel() for p in model.parameters()) - head - model.model.embed_tokens.weight.numel()
    return 2.0 * n * (body * (SUFFIX + nodes) + head * (nodes + 1))


def _peak() -> float:
    device = torch.cuda.get_device_name()
    return next((peak for name, peak in PEAK.items() if name in device), float("nan"))


def _embedded(num_envs: Sequence[int], seconds: float) -> list[dict[str, Any]]:
    """The embedded planner model: 100 candidate skills, commands new to it."""
    from planner.embedded.batches import kitchen_skills
    from planner.embedded.kitchen import KitchenCorpus
    from planner.embedded.model import load
    from planner.embedded.phrases import OBJECTS
    from planner.language import Prompt

    try:
        model = load()
    except UserError:
        return []
    texts, corpus = [*kitchen_skills(OBJECTS), *(f"find the {k}. thing" for k in range(100))][:100], KitchenCorpus(1)
    out: list[dict[str, Any]] = []
    for n in num_envs:

        def work(n: int = n) -> float:
            prompts = [Prompt(corpus.example().text, {"coke_at_table": 1, "robot_at_user": 1}) for _ in range(n)]
            began = time.perf_counter()
            model.score(prompts, texts)
            return time.perf_counter() - began

        work()
        until = time.perf_counter() + seconds
        spent: list[float] = []
        while time.perf_counter() < until or len(spent) < 3:
            spent.append(work())
        ms = 1000 * sorted(spent)[len(spent) // 2]
        out.append({"model": "embedded", "method": "ranker", "num_envs": n, "skills": 100, "device": "cpu", "ms": ms})
    return out
