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

MOMENTS = ("exp_avg", "exp_avg_sq")  # of Adam


class Flat:
    """Trained parameters of `network`, by group. They stay the network's; `settle` gives them back in single precision.
    Of several workers (the processes of torch's default group) all see the values and the gradients of all, in shared memory, and
    each takes the optimiser's steps for a stretch of the values, `mine` (as in Rajbhandari et al. 2020, arXiv 1910.02054)."""

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
        self._workers = workers
        split, total = sum(self._sizes[: self._rounded]), sum(self._sizes)
        first, last = (total * k // workers for k in (worker, worker + 1))
        self.mine = slice(first, last)
        self.values = _shared(workers, total, torch.float32)
        self._copies = _shared(workers, split, torch.bfloat16)
        if worker == 0:
            torch.cat([p.detach().float().flatten() for p in self._parameters], out=self.values)
        self.gradients = torch.zeros(last - first)  # of this worker's stretch, over all workers
        self._of_copies = _shared(workers, workers * split, torch.bfloat16).view(workers, split)  # gradients
        self._of_others = _shared(workers, workers * (total - split), torch.float32).view(workers, total - split)
        self._own = self._of_copies[worker], self._of_others[worker]
        self.groups = [self._group({id(p) for p in group}) for group in groups]
        self._begin()

    def _group(self, members: set[int]) -> list[nn.Parameter]:
        """A group's stretches of this worker's `values`, whose gradients are those of `gradients`."""
        found, at = list[nn.Parameter](), 0
        stretches: list[list[int]] = []
        for parameter, size in zip(self._parameters, self._sizes, strict=True):
            first, last = max(at, self.mine.start), min(at + size, self.mine.stop)
            if id(parameter) in members and first < last:
                if stretches and stretches[-1][1] == first:
                    stretches[-1][1] = last
                else:
                    stretches.append([first, last])
            at += size
        for first, last in stretches:
            found.append(nn.Parameter(self.values[first:last]))
            found[-1].grad = self.gradients[first - self.mine.start : last - self.mine.start]
        return found

    def _begin(self) -> None:
        """Let the network work on the copies, and collect its gradients where they belong."""
        first = self._rounded
        values = self._cut(self._copies, 0, first) + self._cut(self.values[len(self._copies) :], first, None)
        gradients = self._cut(self._own[0], 0, first) + self._cut(self._own[1], first, None)
        for parameter, value, gradient in zip(self._parameters, values, gradients, strict=True):
            shape = parameter.shape
            parameter.grad = None
            parameter.data = value.view(shape)
            parameter.grad = gradient.view(shape)
        self._meet()
        self.spread()

    def _cut(self, tensor: Tensor, first: int, last: int | None) -> list[Tensor]:
        return list(tensor.split(self._sizes[first:last])) if self._sizes[first:last] else []

    def _meet(self) -> None:
        """No worker goes on before all are here."""
        if self._workers > 1:
            distributed.barrier()

    def clear(self) -> None:
        """This worker's gradients zero."""
        for part in self._own:
            part.zero_()

    def gather(self, longest: float) -> None:
        """The mean of all workers' gradients into `gradients`, the whole of it cut to length `longest`; all must be there."""
        self._meet()
        split, first, last = len(self._copies), self.mine.start, self.mine.stop
        middle = min(max(split, first), last)
        for total, rows in (
            (self.gradients[: middle - first], self._of_copies[:, first:middle]),
            (self.gradients[middle - first :], self._of_others[:, max(middle - split, 0) : max(last - split, 0)]),
        ):
            total.copy_(rows[0])
            for row in rows[1:]:
                total += row
        square = self.gradients.norm().double() ** 2
        if self._workers > 1:
            distributed.all_reduce(square)  # nobody goes on before all gradients are read
        length = square.sqrt().float() / self._workers
        self.gradients *= (longest / (length + 1e-6)).clamp(max=1.0) / self._workers

    def spread(self) -> None:
        """The values that the workers' optimisers changed into the copies; after it the network has them all."""
        part = slice(self.mine.start, min(self.mine.stop, len(self._copies)))
        self._copies[part].copy_(self.values[part])
        self._meet()

    def moments(self, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
        """What Adam remembers of all values, whichever worker takes their steps: means and mean squares, and steps taken."""
        found = {name: torch.zeros_like(self.gradients) for name in MOMENTS} | {"step": torch.zeros(())}
        for stretch, at in self._stretches():
            for name, value in optimiser.state[stretch].items():
                if name in MOMENTS:
                    found[name][at] = value
                else:
                    found[name] = value
        if self._workers > 1:
            parts: list[dict[str, Tensor]] = [found] * self._workers
            distributed.all_gather_object(parts, found)
            found |= {name: torch.cat([part[name] for part in parts]) for name in MOMENTS}
        return found

    def remember(self, optimiser: torch.optim.Optimizer, moments: dict[str, Tensor]) -> None:
        """Let an optimiser go on with what `moments` returned, of as many workers as there were."""
        for stretch, at in self._stretches():
            state = {name: moments[name][self.mine][at].clone() for name in MOMENTS}
            optimiser.state[stretch] = state | {"step": moments["step"].clone()}

    def _stretches(self) -> list[tuple[nn.Parameter, slice]]:
        """Every stretch of `groups` with where it lies in `mine`."""
        starts = [(p, p.storage_offset() - self.mine.start) for group in self.groups for p in group]
        return [(p, slice(start, start + p.numel())) for p, start in starts]

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


def _shared(workers: int, size: int, dtype: torch.dtype) -> Tensor:
    """Zeros [size] that all workers see."""
    if workers == 1 or size == 0:
        return torch.zeros(size, dtype=dtype)
    name: list[str | None] = [None]
    if distributed.get_rank() == 0:
        handle, name[0] = tempfile.mkstemp()
        os.close(handle)
    distributed.broadcast_object_list(name)
    assert name[0] is not None
    found = torch.from_file(name[0], shared=True, size=size, dtype=dtype)
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
