"""Parameters of a network laid end to end, so that a step of training moves a few long tensors instead of hundreds of short ones.

The optimiser works on values in single precision. With `half` the weights of matrix products are copies of them in bfloat16,
as are their gradients (Micikevicius et al. 2018, arXiv 1710.03740, section 3.1: "FP32 master copy of weights"), which
spares a step the rounding of every weight on its way forward and of every gradient on its way back.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence

import torch
from torch import Tensor, distributed, nn


class Flat:
    """Trained parameters of `network`, by group. They stay the network's; `settle` gives them back in single precision.
    Of several workers (the processes of torch's default group) all see the gradients of all, in shared memory."""

    def __init__(
        self,
        network: nn.Module,
        groups: Sequence[Sequence[nn.Parameter]],
        half: bool = False,
        worker: int = 0,
        workers: int = 1,
    ):
        products = {id(weight) for weight in _products(network)} if half else set[int]()
        names = {id(parameter): name for name, parameter in network.named_parameters()}
        order = [
            [p for g in groups for p in g if id(p) in products],
            [p for g in groups for p in g if id(p) not in products],
        ]
        self._names = [names[id(p)] for part in order for p in part]
        self._parameters = [p for part in order for p in part]
        self._sizes = [p.numel() for p in self._parameters]
        self._rounded = len(order[0])  # parameters that have a copy in bfloat16: the first ones
        split = sum(self._sizes[: self._rounded])
        self.values = torch.cat([p.detach().float().flatten() for p in self._parameters])
        self.gradients = torch.zeros_like(self.values)
        self._copies = torch.empty(split, dtype=torch.bfloat16)
        self._room = torch.empty_like(self._copies)
        self._of_copies = _of_all(workers, split, torch.bfloat16)  # gradients [workers, split]
        self._of_others = _of_all(workers, len(self.values) - split, torch.float32)
        self._mine = self._of_copies[worker], self._of_others[worker]
        self.groups = [self._group({id(p) for p in group}) for group in groups]
        self._begin()

    def _group(self, members: set[int]) -> list[nn.Parameter]:
        """A group's stretches of `values`, whose gradients are those of `gradients`."""
        found, at = list[nn.Parameter](), 0
        stretches: list[list[int]] = []
        for parameter, size in zip(self._parameters, self._sizes, strict=True):
            if id(parameter) in members:
                if stretches and stretches[-1][1] == at:
                    stretches[-1][1] = at + size
                else:
                    stretches.append([at, at + size])
            at += size
        for first, last in stretches:
            found.append(nn.Parameter(self.values[first:last]))
            found[-1].grad = self.gradients[first:last]
        return found

    def _begin(self) -> None:
        """Let the network work on the copies, and collect its gradients where they belong."""
        first = self._rounded
        values = self._cut(self._copies, 0, first) + self._cut(self.values[len(self._copies) :], first, None)
        gradients = self._cut(self._mine[0], 0, first) + self._cut(self._mine[1], first, None)
        for parameter, value, gradient in zip(self._parameters, values, gradients, strict=True):
            shape = parameter.shape
            parameter.grad = None
            parameter.data = value.view(shape)
            parameter.grad = gradient.view(shape)
        self.spread()

    def _cut(self, tensor: Tensor, first: int, last: int | None) -> list[Tensor]:
        return list(tensor.split(self._sizes[first:last])) if self._sizes[first:last] else []

    def clear(self) -> None:
        """This worker's gradients zero."""
        for part in self._mine:
            part.zero_()

    def gather(self, longest: float) -> None:
        """The mean of all workers' gradients into `gradients`, cut to length `longest`; all of them must be there."""
        split = len(self._copies)
        for total, rows, room in (
            (self.gradients[:split], self._of_copies, self._room),
            (self.gradients[split:], self._of_others, self.gradients[split:]),
        ):
            room.copy_(rows[0])
            for row in rows[1:]:
                room += row
            total.copy_(room)
        workers = len(self._of_copies)
        self.gradients *= (longest / (self.gradients.norm() / workers + 1e-6)).clamp(max=1.0) / workers

    def spread(self) -> None:
        """The values that the optimiser changed into the copies."""
        self._copies.copy_(self.values[: len(self._copies)])

    def state(self) -> dict[str, Tensor]:
        """Values in single precision by the parameters' names; views, not copies."""
        cut = self.values.split(self._sizes)
        return {name: part.view_as(p) for name, part, p in zip(self._names, cut, self._parameters, strict=True)}

    def load(self, state: dict[str, Tensor]) -> None:
        """Take over values by name."""
        for name, value in self.state().items():
            value.copy_(state[name])
        self.spread()

    def settle(self) -> None:
        """The parameters in single precision again, without gradients; training is over."""
        for parameter, value in zip(self._parameters, self.state().values(), strict=True):
            parameter.grad = None
            parameter.data = value


def _of_all(workers: int, size: int, dtype: torch.dtype) -> Tensor:
    """Zeros [workers, size] that all workers see."""
    if workers == 1 or size == 0:
        return torch.zeros(workers, size, dtype=dtype)
    name: list[str | None] = [None]
    if distributed.get_rank() == 0:
        handle, name[0] = tempfile.mkstemp()
        os.close(handle)
    distributed.broadcast_object_list(name)
    assert name[0] is not None
    found = torch.from_file(name[0], shared=True, size=workers * size, dtype=dtype).view(workers, size)
    distributed.barrier()
    if distributed.get_rank() == 0:
        os.unlink(name[0])  # it lives on until no worker has it open
    return found


def _products(network: nn.Module) -> list[nn.Parameter]:
    """The weights of matrix products."""
    weights = {nn.Linear: "weight", nn.MultiheadAttention: "in_proj_weight"}
    return [
        parameter
        for module in network.modules()
        for kind, weight in weights.items()
        if isinstance(module, kind)
        for name, parameter in module.named_parameters(recurse=False)
        if name == weight
    ]
