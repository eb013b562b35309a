"""RLPD: soft actor-critic from demonstrations for continuous actions and a sparse 0/1 reward (Ball et al. 2023, arXiv 2302.02948).

Half of every batch comes from the demonstrations, half from the robot's own episodes; critics are layer-normed, and there
are few of them. The targets carry no entropy, so that Q stays the discounted chance of success. Without demonstrations
the same code is plain soft actor-critic; with `clone_only` it is behaviour cloning.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from skills.networks import make_mlp, orthogonal
from skills.ppo import Metrics, RLTask

LEAST, MOST = -5.0, 1.0  # log standard deviations


class GaussianPolicy(nn.Module):
    """Features float32 [B, D] -> a normal distribution squashed by tanh to actions [B, A] in -1..1."""

    def __init__(self, obs_dim: int, action_dim: int, hidden: Sequence[int] = (128, 128), activation: str = "relu"):
        super().__init__()
        self.obs_dim, self.action_dim, self.hidden, self.activation = obs_dim, action_dim, tuple(hidden), activation
        self.trunk = make_mlp(obs_dim, self.hidden, activation)
        self.out = orthogonal(nn.Linear(self.hidden[-1], 2 * action_dim), 0.1)
        self.low_precision = False  # float32 throughout

    @property
    def shape(self) -> dict[str, Any]:
        """The constructor's arguments, as a card or a checkpoint keeps them."""
        return {"obs_dim": self.obs_dim, "action_dim": self.action_dim, "hidden": list(self.hidden),
                "activation": self.activation}  # fmt: skip

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation before tanh, each [B, A]; of longer rows it reads the first `obs_dim` numbers."""
        mean, spread = self.out(self.trunk(features[..., : self.obs_dim])).chunk(2, -1)
        return mean, (LEAST + 0.5 * (MOST - LEAST) * (spread.tanh() + 1)).exp()

    def sample(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Actions [B, A] that gradients flow through, and their log-density [B]."""
        mean, spread = self(features)
        raw = mean + spread * torch.randn_like(mean)
        normal = -0.5 * ((raw - mean) / spread).square() - spread.log() - 0.9189385
        squash = 2 * (0.6931472 - raw - functional.softplus(-2 * raw))
        return raw.tanh(), (normal - squash).sum(-1)

    @torch.no_grad()
    def act(self, features: Tensor, *, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        """Actions [B, A]; the noise is scaled by `temperature`, 0 takes the mean."""
        mean, spread = self(features)
        if temperature > 0.0:
            noise = torch.empty_like(mean).normal_(generator=generator)
            mean = mean + temperature * spread * noise
        return mean.tanh()


class Critics(nn.Module):
    """E layer-normed networks as one: features [B, D], actions [B, A] -> values [E, B]."""

    def __init__(self, inputs: int, hidden: Sequence[int], count: int):
        super().__init__()
        sizes = [inputs, *hidden, 1]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for a, b in itertools.pairwise(sizes):
            stacked = torch.stack(
                [nn.init.orthogonal_(torch.empty(a, b), 2**0.5 if b > 1 else 0.1) for _ in range(count)]
            )
            self.weights.append(nn.Parameter(stacked))
            self.biases.append(nn.Parameter(torch.zeros(count, 1, b)))

    def forward(self, features: Tensor, actions: Tensor) -> Tensor:
        """See the class."""
        x = torch.cat([features, actions], -1).expand(self.weights[0].shape[0], -1, -1)
        last = len(self.weights) - 1
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x, weight)
            if k < last:
                x = functional.relu(functional.layer_norm(x, x.shape[-1:]))
        return x.squeeze(-1)


@dataclass
class Transitions:
    """T steps: what demonstrations and replay hold."""

    obs: Tensor  # float [T, D]
    action: Tensor  # float [T, A]
    reward: Tensor  # float [T]
    next_obs: Tensor  # float [T, D]
    done: Tensor  # float [T]; 1 where the episode truly ended, 0 where it was only cut

    def __len__(self) -> int:
        return len(self.reward)

    def take(self, rows: Tensor) -> Transitions:
        """Some of the steps."""
        return Transitions(*(column[rows] for column in vars(self).values()))

    def to(self, device: torch.device) -> Transitions:
        """On another device."""
        return Transitions(*(column.to(device) for column in vars(self).values()))


@dataclass(frozen=True)
class RLPDConfig:
    """Hyper-parameters; the defaults learn every skill of the kitchen."""

    hidden: tuple[int, ...] = (128, 128)
    critics: int = 2
    lr: float = 5e-4  # falls to a fifth over the run's last third
    gamma: float = 0.93
    tau: float = 0.005
    batch: int = 256
    demo_share: float = 0.5  # of a batch
    update_to_data: float = 0.4  # updates per environment step
    warm_up: int = 500  # environment steps before the first update
    actor_every: int = 2
    clone: float = 0.1  # weight of cloning the demonstrations in the actor's loss
    offline: int = 300  # updates on demonstrations alone before the first step
    clone_only: bool = False
    alpha: float = 0.05  # entropy weight at the start
    entropy: float = -1.0  # target, per action dimension
    capacity: int = 300_000
    window: int = 50  # vector steps per iteration
    demos: int = 300  # successful episodes; 0 learns without


@dataclass
class _Tally:
    """What the episodes that ended lately were like."""

    success: list[float] = field(default_factory=list)
    length: list[float] = field(default_factory=list)

    def metrics(self) -> Metrics:
        last, lengths = self.success[-100:], self.length[-100:]
        rate = sum(last) / len(last) if last else float("nan")
        return {"success": rate, "return": rate, "length": sum(lengths) / len(lengths) if lengths else float("nan")}


class RLPD:
    """Learns a `GaussianPolicy` on a task whose `info` gives `final_obs`; see `skills.learn` for the loop around it."""

    def __init__(self, task: RLTask, demos: Transitions | None, config: RLPDConfig | None = None, *, seed: int = 0,
                 device: torch.device | str = "cpu", action_dim: int = 5):  # fmt: skip
        c = self.config = config or RLPDConfig()
        torch.manual_seed(seed)
        self.task, self.device = task, torch.device(device)
        self.policy = GaussianPolicy(task.obs_dim, action_dim, c.hidden).to(self.device)
        self.critics = Critics(task.obs_dim + action_dim, c.hidden, c.critics).to(self.device)
        self.target = Critics(task.obs_dim + action_dim, c.hidden, c.critics).to(self.device)
        self.target.load_state_dict(self.critics.state_dict())
        self.log_alpha = torch.tensor(c.alpha, device=self.device).log().requires_grad_()
        self.optimisers = [torch.optim.Adam(self.policy.parameters(), c.lr), torch.optim.Adam(self.critics.parameters(), c.lr),
                           torch.optim.Adam([self.log_alpha], c.lr)]  # fmt: skip
        self.demos = demos.to(self.device) if demos is not None and len(demos) else None
        self.replay = _Replay(c.capacity, task.obs_dim, action_dim)
        self.generator = torch.Generator().manual_seed(seed)
        self.iteration = self.steps = self.updates = 0
        self.seconds = self.progress = 0.0
        self.owed = 0.0  # updates not made yet
        self._tally = _Tally()
        self._obs: Tensor | None = None
        self._lengths = torch.zeros(task.num_envs)

    def iterate(self) -> Metrics:
        """Some steps in every environment, and the updates they pay for."""
        began, steps = time.perf_counter(), self.steps
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = self.config.lr * min(1.0, max(0.2, 1.0 - 2.4 * (self.progress - 2 / 3)))
        losses = self._offline() if self.updates == 0 else {}
        for _ in range(self.config.window):
            if self.config.clone_only:
                losses = self._clone()
                continue
            self._step()
            while self.owed >= 1.0:
                losses = self._update()
                self.owed -= 1.0
        self.iteration += 1
        spent = time.perf_counter() - began
        self.seconds += spent
        return {"steps": self.steps, "steps_per_s": (self.steps - steps) / spent, "updates": self.updates,
                **self._tally.metrics(), **losses}  # fmt: skip

    def _step(self) -> None:
        if self._obs is None:
            self._obs = self.task.reset()
        obs = self._obs
        action = self.policy.act(obs.to(self.device), generator=None).cpu()
        after, reward, terminated, truncated, info = self.task.step(action)
        over = terminated | truncated
        final = torch.where(over.unsqueeze(-1), info["final_obs"], after)
        acted = info.get("acted")
        kept = torch.ones(len(over), dtype=torch.bool) if acted is None else acted
        self.replay.add(Transitions(obs, action, reward, final, terminated.float()).take(kept))
        self._lengths += 1
        self._tally.success += info["success"][over].float().tolist()
        self._tally.length += self._lengths[over].tolist()
        self._lengths[over] = 0
        self._obs = after
        self.steps += len(over)
        if self.steps > self.config.warm_up:
            self.owed += self.config.update_to_data * len(over)

    def _batch(self) -> Transitions:
        c = self.config
        ours = len(self.replay)
        n = 0 if self.demos is None else c.batch if ours < c.batch else int(c.batch * c.demo_share)
        parts = []
        if self.demos is not None and n:
            parts.append(self.demos.take(torch.randint(len(self.demos), (n,), generator=self.generator)))
        if n < c.batch:
            parts.append(self.replay.sample(c.batch - n, self.generator).to(self.device))
        return Transitions(*(torch.cat(columns) for columns in zip(*(vars(p).values() for p in parts), strict=True)))

    def _offline(self) -> Metrics:
        if self.demos is None:
            return {}
        losses: Metrics = {}
        for _ in range(self.config.offline):
            losses = self._clone() if self.config.clone_only else self._update()
        return losses

    def _update(self) -> Metrics:
        c, b = self.config, self._batch()
        alpha = self.log_alpha.exp().detach()
        with torch.no_grad():
            following, _ = self.policy.sample(b.next_obs)
            future = self.target(b.next_obs, following).amin(0)
            goal = (b.reward + c.gamma * (1 - b.done) * future).clamp(0.0, 1.0)
        loss = (self.critics(b.obs, b.action) - goal).square().mean()
        self._descend(1, loss)
        out = {"critic_loss": loss.item()}
        self.updates += 1
        if self.updates % c.actor_every == 0:
            action, density = self.policy.sample(b.obs)
            value = self.critics(b.obs, action).mean(0)
            actor = (alpha * density - value).mean()
            if self.demos is not None and c.clone > 0:
                actor = actor + c.clone * self._cloning()
            self._descend(0, actor)
            wanted = c.entropy * self.policy.action_dim
            self._descend(2, -(self.log_alpha * (density.detach() + wanted)).mean())
            out |= {"value": value.mean().item(), "alpha": alpha.item()}
        with torch.no_grad():
            for slow, fast in zip(self.target.parameters(), self.critics.parameters(), strict=True):
                slow.lerp_(fast, c.tau)
        return out

    def _cloning(self) -> Tensor:
        """Squared error of the mean action on demonstrations."""
        assert self.demos is not None
        d = self.demos.take(torch.randint(len(self.demos), (self.config.batch // 2,), generator=self.generator))
        return (self.policy(d.obs)[0].tanh() - d.action).square().mean()

    def _clone(self) -> Metrics:
        loss = self._cloning()
        self._descend(0, loss)
        self.updates += 1
        return {"clone_loss": loss.item()}

    def _descend(self, which: int, loss: Tensor) -> None:
        optimiser = self.optimisers[which]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    def state_dict(self) -> dict[str, Any]:
        """All that a checkpoint needs; the task starts afresh."""
        return {"policy": self.policy.state_dict(), "critics": self.critics.state_dict(), "target": self.target.state_dict(),
                "log_alpha": self.log_alpha.detach(), "optimisers": [o.state_dict() for o in self.optimisers],
                "replay": vars(self.replay.all()), "iteration": self.iteration, "steps": self.steps, "updates": self.updates,
                "seconds": self.seconds, "progress": self.progress, "generator": self.generator.get_state()}  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a checkpoint."""
        self.policy.load_state_dict(state["policy"])
        self.critics.load_state_dict(state["critics"])
        self.target.load_state_dict(state["target"])
        with torch.no_grad():
            self.log_alpha.copy_(state["log_alpha"])
        for optimiser, kept in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        self.replay.add(Transitions(**{name: column.cpu() for name, column in state["replay"].items()}))
        self.iteration, self.steps, self.updates = state["iteration"], state["steps"], state["updates"]
        self.seconds, self.progress = state["seconds"], state["progress"]
        self.generator.set_state(state["generator"].cpu())


class _Replay:
    """The newest steps."""

    def __init__(self, capacity: int, obs_dim: int, action_dim: int):
        self.capacity, self.size, self.next = capacity, 0, 0
        self.data = Transitions(torch.zeros(capacity, obs_dim), torch.zeros(capacity, action_dim), torch.zeros(capacity),
                                torch.zeros(capacity, obs_dim), torch.zeros(capacity))  # fmt: skip

    def __len__(self) -> int:
        return self.size

    def add(self, new: Transitions) -> None:
        rows = (self.next + torch.arange(len(new))) % self.capacity
        for kept, column in zip(vars(self.data).values(), vars(new).values(), strict=True):
            kept[rows] = column
        self.next = int((self.next + len(new)) % self.capacity)
        self.size = min(self.size + len(new), self.capacity)

    def sample(self, count: int, generator: torch.Generator) -> Transitions:
        return self.data.take(torch.randint(self.size, (count,), generator=generator))

    def all(self) -> Transitions:
        return self.data.take(torch.arange(self.size))
