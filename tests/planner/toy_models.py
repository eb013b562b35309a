"""Small causal models of real architectures with random weights, and a small tokenizer, saved as a hub folder would be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEXT = """find pick up put down go to the table counter drawer coke apple sponge bring it you done a an open close
I would Human Robot How robot 1 2 3 4 . , : ? can is"""


def llama(layers: int = 2, width: int = 32, vocabulary: int = 97, seed: int = 0, **more: Any) -> LlamaForCausalLM:
    """A Llama-shaped model."""
    torch.manual_seed(seed)
    config = LlamaConfig(vocab_size=vocabulary, hidden_size=width, intermediate_size=2 * width, num_hidden_layers=layers,
                         num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=2048, **more)  # fmt: skip
    return LlamaForCausalLM(config).eval()


def tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE (words keep their leading space, as Llama's and GPT's do), trained on a few words."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=["<s>", "</s>"], show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())  # fmt: skip
    made.train_from_iterator([TEXT, *TEXT.split(), *(f" {word}" for word in TEXT.split())] * 4, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>", pad_token="</s>")


def save(folder: Path, seed: int = 0) -> Path:
    """A model folder in Hugging Face format."""
    words = tokenizer()
    llama(vocabulary=len(words), width=48, seed=seed).save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
