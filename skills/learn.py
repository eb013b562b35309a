"""Training within a budget: evaluation that keeps the best policy, checkpoints, resumption, Ctrl-C."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Protocol

import torch
from torch import Tensor

from skills.files import checkpoints, load_checkpoint, save_checkpoint
from skills.ppo import PPO, Metrics, PPOConfig, RLTask


class Learner(Protocol):
    """`skills.ppo.PPO` or `skills.rlpd.RLPD`."""

    policy: Any
    device: torch.device
    progress: float  # share of the budget spent
    seconds: float  # of rollouts and updates
    iteration: int
    steps: int

    def iterate(self) -> Metrics:
        """One round of steps and updates."""

    def state_dict(self) -> dict[str, Any]:
        """All that a checkpoint needs."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a checkpoint."""


class Interrupt:
    """Within it the first Ctrl-C or SIGTERM only sets `asked`; the second Ctrl-C raises as ever."""

    def __init__(self) -> None:
        self.asked = False
        self._old: dict[int, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._old[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


@dataclass
class Learned:
    """What `learn` gives: the policy of the best evaluation (the last one where none was asked for)."""

    policy: Any
    score: float  # of that evaluation; -inf without
    iterations: int
    steps: int
    seconds: float  # of rollouts and updates, over all resumptions
    interrupted: bool


@dataclass(frozen=True)
class Budget:
    """When to stop, evaluate and save."""

    seconds: float = float("inf")  # wall time, evaluations included
    steps: float = float("inf")  # of all environments together
    enough: float = float("inf")  # score of an evaluation
    evaluate_seconds: float = 60.0  # of training between two evaluations
    evaluate_every: int | None = None  # iterations, in place of it
    save_seconds: float = 30.0  # between two checkpoints


def learn(task: RLTask, config: PPOConfig | None = None, budget: Budget | None = None, *, seed: int = 0,
          device: torch.device | str = "cpu", folder: Path | None = None, resume: bool = False,
          evaluate: Callable[[Any], float] | None = None,
          report: Callable[[Metrics], None] | None = None) -> Learned:  # fmt: skip
    """Train until the budget is spent; the policy of the best evaluation is kept.

    Checkpoints go to `folder`, also at the end; with `resume` the newest whole one is continued, else old ones are
    removed. The first Ctrl-C (or SIGTERM) ends the iteration, saves and returns with `interrupted` set.
    """
    learner = PPO(task, config, seed=seed, device=device)
    return learn_with(learner, budget, folder=folder, resume=resume, evaluate=evaluate, report=report)


def learn_with(learner: Learner, budget: Budget | None = None, *, folder: Path | None = None, resume: bool = False,
               evaluate: Callable[[Any], float] | None = None,
               report: Callable[[Metrics], None] | None = None) -> Learned:  # fmt: skip
    """The same with any learner."""
    b = budget or Budget()
    run = _Run(learner, folder, evaluate)
    run.load() if resume else run.clear()

    def spent() -> float:
        return max((learner.seconds + run.judging) / b.seconds, learner.steps / b.steps)

    learner.progress = spent()  # the budget may be another than that of the run taken up
    saved, next_judging = time.perf_counter(), learner.seconds + b.evaluate_seconds
    with Interrupt() as interrupt:
        while learner.progress < 1.0 and run.score < b.enough and not interrupt.asked:
            metrics = learner.iterate()
            learner.progress = spent()
            due = learner.seconds >= next_judging
            if b.evaluate_every is not None:
                due = learner.iteration % b.evaluate_every == 0
            if due or learner.progress >= 1.0:
                metrics |= run.judge()
                next_judging = learner.seconds + b.evaluate_seconds
            if time.perf_counter() - saved > b.save_seconds:
                run.save()
                saved = time.perf_counter()
            if report is not None:
                report({**metrics, "progress": learner.progress})
        run.save()
    return Learned(run.best_policy(), run.score, learner.iteration, learner.steps, learner.seconds, interrupt.asked)


class _Run:
    """A learner with its best policy so far and its checkpoints."""

    def __init__(self, learner: Learner, folder: Path | None, evaluate: Callable[[Any], float] | None):
        self.learner, self.folder, self.evaluate = learner, folder, evaluate
        self.score = float("-inf")
        self.judging = 0.0  # seconds spent evaluating
        self.best: dict[str, Tensor] | None = None

    def judge(self) -> Metrics:
        """Evaluate; keep the policy if it is the best."""
        if self.evaluate is None:
            return {}
        began, policy = time.perf_counter(), self.learner.policy
        low, policy.low_precision = policy.low_precision, False
        score = self.evaluate(policy)
        policy.low_precision = low
        self.judging += time.perf_counter() - began
        if score >= self.score:
            self.score = score
            self.best = {name: tensor.detach().clone() for name, tensor in policy.state_dict().items()}
        return {"score": score, "best_score": self.score}

    def best_policy(self) -> Any:
        """In evaluation mode, float32."""
        policy = type(self.learner.policy)(**self.learner.policy.shape).to(self.learner.device)
        policy.load_state_dict(self.best or self.learner.policy.state_dict())
        return policy.eval()

    def save(self) -> None:
        """Write a checkpoint, if there is a folder."""
        if self.folder is not None:
            state = {"learner": self.learner.state_dict(), "score": self.score, "best": self.best,
                     "judging": self.judging}  # fmt: skip
            save_checkpoint(self.folder, self.learner.iteration, state)

    def load(self) -> None:
        """Take up the newest checkpoint, if there is one."""
        state = load_checkpoint(self.folder, self.learner.device) if self.folder is not None else None
        if state is not None:
            self.learner.load_state_dict(state["learner"])
            self.score, self.best, self.judging = state["score"], state["best"], state["judging"]

    def clear(self) -> None:
        """Remove the checkpoints of an earlier run."""
        if self.folder is not None:
            for path in checkpoints(self.folder):
                path.unlink()
