"""The embedded model at work: reads commands into clauses, and scores any skill text as the next one to run.

Commands are encoded once and remembered; objects, facts and skills are sentence vectors of the frozen MiniLM, so texts
that came after training are scored as well.
"""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from pydantic import BaseModel
from safetensors.torch import load_file, save
from torch import Tensor

from planner import skeleton
from planner.embedded import lexicon
from planner.embedded.batches import encode, kitchen_skills, step_tensors
from planner.embedded.clauses import ALL, CRAFT_VERBS, KITCHEN_VERBS, NEXT_TO, VERBS, Clause, beside
from planner.embedded.network import Encoded, PlannerNetwork, trained_parts
from planner.embedded.phrases import COUNTERS
from planner.embedded.scenes import Step
from planner.embedded.sentences import PER_CUT, likeliest_parts, sentences
from planner.embedded.spelling import mend, words
from planner.goals import GIVEN
from planner.language import Prompt, Scores
from planner.similarity import SHA256, minilm, sentence_vectors
from sim.world import UserError
from skills.files import write_atomic
from skills.schema import NEARBY

FOLDER = Path(__file__).parent / "weights"
T = TypeVar("T", bound=BaseModel)
IDLE = 4.0  # weight of a number that is not claimed yet, against "one" and "all"
NAMED = 1.5  # weight of an item whose whole name stands in the command
TOGETHER = 16  # commands encoded at once: of like length, so that little is padding
IDLE_TALK = 2.0  # nothing is asked for where that is so many times as probable as the likeliest reading,
DOUBTS = 0.3  # and at least so probable;
NAMED_TALK = 0.99  # at least so probable where something of the scene is named
SURE = 0.02  # other choices below this probability are no second readings
TAKES, TAKES_NOTHING = ("bring", "put", "pick", "find"), ("go", "open", "close")
NOTHING: tuple[frozenset[str], float] = (frozenset(), 1.0)
WORLD_VERBS = {"kitchen": KITCHEN_VERBS, "craft": CRAFT_VERBS}


@dataclass(frozen=True)
class Meaning:
    """What a command was read as, how probable that is, and the next best readings; `likely` says for each clause how
    probable each object is that the most probable ones leave open (see `planner.household.grounded`)."""

    clauses: tuple[Clause, ...]
    probability: float
    others: tuple[tuple[tuple[Clause, ...], float], ...] = field(default=(), compare=False)
    likely: tuple[Mapping[str, float], ...] = field(default=(), compare=False)


class EmbeddedModel:
    """A `LanguageModel` without a network connection."""

    name = "embedded"

    def __init__(self, network: PlannerNetwork):
        self.network = network.eval()
        self._read: dict[str, tuple[Encoded, list[int]]] = {}

    # -- reading -----------------------------------------------------------------------------------------------------

    @torch.inference_mode()
    def parse(
        self, commands: Sequence[str], objects: Sequence[str], places: Sequence[str], world: str
    ) -> list[Meaning]:
        """The meaning of each command over candidate objects and places (texts; underscores are read as spaces)."""
        names = words([*objects, *places])
        commands = [mend(command, names) for command in commands]
        whole = self._meanings(commands, objects, places, world)
        tables = [sentences(c) if m.probability < PER_CUT else [[c]] for c, m in zip(commands, whole, strict=True)]
        texts = sorted({text for table in tables for row in table for text in row} - set(commands))
        read = dict(zip([*commands, *texts], [*whole, *self._meanings(texts, objects, places, world)], strict=True))
        return [_together([[read[text] for text in row] for row in table]) for table in tables]

    def _meanings(
        self, commands: Sequence[str], objects: Sequence[str], places: Sequence[str], world: str
    ) -> list[Meaning]:
        """Each text read as one command."""
        if not commands:
            return []
        encoded, numbers = self._encoded(commands)
        parse = self.network.parse(encoded, vectors(objects), vectors(places))
        verb = parse.verb.clone()
        verb[..., [k for k, name in enumerate(VERBS) if name not in ("none", *WORLD_VERBS[world])]] = -1e4
        tables = (verb.softmax(-1), parse.count.softmax(-1), parse.different.sigmoid(), parse.source.sigmoid(),
                  parse.place.sigmoid(), parse.things.sigmoid(), parse.near.softmax(-1))  # fmt: skip
        rows = [t.numpy() for t in tables]
        return [
            _meaning([r[k] for r in rows], numbers[k], objects, places, world, command)
            for k, command in enumerate(commands)
        ]

    def _encoded(self, commands: Sequence[str]) -> tuple[Encoded, list[list[int]]]:
        """The commands read, padded to the longest."""
        new = sorted((c for c in dict.fromkeys(commands) if c not in self._read), key=len)
        for start in range(0, len(new), TOGETHER):
            part = new[start : start + TOGETHER]
            ids, mask, values = encode(part)
            found = self.network.read(ids, mask)
            if len(self._read) > 10_000:
                self._read.clear()
            for k, command in enumerate(part):
                n = int(mask[k].sum())
                one = Encoded(found.tokens[k, :n].clone(), mask[k, :n], found.clauses[k].clone())
                self._read[command] = (one, values[k])
        if any(c not in self._read for c in commands):
            return self._encoded(commands)
        parts = [self._read[c] for c in commands]
        pad = torch.nn.utils.rnn.pad_sequence
        return Encoded(pad([e.tokens for e, _ in parts], True), pad([e.mask for e, _ in parts], True),
                       torch.stack([e.clauses for e, _ in parts])), [v for _, v in parts]  # fmt: skip

    # -- LanguageModel -----------------------------------------------------------------------------------------------

    @torch.inference_mode()
    def score(self, prompts: Sequence[Prompt], candidates: Sequence[str]) -> Scores:
        """Log-probabilities [P, C] of each candidate text being the next skill (they sum to one over the candidates)."""
        if not prompts:
            return Scores(np.zeros((0, len(candidates)), np.float32), np.ones((0, len(candidates)), np.int64), "ranker")
        names = words(candidates)
        encoded, _ = self._encoded([mend(prompt.command, names) for prompt in prompts])
        steps = [Step({spaced(name): n for name, n in prompt.facts.items()}, prompt.history, ()) for prompt in prompts]
        s = step_tensors(steps, ())
        scores = self.network.rank(
            encoded, s.facts, s.amounts, s.fact_mask, s.history, s.history_mask, vectors(candidates)
        )
        log_probs = scores.log_softmax(-1).numpy().astype(np.float32)
        return Scores(log_probs, np.ones(log_probs.shape, dtype=np.int64), "ranker")

    def write(self, prompts: Sequence[Prompt]) -> list[str]:
        """A next step per prompt. A ranker does not write: this is its best text over all objects of the corpus, those of
        the scene or not, which is what "generate, then map to the nearest skill" can be for it."""
        texts = kitchen_skills(tuple(lexicon.load("objects")))
        return [texts[int(row.argmax())] for row in self.score(prompts, texts).log_probs]

    def complete(self, prompt: str, schema: type[T]) -> T:
        """An object of `schema`, chosen by meaning: of several names the one nearest to the prompt's last line, and of what
        it cannot tell the least (one, no more items, null). Raises `UserError` for a schema with free text."""
        asked = next((line for line in reversed(prompt.splitlines()) if line.strip()), "").rpartition(": ")[2]
        return schema.model_validate_json(
            skeleton.fill(schema.model_json_schema(), prompt, partial(_nearest, asked), _mute)
        )


def _nearest(asked: str, text: str, options: Sequence[str]) -> int:
    """The option nearest in meaning, or the one that says least."""
    least = next((k for k, option in enumerate(options) if option in ("]", "null", "false") or option.isdigit()), None)
    if least is not None:
        return least
    return int((vectors([asked]) @ vectors([option.strip('"') for option in options]).T)[0].argmax())


def _mute(text: str) -> str:
    raise UserError("the embedded model ranks texts and writes none; give --llm hf:PATH, openai:MODEL or langchain:...")


def spaced(name: str) -> str:
    """A fact as text: "coke_at_close_counter" -> "coke at close counter"."""
    return name.replace("_", " ")


def vectors(texts: Sequence[str]) -> Tensor:
    """Sentence vectors [len(texts), width] of names and skills."""
    return sentence_vectors([text.replace("_nearby", "").replace("_", " ") for text in texts])


# -- from probabilities to clauses ---------------------------------------------------------------------------------------


def _meaning(
    tables: Sequence[np.ndarray],
    numbers: Sequence[int],
    objects: Sequence[str],
    places: Sequence[str],
    world: str,
    command: str,
) -> Meaning:
    """The most probable clauses, and those that differ in the one choice that was closest."""
    verb, count, different, source, place, things, near = tables
    named, claimed = _named(command, objects), set[int]()
    clauses, probability, likely = list[Clause](), 1.0, list[np.ndarray]()
    others: list[tuple[tuple[Clause, ...], float]] = []
    for k in range(len(verb)):
        best = int(verb[k].argmax()) if k else 1 + int(verb[k][1:].argmax())  # VERBS[0] is none
        probability *= float(verb[k][best])
        if VERBS[best] == "none":
            break
        kind, sure = _count(count[k], numbers, claimed)
        probability *= sure
        name = VERBS[best]
        number = ALL if kind == 1 else 1 if kind == 0 else numbers[kind - 2]
        if world == "craft":
            likely.append(_items(things[k], objects, name) * np.where(named, NAMED, 1.0))
            chosen, sure = _single(likely[k], objects)
            clauses.append(Clause(name, chosen, number))
            probability *= sure
            continue
        many = bool(different[k] > 0.5) and number != 1
        least = number if many and number != ALL else 1
        chosen, sure = _set(things[k], objects, least) if name not in TAKES_NOTHING else NOTHING
        if chosen and number != ALL:  # any of them will do, so one of them must be right
            sure = max(float(p) for p, thing in zip(things[k], objects, strict=True) if thing in chosen)
        spots, placed = (_spot(place[k], places, needed=True) if name in ("go", "put") else
                         (frozenset({"user"}), 1.0) if name == "bring" else NOTHING)  # fmt: skip
        if spots == {NEXT_TO}:
            neighbour, next_to_it = _single(near[k], objects)
            if chosen == neighbour:  # nothing is next to itself
                spots, placed = _spot(np.where(np.array(places) == NEXT_TO, 0.0, place[k]), places, needed=True)
            else:
                chosen, spots = chosen - neighbour, frozenset(map(beside, neighbour))
                placed *= next_to_it
        origin, from_there = _spot(source[k], places, needed=False) if name in TAKES else NOTHING
        if origin == spots:  # nothing is moved to where it is
            origin = frozenset()
        probability *= sure * placed * from_there
        clauses.append(Clause(name, chosen, number if name in TAKES else 1, many, origin, spots))
    nothing = float(verb[0][0])
    if nothing > (NAMED_TALK if named.any() else max(IDLE_TALK * probability, DOUBTS)):
        return Meaning((), nothing)
    made = tuple(clauses)
    for k, clause in enumerate(clauses):
        for other, share in _second(clause, likely[k], objects) if world == "craft" else []:
            others.append(((*made[:k], other, *made[k + 1 :]), probability * share))
    others.sort(key=lambda pair: -pair[1])
    known = tuple(dict(zip(objects, things[k].tolist(), strict=True)) for k in range(len(clauses)))
    return Meaning(made, probability, tuple(pair for pair in others[:5] if pair[1] > SURE), known)


def _together(table: Sequence[Sequence[Meaning]]) -> Meaning:
    """The meaning of a command of which the sentences from I to J mean [I][J - I]."""
    whole = table[0][-1]
    parts = likeliest_parts(table, lambda m: m.probability if m.clauses or m is whole else 0.0)
    if len(parts) == 1:
        return whole
    probability = math.prod(part.probability for part in parts)
    others = list[tuple[tuple[Clause, ...], float]]()
    for k, part in enumerate(parts):
        before, after = ([c for p in some for c in p.clauses] for some in (parts[:k], parts[k + 1 :]))
        others += [((*before, *c, *after), p * probability / part.probability) for c, p in part.others]
    others.sort(key=lambda pair: -pair[1])
    clauses, likely = (c for p in parts for c in p.clauses), (known for p in parts for known in p.likely)
    return Meaning(tuple(clauses), probability, tuple(pair for pair in others[:5] if pair[1] > SURE), tuple(likely))


def _count(p: np.ndarray, numbers: Sequence[int], claimed: set[int]) -> tuple[int, float]:
    """The kind of a clause's count and its probability. A number of the text that nothing else claims is seldom idle, so it
    counts more than "one"."""
    p = p.copy()
    p[2 + len(numbers) :] = 0.0
    free = [k for k in range(2, 2 + len(numbers)) if k not in claimed]
    p[free] *= IDLE
    kind = int(p.argmax())
    claimed.add(kind)
    return kind, float(p[kind] / max(p.sum(), 1e-9))


def _named(command: str, objects: Sequence[str]) -> np.ndarray:
    """Which objects stand in the command by their whole name, in its part before "given" or "with"."""
    text = _words(GIVEN.sub("", command.lower()))
    held = [f" {spaced(name)} " in text for name in objects]
    longest = [spaced(name) for name, is_in in zip(objects, held, strict=True) if is_in]
    return np.array([is_in and not any(spaced(n) != other and f" {spaced(n)} " in f" {other} " for other in longest)
                     for n, is_in in zip(objects, held, strict=True)])  # fmt: skip


def _words(text: str) -> str:
    """Lower-case words with a space around each."""
    return f" {' '.join(re.findall(r'[a-z0-9]+', text))} "


def _set(p: np.ndarray, names: Sequence[str], least: int) -> tuple[frozenset[str], float]:
    """The names more likely in than out, at least so many (three different fruits are three kinds), and the probability of
    just that set."""
    inside = p > 0.5
    if least > inside.sum():
        inside[np.argsort(-p)[:least]] = True
    chosen = frozenset(name for name, is_in in zip(names, inside, strict=True) if is_in)
    return chosen, math.exp(float(np.log(np.clip(np.where(inside, p, 1 - p), 1e-3, 1)).sum()))


def _spot(p: np.ndarray, names: Sequence[str], needed: bool) -> tuple[frozenset[str], float]:
    """The one likeliest place, or both counters ("the counter")."""
    chosen, sure = _set(p, names, 1 if needed else 0)
    if len(chosen) > 1 and chosen != COUNTERS:
        best = int(p.argmax())
        chosen, sure = frozenset({names[best]}), float(p[best])
    return chosen, sure


def _items(p: np.ndarray, names: Sequence[str], verb: str) -> np.ndarray:
    """Probabilities of what a verb of the craft world can take: blocks and mobs to look for or to kill, or items."""
    findable = np.array([name.endswith(NEARBY) for name in names])
    return np.where(findable == (verb in ("seek", "kill")), p, 0.0)


def _single(p: np.ndarray, names: Sequence[str]) -> tuple[frozenset[str], float]:
    """The one likeliest item."""
    best = int(p.argmax())
    return frozenset({names[best]}), min(float(p[best]), 1.0)


def _second(clause: Clause, p: np.ndarray, objects: Sequence[str]) -> list[tuple[Clause, float]]:
    """Readings with another item: (clause, probability relative to the first)."""
    found = []
    for k in np.argsort(-p)[:4]:
        name = objects[int(k)]
        if name not in clause.things:
            top = max(float(p[objects.index(next(iter(clause.things)))]), 1e-6)
            found.append((Clause(clause.verb, frozenset({name}), clause.count), float(p[k]) / top))
    return found


# -- files -------------------------------------------------------------------------------------------------------------


def save_model(folder: Path, network: PlannerNetwork, how: dict[str, Any]) -> None:
    """Write the trained parts in half precision (safetensors), and the card beside them."""
    tensors = {name: value.detach().half().contiguous() for name, value in trained_parts(network).items()}
    write_atomic(folder / "planner.safetensors", save(tensors, metadata={"minilm": SHA256}))
    size = sum(t.numel() for t in tensors.values())
    card = {"name": "planner", "parameters": size, "minilm_sha256": SHA256, **how}
    write_atomic(folder / "planner.card.json", (json.dumps(card, indent=1) + "\n").encode())


@lru_cache(maxsize=2)
def load(folder: Path = FOLDER) -> EmbeddedModel:
    """The shipped model. Raises `UserError` where its weights or MiniLM are missing or do not fit."""
    path = folder / "planner.safetensors"
    if not path.is_file():
        raise UserError(f"no embedded planner model in {folder}; `python -m planner.embedded.train` makes it")
    network = PlannerNetwork(copy.deepcopy(minilm()[1]))
    tensors = {name: value.float() for name, value in load_file(path).items()}
    shapes = {name: value.shape for name, value in trained_parts(network).items()}
    if {name: value.shape for name, value in tensors.items()} != shapes:
        raise UserError(f"{path} does not fit this version of the planner model; train it anew")
    network.load_state_dict(tensors, strict=False)
    return EmbeddedModel(network)
