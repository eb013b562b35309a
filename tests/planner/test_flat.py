"""Parameters laid end to end: the same steps as the optimiser takes over the parameters themselves, and workers that agree."""

from __future__ import annotations

import copy
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import distributed, multiprocessing, nn

from planner.embedded.flat import Flat


class Toy(nn.Module):
    """A product, a norm, attention, and a vector of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.bias = nn.Parameter(torch.zeros(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        found = self.norm(x + self.attention(x, x, x)[0]) + self.bias
        return (found * torch.linspace(-1, 2, 8)).exp().mean()


def made(seed: int = 0) -> Toy:
    torch.manual_seed(seed)
    return Toy()


def groups(toy: Toy) -> list[list[nn.Parameter]]:
    return [list(toy.first.parameters()), [*toy.attention.parameters(), *toy.norm.parameters(), toy.bias]]


def optimiser(parts: list[list[nn.Parameter]]) -> torch.optim.Optimizer:
    return torch.optim.AdamW([{"params": part, "lr": lr} for part, lr in zip(parts, (1e-2, 3e-2), strict=True)])


def step(toy: Toy, flat: Flat, adam: torch.optim.Optimizer, x: torch.Tensor, half: bool) -> None:
    flat.clear()
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        loss = toy(x)
    loss.backward()
    flat.gather(longest=1.0)
    adam.step()
    flat.spread()


@pytest.mark.parametrize("half", [False, True])
def test_the_steps_are_those_of_adam_over_the_parameters(half):
    plain, toy = made(), made()
    flat = Flat(toy, groups(toy), half)
    adam, reference = optimiser(flat.groups), optimiser(groups(plain))
    for k in range(5):
        x = torch.randn(4, 3, 8, generator=torch.Generator().manual_seed(k))
        reference.zero_grad()
        plain(x).backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        reference.step()
        step(toy, flat, adam, x, half)
        if half:
            assert toy.first.weight.dtype == torch.bfloat16 and toy.norm.weight.dtype == torch.float32
    flat.settle()
    begun, found = dict(made().named_parameters()), dict(toy.named_parameters())
    assert all(value.dtype == torch.float32 and value.grad is None for value in found.values())
    del found["attention.in_proj_bias"]  # that of keys has no gradient but rounding, which Adam makes steps of
    meant = dict(plain.named_parameters())
    if half:  # rounded on the way: the same direction
        mine, theirs = (torch.cat([(v[n] - begun[n]).flatten() for n in found]) for v in (found, meant))
        assert torch.cosine_similarity(mine, theirs, dim=0) > 0.9
    else:
        for name, value in found.items():
            torch.testing.assert_close(value, meant[name], rtol=1e-5, atol=1e-6)


def test_a_state_goes_into_another_network():
    toy, other = made(), made(1)
    flat, new = Flat(toy, groups(toy), half=True), Flat(other, groups(other), half=True)
    new.load(copy.deepcopy(flat.state()))
    assert torch.equal(other.first.weight, toy.first.weight) and torch.equal(other.bias, toy.bias)
    assert list(flat.state()) != [] and set(flat.state()) == {name for name, _ in toy.named_parameters()}
    new.settle()
    assert all(torch.equal(value, dict(made().named_parameters())[name]) for name, value in other.named_parameters())


def _work(worker: int, folder: str) -> None:
    distributed.init_process_group("gloo", f"file://{folder}/meeting", rank=worker, world_size=2)
    toy = made()
    flat = Flat(toy, groups(toy), half=True, worker=worker, workers=2)
    adam = optimiser(flat.groups)
    for k in range(3):
        flat.clear()
        with torch.autocast("cpu", torch.bfloat16):
            loss = toy(torch.randn(4, 3, 8, generator=torch.Generator().manual_seed(2 * k + worker)))
        loss.backward()
        flat.gather(longest=1.0)
        adam.step()
        flat.spread()
    torch.save({name: value.clone() for name, value in flat.state().items()}, f"{folder}/{worker}.pt")
    distributed.destroy_process_group()


def test_workers_agree_and_take_the_mean_of_their_gradients(tmp_path: Path):
    multiprocessing.spawn(_work, (str(tmp_path),), 2)
    first, second = (torch.load(tmp_path / f"{k}.pt") for k in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    toy = made()  # one worker with both batches
    flat = Flat(toy, groups(toy), half=True)
    adam = optimiser(flat.groups)
    for k in range(3):
        flat.clear()
        for worker in range(2):
            with torch.autocast("cpu", torch.bfloat16):
                loss = toy(torch.randn(4, 3, 8, generator=torch.Generator().manual_seed(2 * k + worker))) / 2
            loss.backward()
        flat.gather(longest=1.0)
        adam.step()
        flat.spread()
    for name, value in flat.state().items():
        if "in_proj_bias" not in name:
            torch.testing.assert_close(value, first[name], rtol=0.02, atol=0.02)


def test_groups_are_long_stretches():
    toy = made()
    flat = Flat(toy, groups(toy), half=True)
    assert [len(group) for group in flat.groups] == [2, 2]  # what is rounded, and what is not
    sizes = [sum(p.numel() for p in group) for group in groups(toy)]
    assert [sum(p.numel() for p in group) for group in flat.groups] == sizes
    ends = [0, *(p.storage_offset() for group in flat.groups for p in group)]
    assert len(set(ends)) == 4 and all(a != b for a, b in pairwise(sorted(set(ends))))
