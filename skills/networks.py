"""The parts that policies and success heads are built of: an MLP, observation normalisation, and many MLPs as one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sim.world import UserError

ACTIVATIONS = {"tanh": nn.Tanh, "silu": nn.SiLU, "relu": nn.ReLU}
CLIP = 8.0  # standard deviations
LEAST_VARIANCE = 1e-4  # keeps flags that are almost never set from exploding


def make_mlp(inputs: int, hidden: Sequence[int], activation: str) -> nn.Sequential:
    """Hidden layers with orthogonal weights (gain sqrt 2) and zero biases; its last activation is included."""
    if activation not in ACTIVATIONS:
        raise UserError(f"unknown activation {activation!r}; known: {', '.join(ACTIVATIONS)}")
    layers: list[nn.Module] = []
    for width in hidden:
        layers += [orthogonal(nn.Linear(inputs, width), 2**0.5), ACTIVATIONS[activation]()]
        inputs = width
    return nn.Sequential(*layers)


def orthogonal(layer: nn.Linear, gain: float) -> nn.Linear:
    """The layer itself, initialised anew."""
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer


class Normaliser(nn.Module):
    """Running mean and variance of observations [.., D], kept as buffers and so saved with the weights."""

    mean: Tensor
    variance: Tensor
    count: Tensor

    def __init__(self, size: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("variance", torch.ones(size))
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """Float [.., D] -> float [.., D], clipped to `CLIP` standard deviations."""
        return ((x - self.mean) * self.scale()).clamp_(-CLIP, CLIP)

    def scale(self) -> Tensor:
        """[D]: one over the standard deviation."""
        return (self.variance + LEAST_VARIANCE).rsqrt()

    @torch.no_grad()
    def update(self, x: Tensor) -> None:
        """Take in the observations [B, D] (Chan et al. 1979, parallel variance)."""
        variance, mean = torch.var_mean(x, 0, correction=0)
        self.merge(mean, variance, x.shape[0])

    @torch.no_grad()
    def merge(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Take in the moments [D] of `count` observations."""
        total = self.count + count
        share = (count / total).to(self.mean.dtype)
        delta = mean - self.mean
        self.mean += delta * share
        self.variance.lerp_(variance, share).add_(delta.square() * share * (1 - share))
        self.count.copy_(total)


class StackedMLP(nn.Module):
    """G networks of one shape (normaliser, hidden layers, output layer) applied to rows of mixed groups in one pass.

    On a GPU the rows are sorted into padded groups and multiplied as one `bmm` per layer; on a CPU, where padding costs
    more than a call, every active group is a slice of the sorted rows. Either way the cost grows with the number of
    rows, not with G.
    """

    def __init__(self, normalisers: Sequence[Normaliser], networks: Sequence[Sequence[nn.Linear]], activation: str):
        super().__init__()
        shapes = {tuple(tuple(layer.weight.shape) for layer in layers) for layers in networks}
        if len(shapes) != 1:
            raise UserError(f"networks to be stacked must have one shape, got {sorted(shapes)}")
        self.activation = ACTIVATIONS[activation]()
        self.register_buffer("mean", torch.stack([n.mean for n in normalisers]).detach().clone())
        self.register_buffer("scale", torch.stack([n.scale() for n in normalisers]).detach().clone())
        self.depth = len(networks[0])
        for k in range(self.depth):
            weights = torch.stack([layers[k].weight.t() for layers in networks]).detach().clone()
            self.register_buffer(f"weight{k}", weights.contiguous())  # [G, in, out]
            self.register_buffer(f"bias{k}", torch.stack([layers[k].bias for layers in networks]).detach().clone())
        self.outputs: int = self.get_buffer(f"bias{self.depth - 1}").shape[1]

    @torch.no_grad()
    def forward(self, x: Tensor, group: Tensor, method: str = "auto") -> Tensor:
        """Rows [B, D], their group int [B] -> outputs [B, O]. `method`: "bmm", "slices" or "auto" (by device)."""
        if method == "auto":
            method = "slices" if x.device.type == "cpu" else "bmm"
        if x.shape[0] == 0:
            return x.new_empty(0, self.outputs)
        if method == "slices" and bool((group == group[0]).all()):
            return self.run(x, int(group[0]))
        order = torch.argsort(group, stable=True)
        out = (self._slices if method == "slices" else self._bmm)(x[order], group[order])
        return torch.empty_like(out).index_copy_(0, order, out)

    def _layers(self) -> list[tuple[Tensor, Tensor]]:
        return [(self.get_buffer(f"weight{k}"), self.get_buffer(f"bias{k}")) for k in range(self.depth)]

    def run(self, x: Tensor, g: int) -> Tensor:
        """One network on rows [B, D]."""
        h = ((x - self.get_buffer("mean")[g]) * self.get_buffer("scale")[g]).clamp_(-CLIP, CLIP)
        for k, (weight, bias) in enumerate(self._layers()):
            h = torch.addmm(bias[g], h, weight[g])
            if k + 1 < self.depth:
                h = self.activation(h)
        return h

    def _slices(self, x: Tensor, group: Tensor) -> Tensor:
        active, counts = torch.unique_consecutive(group, return_counts=True)
        parts = x.split(counts.tolist())
        return torch.cat([self.run(part, g) for part, g in zip(parts, active.tolist(), strict=True)])

    def _bmm(self, x: Tensor, group: Tensor) -> Tensor:
        """Sorted rows -> [active, longest, D], padded with zeros; only the active groups' weights are touched."""
        active, slot, counts = torch.unique_consecutive(group, return_inverse=True, return_counts=True)
        place = torch.arange(len(group), device=x.device) - (counts.cumsum(0) - counts)[slot]
        everything = len(active) == self.get_buffer("mean").shape[0]
        h = x.new_zeros(len(active), int(counts.max()), x.shape[1])
        h[slot, place] = ((x - self.get_buffer("mean")[group]) * self.get_buffer("scale")[group]).clamp_(-CLIP, CLIP)
        for k, (weight, bias) in enumerate(self._layers()):
            w, b = (weight, bias) if everything else (weight[active], bias[active])
            h = torch.baddbmm(b.unsqueeze(1), h, w)
            if k + 1 < self.depth:
                h = self.activation(h)
        return h[slot, place]


def linears(module: nn.Module) -> list[nn.Linear]:
    """The linear layers of a network, in order."""
    return [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
