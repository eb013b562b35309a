"""Trains the embedded planner model from nothing but MiniLM and the corpus: `python -m planner.embedded.train`.

Losses: what each clause asks for (verb, count, places, objects) and, for a random step of a worked-out plan, which skill
comes next. The learning rate falls along the time budget; a killed run goes on with --resume. Workers (processes of one
thread each) share a step's commands: small matrices use a second process far better than a second thread.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
import math
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, distributed, multiprocessing, nn
from torch.nn import functional

from planner.embedded.batches import IGNORED, SPOTS, beside_what, encode, kitchen_steps, label, step_tensors
from planner.embedded.clauses import Example
from planner.embedded.craft import CraftCorpus
from planner.embedded.flat import Flat
from planner.embedded.kitchen import KitchenCorpus
from planner.embedded.lexicon import held_out
from planner.embedded.model import FOLDER, EmbeddedModel, save_model, vectors
from planner.embedded.network import Encoded, Parse, PlannerNetwork, freeze
from planner.embedded.phrases import OBJECTS
from planner.embedded.test_set import accuracy
from planner.similarity import minilm
from skills.files import load_checkpoint, random_state, save_checkpoint, set_random_state

FEW = 30  # objects of a clause that each have to be among the candidates
FEW_NEAR = 4.0  # added to a batch's number of places next to things: a single one weighs little
POOL = 16  # batches drawn at a time
ROUND = 8  # lengths are padded to multiples of it: for each new shape of a matrix product oneDNN first makes code
APART = 7919  # between the seeds of workers
MEMORY = {  # glibc keeps the memory of a step for the next one, in large pages
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1", "MALLOC_TOP_PAD_": str(1 << 28),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 33), "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
}  # fmt: skip


@dataclass(frozen=True)
class Config:
    """How the model is trained."""

    minutes: float = 90.0  # of wall time, tests of accuracy included
    workers: int = 2  # processes, each with its share of the commands of a step
    batch: int = 64  # commands a step, of all workers together
    kitchen: int = 42  # of them for the kitchen
    lr_encoder: float = 1e-4
    lr: float = 6e-4
    weight_decay: float = 0.01
    warm_up: float = 0.03  # share of the time
    candidates: int = 160  # objects, or items, that a batch is labelled over
    checkpoint_minutes: float = 5.0
    half: bool = False  # bfloat16 where it is safe: about 1.5 times faster on a CPU that has it
    seed: int = 0
    resume: bool = False
    begin: Path | None = None  # a folder with a trained model to go on from, in place of MiniLM alone
    runs: Path = Path("runs/planner")  # where checkpoints go
    out: Path = FOLDER  # where the trained model goes
    steps: int = 10**9  # at most


def parse_loss(parse: Parse, labels: Any) -> dict[str, Tensor]:
    """Named losses of the clause heads."""
    real, bce = labels.real, functional.binary_cross_entropy_with_logits
    count = functional.cross_entropy(parse.count.flatten(0, 1), labels.count.flatten(), reduction="none").view_as(
        parse.different
    )
    with_things = real & labels.things.any(-1)
    things = _per_set(bce(parse.things, labels.things, reduction="none"), labels.things, labels.left_out)
    left_out = _per_set(bce(parse.left_out, labels.left_out, reduction="none"), labels.left_out, 2.0 * labels.left_out)
    places = bce(parse.source, labels.source, reduction="none").sum(-1) + bce(
        parse.place, labels.place, reduction="none"
    ).sum(-1)
    near = functional.cross_entropy(
        parse.near.flatten(0, 1), labels.near.flatten(), reduction="sum", ignore_index=IGNORED
    )
    return {
        "verb": functional.cross_entropy(parse.verb.flatten(0, 1), labels.verb.flatten()),
        "count": _mean(count, real),
        "different": 0.5 * _mean(bce(parse.different, labels.different, reduction="none"), real),
        "places": _mean(places, real),
        "things": 2.0 * _mean(things, with_things),
        "left_out": _mean(left_out, with_things),
        "near": near / (FEW_NEAR + (labels.near != IGNORED).sum()),
    }  # fmt: skip


def _per_set(losses: Tensor, meant: Tensor, left_out: Tensor) -> Tensor:
    """The sum over candidates, in proportion to how many are meant; what is left out counts as if it were meant alone: "anything
    but tea" must not be right for a hundred things and wrong for tea."""
    some = meant.sum(-1, keepdim=True)
    return (losses * (1.0 + left_out * (1.0 + some) / 4.0)).sum(-1) / (4.0 + some.squeeze(-1))


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum() / mask.sum().clamp(min=1)


class Trainer:
    """The network, its optimiser, and where its examples come from; one of `config.workers`, whose gradients are averaged."""

    def __init__(self, config: Config, worker: int = 0):
        torch.manual_seed(config.seed)
        self.config, self.worker = config, worker
        self.batch, self.from_kitchen = config.batch // config.workers, config.kitchen // config.workers
        self.network = PlannerNetwork(_quick(copy.deepcopy(minilm()[1]), config.half))
        if config.begin is not None:
            begin_from(self.network, config.begin)
        groups = freeze(self.network)
        for group, lr in zip(groups, (config.lr_encoder, config.lr), strict=True):
            group["peak"] = lr
        self.flat = Flat(self.network, [group["params"] for group in groups], config.half, worker, config.workers)
        for group, long in zip(groups, self.flat.groups, strict=True):
            group["params"] = long
        self.optimiser = torch.optim.AdamW(groups, lr=0.0, weight_decay=config.weight_decay, fused=True)
        seed = config.seed + worker * APART
        self.kitchen, self.craft = KitchenCorpus(seed), CraftCorpus(seed)
        self.draw = random.Random(f"steps {seed}")
        self.order = random.Random(f"order {config.seed}")  # of all workers, so that none waits for longer commands
        torch.manual_seed(seed)  # of dropout
        self.objects = [name for name in self.kitchen.objects if name in OBJECTS or not held_out(name)]
        self.items = [*self.craft.items, *self.craft.findable]
        self.number, self.spent = 0, 0.0  # steps, and seconds as all workers have it
        self.last = 0.0  # seconds of the last step, which its successor tells the others
        self.waiting: list[list[Example]] = []

    def rate(self) -> float:
        """Share of the peak learning rate now."""
        done = min(self.spent / (self.config.minutes * 60.0), 1.0)
        warm = self.config.warm_up
        return done / warm if done < warm else 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (done - warm) / (1 - warm)))

    def step(self) -> dict[str, float]:
        """One step of the optimiser; losses by name."""
        began = time.perf_counter()
        examples = self._batch()
        self.network.train()
        ids, mask, values = encode([example.text for example in examples], ROUND)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.config.half):
            losses = self._losses(examples, values, self.network.read(ids, mask))
        total = torch.stack(list(losses.values())).sum()
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * self.rate()
        self.flat.clear()
        total.backward()
        self.spent += self._mean(self.last)
        self.flat.gather(longest=1.0)
        self.optimiser.step()
        self.flat.spread()
        self.last = time.perf_counter() - began
        self.number += 1
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _mean(self, number: float) -> float:
        """The mean of the workers' numbers."""
        if self.config.workers == 1:
            return number
        total = torch.tensor([number], dtype=torch.float64)
        distributed.all_reduce(total)
        return float(total) / self.config.workers

    def _batch(self) -> list[Example]:
        """Kitchen commands, then craft commands; those of a batch are about equally long, so that little is padded."""
        k, c = self.from_kitchen, self.batch - self.from_kitchen
        if not self.waiting:
            kitchen = sorted((self.kitchen.example() for _ in range(k * POOL)), key=_length)
            craft = sorted((self.craft.example() for _ in range(c * POOL)), key=_length)
            self.waiting = [kitchen[at * k : (at + 1) * k] + craft[at * c : (at + 1) * c] for at in range(POOL)]
            self.order.shuffle(self.waiting)
        return self.waiting.pop()

    def _losses(
        self, examples: Sequence[Example], values: Sequence[Sequence[int]], encoded: Encoded
    ) -> dict[str, Tensor]:
        """Named losses of a batch."""
        losses, first = dict[str, Tensor](), self.from_kitchen
        for part, candidates in (
            (slice(0, first), self._some_objects(examples[:first])),
            (slice(first, None), self._some_items(examples)),
        ):
            chosen = encoded.part(part)
            parse = self.network.parse(chosen, _vectors(candidates), _vectors(SPOTS)).floats()
            for name, loss in parse_loss(parse, label(examples[part], values[part], candidates)).items():
                losses[name] = losses.get(name, torch.zeros(())) + loss
        losses["step"] = self._step_loss(encoded, examples[:first])
        return losses

    def _some_objects(self, examples: Sequence[Example]) -> list[str]:
        """The kitchen's own objects, those that the commands name, and random others."""
        named = {thing for e in examples for clause in e.clauses if len(clause.things) < FEW for thing in clause.things}
        named |= {
            thing for e in examples for clause in e.clauses if len(clause.left_out) < FEW for thing in clause.left_out
        }
        named |= {thing for e in examples for clause in e.clauses for thing in beside_what(clause)}
        rest = [name for name in self.objects if name not in named and name not in OBJECTS]
        room = max(self.config.candidates - len(named | set(OBJECTS)), 0)
        return sorted({*named, *OBJECTS, *self.draw.sample(rest, min(room, len(rest)))})

    def _some_items(self, examples: Sequence[Example]) -> list[str]:
        """The items that the craft commands ask for, some with a word in common, and random ones."""
        wanted = {thing for e in examples if e.world == "craft" for clause in e.clauses for thing in clause.things}
        words = {word for name in wanted for word in name.split("_")}
        alike = [name for name in self.items if name not in wanted and words & set(name.split("_"))]
        rest = [name for name in self.items if name not in wanted]
        room = max(self.config.candidates - len(wanted), 8)
        some = self.draw.sample(alike, min(len(alike), room // 2))
        found = {*wanted, *some}
        others = [name for name in rest if name not in found]
        return sorted(
            {*found, *self.draw.sample(others, min(max(self.config.candidates - len(found), 0), len(others)))}
        )

    def _step_loss(self, encoded: Encoded, examples: Sequence[Example]) -> Tensor:
        rows, steps, skills = kitchen_steps(examples, self.draw)
        if not rows:
            return torch.zeros(())
        number, more = len(rows), -len(rows) % ROUND  # the first one again, and not counted
        s = step_tensors([*steps, *steps[:1] * more], skills, ROUND)
        texts = functional.pad(_vectors(s.skills), (0, 0, 0, -len(skills) % (2 * ROUND)))
        chosen = encoded.part([*rows, *rows[:1] * more])
        scores = self.network.rank(chosen, s.facts, s.amounts, s.fact_mask, s.history, s.history_mask, texts)
        log_p = scores[:number, : len(skills)].float().log_softmax(-1)
        return -torch.logsumexp(log_p.masked_fill(~s.right[:number], -1e4), -1).mean()

    # -- runs --------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Train until the time is over, with checkpoints."""
        c = self.config
        if c.resume:
            self._load()
        shown, every, mean = self.spent, c.checkpoint_minutes * 60.0, dict[str, float]()
        saved = self.spent
        while self.spent < c.minutes * 60.0 and self.number < c.steps:
            for name, loss in self.step().items():
                mean[name] = 0.98 * mean.get(name, loss) + 0.02 * loss
            if self.spent - shown > 30.0 and self.worker == 0:
                shown = self.spent
                text = "  ".join(f"{name} {loss:.3f}" for name, loss in mean.items())
                print(f"{self.spent / 60:5.1f} of {c.minutes:.0f} min  step {self.number}  {text}", flush=True)
            if self.spent - saved > every:
                saved = self.spent
                self._save()
        self._save()
        self.flat.settle()

    def _save(self) -> None:
        """One checkpoint of all workers."""
        mine = {"random": random_state(), "kitchen": self.kitchen.draw.getstate(), "craft": self.craft.draw.getstate(),
                "steps": self.draw.getstate(), "order": self.order.getstate()}  # fmt: skip
        draws = [mine]
        if self.config.workers > 1:
            draws = [mine] * self.config.workers
            distributed.all_gather_object(draws, mine)
        moments = self.flat.moments(self.optimiser)
        if self.worker == 0:
            state = {"network": self.flat.state(), "moments": moments, "draws": draws,
                     "number": self.number, "spent": self.spent}  # fmt: skip
            save_checkpoint(self.config.runs, self.number, state)

    def _load(self) -> None:
        state = load_checkpoint(self.config.runs)
        if state is None:
            return
        self.flat.load(state["network"])
        self.flat.remember(self.optimiser, state["moments"])
        self.number, self.spent = state["number"], state["spent"]
        if self.worker >= len(state["draws"]):
            return  # a worker more than before begins its own draws
        mine = state["draws"][self.worker]
        set_random_state(mine["random"])
        self.kitchen.draw.setstate(mine["kitchen"])
        self.craft.draw.setstate(mine["craft"])
        self.draw.setstate(mine["steps"])
        self.order.setstate(mine["order"])


def begin_from(network: PlannerNetwork, folder: Path) -> None:
    """Take over the weights of an earlier model; of what has grown since (more verbs) the first rows."""
    state = network.state_dict()
    for name, value in load_file(folder / "planner.safetensors").items():
        state[name][tuple(slice(n) for n in value.shape)] = value.float()


def _quick(encoder: Any, half: bool) -> nn.Module:
    """Every example is new, so the encoder hardly overfits; without dropout it learns faster. Plain attention takes a quarter
    less time per step on a CPU than the fused one, whose way back is slow there. With `half` what goes
    from layer to layer is in bfloat16 too, not only what goes into products."""
    if half:
        encoder.embeddings.register_forward_hook(lambda part, _, out: out.bfloat16() if part.training else out)
    encoder.set_attn_implementation("eager")
    for part in encoder.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    return encoder


def _length(example: Example) -> int:
    return len(example.text)


def _vectors(texts: Sequence[str]) -> Tensor:
    with torch.autocast("cpu", enabled=False):
        return vectors(texts)


def together(work: Callable[[int, Config], None], config: Config) -> None:
    """Run `work(worker, config)` in as many processes as there are workers, which can talk to one another."""
    if config.workers == 1:
        work(0, config)
        return
    for name, value in MEMORY.items():
        os.environ.setdefault(name, value)  # the workers are processes that start with it
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.spawn(_join, (work, config, f"{folder}/meeting"), config.workers)


def _join(worker: int, work: Callable[[int, Config], None], config: Config, meeting: str) -> None:
    """One of several workers, which meet at a file; it ends with its parent, however that ends."""
    threading.Thread(target=_end_with, args=(parent_process(),), daemon=True).start()
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // config.workers))
    distributed.init_process_group("gloo", f"file://{meeting}", rank=worker, world_size=config.workers)
    work(worker, config)
    distributed.destroy_process_group()


def _end_with(parent: BaseProcess | None) -> None:
    if parent is not None:
        parent.join()
        os._exit(1)


def main(worker: int, config: Config) -> None:
    """Train, as one of the workers; the first one measures the model and writes it with its card."""
    before = earlier_runs(config.begin)  # first, so that a missing card ends no finished run
    trainer = Trainer(config, worker)
    trainer.run()
    if worker:
        return
    found = accuracy(EmbeddedModel(trainer.network.eval()))
    command = " ".join(["python -m planner.embedded.train", *without_folders(sys.argv[1:])])
    save_model(config.out, trainer.network, {
        "command": command, "seed": config.seed, "steps": trainer.number, "wall_seconds": round(trainer.spent, 1),
        "workers": config.workers, "threads": torch.get_num_threads(), "accuracy": found, **before,
    })  # fmt: skip
    print(found)


def earlier_runs(begin: Path | None) -> dict[str, Any]:
    """For the card: the runs before this one, the latest last, where it went on from a trained model."""
    if begin is None:
        return {}
    card = json.loads((begin / "planner.card.json").read_text())
    run = {name: card[name] for name in ("command", "seed", "steps", "wall_seconds", "workers")}
    return {"earlier_runs": [*card.get("earlier_runs", []), run]}


def without_folders(arguments: Sequence[str]) -> list[str]:
    """A command line for the card: where files lay on some machine is nobody's business."""
    kept = list(arguments)
    for option in ("--runs", "--out", "--begin"):
        if option in kept:
            at = kept.index(option)
            kept[at : at + 2] = ["--begin FOLDER"] if option == "--begin" else []
    return kept


def parse_arguments(arguments: Sequence[str] | None = None) -> Config:
    """A `Config` from the command line: one option per field."""
    parser = argparse.ArgumentParser(description=__doc__)
    for field in dataclasses.fields(Config):
        option = f"--{field.name.replace('_', '-')}"
        if field.type == "bool":
            parser.add_argument(option, action="store_true")
        else:
            kind = Path if field.default is None else type(field.default)
            parser.add_argument(option, type=kind, default=field.default, help=f"default {field.default}")
    return Config(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    together(main, parse_arguments())
