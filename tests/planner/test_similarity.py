"""Sentence vectors are those of the texts asked for, however many were asked for before."""

from __future__ import annotations

import pytest
import torch

from planner import similarity

if not similarity.available():
    pytest.skip("needs the language extra", allow_module_level=True)
TEXTS = ["a coke", "the table", "pick up the sponge", "done", "a coke", "some tea"]


@pytest.mark.parametrize("most", [3, 5, 20_000])
def test_vectors_do_not_depend_on_what_is_kept(monkeypatch, most):
    monkeypatch.setattr(similarity, "MOST_VECTORS", most)
    monkeypatch.setattr(similarity, "_row", {})
    monkeypatch.setattr(similarity, "_table", [])
    alone = torch.cat([similarity._encoded([text]) for text in TEXTS])
    for some in (TEXTS[:2], TEXTS, TEXTS[::-1], ["brand new", *TEXTS]):
        found = similarity.sentence_vectors(some)
        for text, vector in zip(some, found, strict=True):
            if text in TEXTS:
                torch.testing.assert_close(vector, alone[TEXTS.index(text)], rtol=1e-4, atol=1e-5)
    assert len(similarity._row) <= most and similarity.sentence_vectors([]).shape == (0, similarity.WIDTH)
