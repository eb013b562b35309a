"""Proximal policy optimisation on a batched task, with everything that makes a run repeatable and resumable.

Schulman et al. 2017 (arXiv 1707.06347), GAE (arXiv 1506.02438), implementation details after Huang et al. 2022 ("The 37
implementation details of PPO"), adaptive learning rate after Schulman's KL rule as in rsl_rl (arXiv 2109.11978).
An episode cut by its time limit is bootstrapped with the value of its true last observation (Pardo et al. 2018).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from sim.world import UserError
from skills.files import random_state, set_random_state
from skills.policy import SkillPolicy, log_probabilities, sample

Metrics = dict[str, float]


class RLTask(Protocol):
    """N environments that restart by themselves.

    `info["final_obs"]` [N, D] holds the true last observation of the environments that ended in this step (other rows
    are ignored); `info["success"]` bool [N] is optional and read for those too. An optional attribute `action_mask`
    (bool [N, sum(action_sizes)], True = allowed, or None) is read before every action; optional `state_dict` and
    `load_state_dict` make resumption exact.
    """

    @property
    def num_envs(self) -> int:
        """N."""

    @property
    def obs_dim(self) -> int:
        """D."""

    @property
    def action_sizes(self) -> tuple[int, ...]:
        """How many choices each action head has."""

    def reset(self) -> Tensor:
        """Start every environment; observations float32 [N, D]."""

    def step(self, actions: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, dict[str, Any]]:
        """Actions int64 [N, heads] -> next observations [N, D] (first ones where an episode ended), reward [N],
        terminated [N], truncated [N], info."""


@dataclass(frozen=True)
class PPOConfig:
    """Hyper-parameters; the defaults are tuned for about a thousand environments on two cores."""

    steps: int = 32  # per environment and iteration
    epochs: int = 3
    minibatch: int = 4096  # rows
    gamma: float = 0.99
    gae_lambda: float = 0.95
    clip: float = 0.2
    value_clip: float | None = None
    value_weight: float = 0.5  # on the value error in units of the returns' variance
    entropy: float = 0.01
    entropy_final: float = 0.002  # reached at the end of the budget
    max_grad_norm: float = 1.0
    target_kl: float = 0.015  # the learning rate follows it
    stop_kl: float = 0.03  # no further minibatch in this iteration beyond it
    lr: float = 5e-4
    lr_range: tuple[float, float] = (5e-5, 2e-3)  # of the adaptive rate
    lr_final: float = 0.1  # factor on the rate at the end of the budget
    hidden: tuple[int, ...] = (256, 256)
    activation: str = "silu"
    separate_value: bool = False
    bfloat16: bool | None = None  # hidden layers while training; None = where the processor has matrix units for it


def fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 multiplies faster than float32 here: x86 tiles (AMX)."""
    supported = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return device.type == "cpu" and supported is not None and bool(supported())


def gae(reward: Tensor, value: Tensor, next_value: Tensor, ended: Tensor, gamma: float, lam: float) -> Tensor:
    """Generalised advantages [T, N].

    `next_value` [T, N] is the value of what the step truly led to: 0 after a termination, V(final observation) after a
    truncation; `ended` bool [T, N] says where an episode ended either way.
    """
    delta = reward + gamma * next_value - value
    carry = gamma * lam * (~ended).to(delta.dtype)
    advantage = torch.empty_like(delta)
    running = torch.zeros_like(delta[0])
    for t in reversed(range(delta.shape[0])):
        running = delta[t] + carry[t] * running
        advantage[t] = running
    return advantage


class Rollout:
    """Preallocated storage of T steps in N environments; `x` holds *normalised* observations."""

    def __init__(self, steps: int, task: RLTask, device: torch.device, dtype: torch.dtype):
        def new(*size: int, dtype: torch.dtype = torch.float32) -> Tensor:
            return torch.zeros(steps, task.num_envs, *size, device=device, dtype=dtype)

        self.x = new(task.obs_dim, dtype=dtype)
        self.actions = new(len(task.action_sizes), dtype=torch.int64)  # positions among all heads' logits side by side
        self.log_prob, self.value, self.next_value, self.reward = new(), new(), new(), new()
        self.ended = new(dtype=torch.bool)
        self.mask: Tensor | None = None
        self.new_mask = lambda: new(sum(task.action_sizes), dtype=torch.bool)


@dataclass
class EpisodeLog:
    """Returns, lengths and successes of the episodes that end during training."""

    returns: Tensor  # running, [N]
    lengths: Tensor
    ended: list[tuple[float, float, float]] = field(default_factory=list)  # return, length, success (NaN unknown)

    def add(self, reward: Tensor, over: Tensor, success: Tensor | None) -> None:
        """Take in one step."""
        self.returns += reward
        self.lengths += 1
        if not bool(over.any()):
            return
        won = success[over].float() if success is not None else torch.full_like(self.returns[over], float("nan"))
        self.ended += zip(self.returns[over].tolist(), self.lengths[over].tolist(), won.tolist(), strict=True)
        self.returns[over], self.lengths[over] = 0.0, 0.0

    def take(self) -> Metrics:
        """Means over the episodes ended since the last call."""
        ended, self.ended = self.ended, []
        if not ended:
            return {"episodes": 0.0, "return": float("nan"), "length": float("nan"), "success": float("nan")}
        columns = torch.tensor(ended, dtype=torch.float64).mean(0).tolist()
        return {"episodes": float(len(ended)), **dict(zip(("return", "length", "success"), columns, strict=True))}


class PPO:
    """The learner: `iterate()` collects one rollout, improves `policy` and returns the metrics."""

    def __init__(self, task: RLTask, config: PPOConfig | None = None, *, seed: int = 0,
                 device: torch.device | str = "cpu", policy: SkillPolicy | None = None):  # fmt: skip
        c = self.config = config or PPOConfig()
        self.task, self.device = task, torch.device(device)
        torch.manual_seed(seed)
        self.generator = torch.Generator(self.device).manual_seed(seed)
        policy = policy or SkillPolicy(task.obs_dim, task.action_sizes, c.hidden, c.activation, c.separate_value)
        self.policy = policy.to(self.device)
        if (policy.obs_dim, policy.action_sizes) != (task.obs_dim, tuple(task.action_sizes)):
            raise UserError(f"the policy reads {policy.obs_dim} numbers and acts in {policy.action_sizes}, "
                            f"the task gives {task.obs_dim} and takes {tuple(task.action_sizes)}")  # fmt: skip
        policy.low_precision = fast_bfloat16(self.device) if c.bfloat16 is None else c.bfloat16
        self.optimiser = torch.optim.Adam(policy.parameters(), lr=c.lr, eps=1e-5, fused=True)
        self.lr, self.progress = c.lr, 0.0  # progress 0..1 through the budget drives the schedules
        self.iteration, self.steps, self.seconds = 0, 0, 0.0
        dtype = torch.bfloat16 if policy.low_precision else torch.float32
        self.rollout = Rollout(c.steps, task, self.device, dtype)
        starts = torch.tensor([0, *task.action_sizes[:-1]], device=self.device)
        self.offsets = starts.cumsum(0)
        zeros = torch.zeros(task.num_envs, device=self.device)
        self.log = EpisodeLog(zeros.clone(), zeros.clone())
        self.obs: Tensor | None = None

    def iterate(self) -> Metrics:
        """One rollout and its updates."""
        begin = time.perf_counter()
        self.collect()
        middle = time.perf_counter()
        metrics = self.update()
        end = time.perf_counter()
        self.iteration += 1
        self.steps += self.rollout.reward.numel()
        self.seconds += end - begin
        so_far = {"iteration": self.iteration, "steps": self.steps, "seconds": self.seconds}
        speed = self.rollout.reward.numel() / (end - begin)
        times = {"rollout_s": middle - begin, "update_s": end - middle, "steps_per_s": speed}
        return {**so_far, **self.log.take(), **metrics, **times}

    # -- rollout -----------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def collect(self) -> None:
        """Fill `rollout`; observations are normalised with the statistics from before it, which then take them in."""
        if self.obs is None:
            self.obs = self._reset()
        r, obs, moments = self.rollout, self.obs, []
        for t in range(self.config.steps):
            moments.append(torch.var_mean(obs, 0, correction=0))
            x = r.x[t].copy_(self.policy.normaliser(obs))
            logits, r.value[t] = self.policy.evaluate(x)
            mask = self._mask(t)
            action = sample(logits, self.policy.action_sizes, mask=mask, generator=self.generator)
            chosen = r.actions[t] = action + self.offsets
            every = log_probabilities(logits, self.policy.action_sizes, mask)
            r.log_prob[t] = every.gather(-1, chosen).sum(-1)
            obs = self._act(t, action)
        self.obs = obs
        r.next_value[-1] += self.policy.value(self._x(obs)) * ~r.ended[-1]
        r.next_value[:-1] += r.value[1:] * ~r.ended[:-1]
        for variance, mean in moments:
            self.policy.normaliser.merge(mean, variance, self.task.num_envs)

    def _act(self, t: int, action: Tensor) -> Tensor:
        """Step the task and keep what came; `next_value` is set where an episode was truncated, else 0."""
        r = self.rollout
        obs, reward, terminated, truncated, info = self.task.step(action.to(self.task_device))
        obs, terminated = obs.to(self.device, torch.float32), terminated.to(self.device)
        r.reward[t] = reward
        cut = truncated.to(self.device) & ~terminated
        r.ended[t] = terminated | cut
        r.next_value[t] = 0.0
        if bool(cut.any()):
            r.next_value[t][cut] = self.policy.value(self._x(info["final_obs"].to(self.device)[cut]))
        self.log.add(r.reward[t], r.ended[t], info["success"].to(self.device) if "success" in info else None)
        return obs

    def _x(self, obs: Tensor) -> Tensor:
        return self.policy.normaliser(obs.float()).to(self.rollout.x.dtype)

    def _reset(self) -> Tensor:
        obs = self.task.reset()
        self.task_device = obs.device
        obs = obs.to(self.device, torch.float32)
        if not self.policy.normaliser.count:
            self.policy.normaliser.update(obs)
        return obs

    def _mask(self, t: int) -> Tensor | None:
        mask = getattr(self.task, "action_mask", None)
        if mask is None:
            return None
        if self.rollout.mask is None:
            self.rollout.mask = self.rollout.new_mask()
        self.rollout.mask[t] = mask
        return self.rollout.mask[t]

    # -- update ------------------------------------------------------------------------------------------------------

    def update(self) -> Metrics:
        """Epochs of minibatches over time x environment; stops early where the policy has moved too far."""
        c, r = self.config, self.rollout
        advantage = gae(r.reward, r.value, r.next_value, r.ended, c.gamma, c.gae_lambda)
        returns = advantage + r.value
        if not bool(torch.isfinite(advantage).all()):
            raise FloatingPointError("rewards or observations of the task are not finite")
        self.variance = returns.var().clamp_min(1e-4)
        explained = 1.0 - (returns - r.value).var() / self.variance
        self.flat_advantage = ((advantage - advantage.mean()) / (advantage.std() + 1e-8)).flatten()
        self.flat_returns = returns.flatten()
        self._set_schedules()
        terms, stopped = self._epochs()
        metrics = {name: float(torch.stack([term[name] for term in terms]).mean()) for name in terms[0]}
        self._follow_kl(metrics["kl"])
        return {**metrics, "explained_variance": float(explained), "lr": self.optimiser.param_groups[0]["lr"],
                "epochs": len(terms) / self._minibatches, "kl_stop": float(stopped)}  # fmt: skip

    @property
    def _minibatches(self) -> int:
        return max(self.rollout.reward.numel() // self.config.minibatch, 1)

    def _epochs(self) -> tuple[list[dict[str, Tensor]], bool]:
        terms: list[dict[str, Tensor]] = []
        total = self.rollout.reward.numel()
        for _ in range(self.config.epochs):
            order = torch.randperm(total, generator=self.generator, device=self.device)
            for rows in order.tensor_split(self._minibatches):
                term = self._minibatch(rows)
                terms.append(term)
                if float(term["kl"]) > self.config.stop_kl:
                    return terms, True
        return terms, False

    def _minibatch(self, rows: Tensor) -> dict[str, Tensor]:
        """One gradient step, unless the policy has already moved too far on these rows; named terms, detached."""
        c, r = self.config, self.rollout
        mask = None if r.mask is None else r.mask.flatten(0, 1)[rows]
        logits, value = self.policy.evaluate(r.x.flatten(0, 1)[rows])
        every = log_probabilities(logits, self.policy.action_sizes, mask)
        change = every.gather(-1, r.actions.flatten(0, 1)[rows]).sum(-1) - r.log_prob.flatten()[rows]
        ratio, advantage = change.exp(), self.flat_advantage[rows]
        policy_loss = -torch.min(ratio * advantage, ratio.clamp(1 - c.clip, 1 + c.clip) * advantage).mean()
        value_loss = self._value_loss(value, rows)
        entropy = -(every.exp() * every).sum(-1).mean()
        kl = (ratio - 1 - change).mean().detach()
        clipped = ((ratio - 1).abs() > c.clip).float().mean()
        if float(kl) <= c.stop_kl:
            loss = policy_loss + c.value_weight * value_loss - self.entropy_weight * entropy
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self.policy.parameters(), c.max_grad_norm)
            self.optimiser.step()
        terms = {"policy_loss": policy_loss, "value_loss": value_loss, "entropy": entropy, "kl": kl, "clipped": clipped}
        return {name: term.detach() for name, term in terms.items()}

    def _value_loss(self, value: Tensor, rows: Tensor) -> Tensor:
        target = self.flat_returns[rows]
        error = (value - target).square()
        if self.config.value_clip is not None:
            old, limit = self.rollout.value.flatten()[rows], self.config.value_clip * self.variance.sqrt()
            error = torch.max(error, (old + (value - old).clamp(-limit, limit) - target).square())
        return error.mean() / self.variance

    def _set_schedules(self) -> None:
        c, p = self.config, min(self.progress, 1.0)
        self.entropy_weight = c.entropy + (c.entropy_final - c.entropy) * p
        for group in self.optimiser.param_groups:
            group["lr"] = self.lr * (1.0 + (c.lr_final - 1.0) * p)

    def _follow_kl(self, kl: float) -> None:
        low, high = self.config.lr_range
        if kl > self.config.target_kl * 1.5:
            self.lr = max(self.lr / 1.5, low)
        elif kl < self.config.target_kl / 1.5:
            self.lr = min(self.lr * 1.2, high)

    # -- resumption --------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """All that continuing needs, as tensors and plain values."""
        state: dict[str, Any] = {
            "shape": self.policy.shape, "policy": self.policy.state_dict(), "optimiser": self.optimiser.state_dict(),
            "lr": self.lr, "progress": self.progress, "iteration": self.iteration, "steps": self.steps,
            "seconds": self.seconds, "generator": self.generator.get_state(), "random": random_state(),
        }  # fmt: skip
        if hasattr(self.task, "state_dict") and self.obs is not None:
            log = {"returns": self.log.returns, "lengths": self.log.lengths}
            state["task"] = {"state": self.task.state_dict(), "obs": self.obs, "device": str(self.task_device), **log}
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state`; a task without states starts new episodes."""
        if state["shape"] != self.policy.shape:
            raise UserError(f"the checkpoint's policy is {state['shape']}, the task needs {self.policy.shape}")
        self.policy.load_state_dict(state["policy"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.lr, self.progress, self.iteration = state["lr"], state["progress"], state["iteration"]
        self.steps, self.seconds = state["steps"], state["seconds"]
        self.generator.set_state(state["generator"].cpu())
        set_random_state(state["random"])
        if "task" in state and hasattr(self.task, "load_state_dict"):
            task = state["task"]
            self.task.load_state_dict(task["state"])
            self.obs, self.task_device = task["obs"], torch.device(task["device"])
            self.log = EpisodeLog(task["returns"], task["lengths"])
