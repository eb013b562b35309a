"""The network's decoder is PyTorch's in fewer sums; what a skill is about adds to its score."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from planner.embedded.network import DecoderLayer


@pytest.mark.parametrize("queries", [1, 5])
def test_the_decoder_layer_is_pytorchs(queries):
    torch.manual_seed(0)
    mine, theirs = (
        kind(32, 4, 64, activation="gelu", batch_first=True, norm_first=True).eval()
        for kind in (DecoderLayer, nn.TransformerDecoderLayer)
    )
    for parameter in mine.parameters():  # biases too
        nn.init.normal_(parameter, std=0.3)
    theirs.load_state_dict(mine.state_dict())
    x, memory, padded = torch.randn(3, queries, 32), torch.randn(3, 7, 32), torch.zeros(3, 7, dtype=torch.bool)
    padded[1, 4:] = True
    found, meant = (layer(x, memory, memory_key_padding_mask=padded) for layer in (mine, theirs))
    torch.testing.assert_close(found, meant, rtol=1e-4, atol=1e-5)
    memory[1, 4:] = 100.0
    torch.testing.assert_close(mine(x, memory, memory_key_padding_mask=padded), found)
