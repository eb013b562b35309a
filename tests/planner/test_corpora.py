"""The corpus behind the embedded model: marks of numbers, held-out words, meanings that can be carried out."""

from __future__ import annotations

import hashlib
import random
import re

import pytest

from planner.embedded import lexicon, told
from planner.embedded.clauses import ALL, BESIDE, CRAFT_VERBS, KITCHEN_VERBS, MARKS, Clause, mark_numbers, number
from planner.embedded.craft import CraftCorpus
from planner.embedded.kitchen import FORMS_OF_COMMANDS, KitchenCorpus
from planner.embedded.lexicon import held_out, indefinite, is_plural, plural, published
from planner.embedded.noise import disturb, misspell
from planner.embedded.phrases import DRAWER, HAND, PLACES, Thing
from planner.embedded.scenes import DONE, worked_out

CORPORA = {"kitchen": KitchenCorpus, "craft": CraftCorpus}


@pytest.mark.parametrize(("text", "marked", "values"), [
    ("bring me two cokes", "bring me {0} cokes", [2]),
    ("Get 64 logs and twenty-one planks", "get {0} logs and {1} planks", [64, 21]),
    ("a couple of 7-ups", "{0} 7ups", [2]),
    ("a 7 up, please", "a 7up, please", []),
    ("someone left it", "someone left it", []),
    ("6x torch, planks x12", "{0} torch, planks {1}", [6, 12]), ("a 3x3 grid", "a 3x3 grid", []),
])  # fmt: skip
def test_numbers_become_marks(text, marked, values):
    assert mark_numbers(text) == (marked.format(*MARKS), values)


def test_numbers_have_values():
    assert [number(text) for text in ("12", "forty two", "half a dozen", "seven")] == [12, 42, 6, 7]
    with pytest.raises(ValueError, match="no number"):
        number("many")


@pytest.mark.parametrize(("noun", "one", "many"), [
    ("apple", "an apple", "apples"), ("can of coke", "a can of coke", "cans of coke"), ("water", "some water", "waters"),
    ("rice chips", "some rice chips", "rice chips"), ("knife", "a knife", "knives"), ("berry", "a berry", "berries"),
])  # fmt: skip
def test_english(noun, one, many):
    assert indefinite(noun) == one and plural(noun) == many and is_plural(many)


@pytest.mark.parametrize("world", CORPORA)
def test_examples_are_whole_and_the_same_for_a_seed(world):
    some = [CORPORA[world](3).example() for _ in range(1)] + [
        e for c in [CORPORA[world](3)] for e in (c.example() for _ in range(400))
    ]
    assert some[0] == some[1] and some[0].text == some[1].text
    verbs = {clause.verb for e in some for clause in e.clauses}
    assert verbs <= set(KITCHEN_VERBS if world == "kitchen" else CRAFT_VERBS) and len(verbs) >= 3
    for example in some:
        assert "{" not in example.text and example.text.strip() and not published(example.text)
        for clause in example.clauses:
            spots = {place for place in clause.place if not place.startswith(BESIDE)}
            assert spots <= set(PLACES) and clause.source <= set(PLACES)
            assert clause.count >= ALL
            assert clause.things or clause.verb in ("go", "open", "close")
            if clause.count > 1:
                assert (
                    clause.count in mark_numbers(example.text.lower())[1] or "&" in example.text or clause.count < 100
                )


@pytest.mark.parametrize("world", CORPORA)
def test_wording_is_wide(world):
    corpus = CORPORA[world](0)
    texts = {corpus.example().text for _ in range(1000)}
    assert len(texts) > 970 and len({text.split()[0].lower() for text in texts}) > 60


def test_training_never_sees_what_is_held_out():
    corpus = KitchenCorpus(0)
    held = [t for t in corpus.frames["connectors"] if held_out(t)]
    assert held and all(corpus._pick("connectors") not in held for _ in range(500))
    unseen = KitchenCorpus(0, "frames")
    assert sum(unseen._pick("connectors") in held for _ in range(200)) > 100


def test_published_commands_are_known_and_left_out():
    sums = lexicon._published()
    assert len(sums) > 100
    assert hashlib.sha1(b"how would you do it").hexdigest()[:12] not in sums


@pytest.mark.parametrize("world", CORPORA)
def test_a_published_command_is_drawn_anew(world, monkeypatch):
    first = CORPORA[world](3).example().text
    digest = hashlib.sha1(" ".join(re.findall(r"[a-z0-9]+", first.lower())).encode()).hexdigest()[:12]
    monkeypatch.setattr(lexicon, "_published", lambda: frozenset({digest}))
    corpus = CORPORA[world](3)
    assert first not in {corpus.example().text for _ in range(50)}


def test_slips_keep_most_of_a_text():
    draw = random.Random(0)
    for _ in range(200):
        assert abs(len(misspell("bring me the multigrain chips", draw, 2)) - 29) <= 2
    kept = sum(disturb("bring me the tea", draw).lower().rstrip(".!? ") == "bring me the tea" for _ in range(500))
    assert 200 < kept < 450


def test_worked_out_plans_end_with_done_once():
    corpus, draw, found = KitchenCorpus(1), random.Random(0), 0
    for _ in range(200):
        example = corpus.example()
        plan = worked_out(example.clauses, draw)
        if plan:
            found += 1
            assert plan[-1].right == (DONE,) and all(DONE not in step.right for step in plan[:-1])
            assert all(len(step.history) == k for k, step in enumerate(plan))
    assert found > 120


def test_kills_and_uses_are_drawn_with_where_and_with_what():
    corpus = CraftCorpus(11)
    some = [corpus.example() for _ in range(3000)]
    alone = [(e.text.lower(), e.clauses[0]) for e in some if len(e.clauses) == 1]
    kills, uses = ([(text, c) for text, c in alone if c.verb == verb] for verb in ("kill", "use"))
    assert len(kills) > 60 and len(uses) > 60
    assert all(c.things <= set(corpus.mobs) for _, c in kills) and all(c.things <= set(corpus.items) for _, c in uses)
    assert any(c.count > 1 for _, c in kills) and any("night" in text for text, _ in kills)
    assert {c for _, c in alone if c.verb == "seek"} & {c for _, c in alone} and not set(corpus.mobs) & set(
        corpus.items
    )


def test_every_form_of_a_command_says_what_it_means():
    corpus = KitchenCorpus(5)
    for form in FORMS_OF_COMMANDS:
        for _ in range(20):
            text, clauses = getattr(corpus, f"_{form}")()
            assert text and "{" not in text and (clauses or form == "nothing"), (form, text)
    for _ in range(50):
        (each,) = corpus._each()[1]
        assert each.count == ALL and each.different and each.things
        (kept,) = corpus._except()[1]
        assert kept.left_out and kept.things == corpus.everything - kept.left_out and kept.source
        put, close = corpus._then_close()[1]
        assert put.place == DRAWER and close.verb == "close"


def test_next_to_something_is_a_place():
    corpus = KitchenCorpus(4)
    for _ in range(50):
        text, (put,) = corpus._beside()
        (place,) = put.place
        assert place.startswith(BESIDE) and place.removeprefix(BESIDE) in corpus.objects and "{" not in text
        assert put.source == HAND or place.removeprefix(BESIDE) not in put.things


@pytest.mark.parametrize(("world", "verbs"), [("kitchen", KITCHEN_VERBS), ("craft", CRAFT_VERBS)])
def test_what_is_told_says_all_that_it_means(world, verbs, monkeypatch):
    name, corpus = {"kitchen": "told", "craft": "craft_told"}[world], CORPORA[world](1)
    for entry in told.entries(name):
        asked = [told.parts(line) for line in entry.do]
        assert entry.say and all(part.verb in verbs for part in asked), entry.do
        slots = {part.what for part in asked if part.what in ("x", "y", "z", "xs", "ys")}
        slots |= {p for part in asked for p in (part.place, part.source) if p in told.PLACE_SLOTS}
        for say in entry.say:
            said = {slot.removesuffix("0") for slot in told.SLOT.findall(say)}
            said |= {slot.removesuffix("s") for slot in said} if world == "craft" else set()
            assert slots <= said, (say, entry.do)
            assert "n" in said or all(part.number != "n" for part in asked), (say, entry.do)
        monkeypatch.setattr(told, "draw", lambda name, source, unseen, entry=entry: (entry, entry.say[0]))
        text, clauses = corpus._told()
        monkeypatch.undo()
        assert "{" not in text and len(clauses) == len(entry.do)
        assert all(c.things or c.verb in ("go", "open", "close") for c in clauses), entry.do


def test_a_clause_is_written_in_a_line():
    assert told.parts("put 2 different x < from > trash_can") == ("put", "2", True, "x", "from", "trash_can")
    assert told.parts("open") == ("open", "", False, "", "", "") and told.parts("go > table").place == "table"
    sets = {"drink": frozenset({"tea", "coke"}), "cold": frozenset({"coke"}), "sponge": frozenset({"sponge"})}
    assert told.expression("drink-cold|sponge", sets.__getitem__) == ({"tea", "sponge"}, {"coke"})
    assert told.expression("drink&cold", sets.__getitem__) == ({"coke"}, set())
    with pytest.raises(ValueError, match="no clause"):
        told.parts("put the x on it")


def test_what_is_corrected_does_not_count():
    corpus = KitchenCorpus(6)
    corpus.frames = {**corpus.frames, "corrections": ["{a} NO {b}"], "object_corrections": ["{x} NO {y}"]}
    for _ in range(100):
        text, clauses = corpus._correction()
        assert " NO " in text and len(clauses) == 1
        thing = corpus._corrected(Thing("the coke", frozenset({"coke"})), lambda noun: f"the {noun}")
        assert thing.which == {"coke"} and thing.text.endswith("the coke")
        assert thing.left_out or thing.text == "the coke"


def test_it_is_what_was_picked_up_before():
    corpus, pick = KitchenCorpus(7), Clause("pick", frozenset({"tea"}))
    found = [corpus._piece(pick)[1] for _ in range(300)]
    assert sum(clauses[0].things == {"tea"} and not clauses[0].source for clauses in found) > 50
    alone = [corpus._part()[1][0] for _ in range(2000)]
    assert any(c.source == HAND and c.things == corpus.everything for c in alone)
    joined = [corpus._part(plain=True)[1][0] for _ in range(2000)]
    assert not any(c.source == HAND and c.things == corpus.everything for c in joined)


def test_numbers_of_items_are_written_in_many_ways():
    corpus = CraftCorpus(8)
    some = {corpus._several("torch", "torch", 6) for _ in range(200)}
    assert {"6 torches", "six torches", "6x torches", "torches x6"} <= some
    assert all(mark_numbers(text)[1] == [6] for text in some), some
