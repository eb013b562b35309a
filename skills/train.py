"""Training from nothing to shipped weights: per family a policy, its evaluation, its success head, its card.

Every stage leaves one whole file in runs/FAMILY/ (checkpoints, policy.pt, evaluation.json, head.pt); with `resume` the
stages that are done are read instead of repeated, so a run may be killed at any time.
"""

from __future__ import annotations

import io
import json
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from sim.world import UserError
from skills.cards import WEIGHTS, Card, load_card, load_weights, make_policy, provenance, rate, save_weights, versions
from skills.files import write_atomic
from skills.heads import SuccessHead, fit_head, head_metrics, metrics
from skills.learn import Budget, Learner, learn_with
from skills.ppo import PPO, PPOConfig
from skills.progress import Board, Log
from skills.rlpd import RLPD, Critics, RLPDConfig
from skills.rollout import Episodes, actor, play
from skills.targets import TRAITS

DEFAULT_MINUTES = 75.0
POLICY_SHARE = 0.85  # of a family's time; the rest is for evaluation and success head
SHARES = {"find": 1.6, "harvest": 1.0, "mine": 2.2, "hunt": 1.5, "use": 1.2, "place": 0.4}  # others: 1
BEGINS_AS = {"fight": "hunt"}  # families that go on from another one's shipped weights
DISCOUNTS = {"pick": 0.97, "put": 0.975, "drawer": 0.985}  # of RLPD; haste topples what stands in the drawer
FAMILIAR = 100_000.0  # observations that its normaliser is taken to have seen
TEMPERATURES = (1.0, 0.5)  # none without chance: it may repeat a fruitless action for ever


METHODS = ("rlpd", "sac", "clone")  # from demonstrations; without any; demonstrations alone


class TaskFactory(Protocol):
    """Makes the task of a family for a purpose: "train", "judge" (which policy is kept), "evaluate"
    (honest starts: what the card reports), "wide" (also hopeless ones: what
    the success head learns from) or "far" (a mixture it has not learned from).

    A task is an `RLTask` with `skill_names` (tuple) and `skill_rows` (int [N]: what each environment works on now), may
    have `observation` (a dict that describes its features) and `close()`, and gives `success` and `ticks` in `info`.
    """

    def __call__(self, family: str, num_envs: int, seed: int, purpose: str) -> Any:
        """A fresh task."""


@dataclass(frozen=True)
class TrainConfig:
    """Sizes of a training run."""

    num_envs: int = 1024
    ppo: PPOConfig = field(default_factory=PPOConfig)
    per_family: dict[str, PPOConfig] = field(default_factory=dict)  # in place of `ppo`
    enough: float = float("inf")  # evaluation success at which a family's training ends early
    evaluate_seconds: float = 60.0  # of training between two evaluations
    judge_envs: int = 192  # episodes of an evaluation during training
    test_envs: int = 512
    test_per_env: int = 2
    head_envs: int = 1024
    head_per_env: int = 1  # episodes of a round
    head_rounds: int = 24  # at most; fewer when time is short
    head_share: float = 0.1  # of a family's time for the head's episodes
    judge_per_env: int = 1
    temperatures: tuple[float, ...] = TEMPERATURES  # to choose from; the first one acts during training
    method: str = "ppo"  # or one of `METHODS`: how the kitchen's continuous skills are learned
    rlpd: RLPDConfig = field(default_factory=RLPDConfig)


def train(names: str | Sequence[str] = "all", *, library: Any, minutes: float | None = None, resume: bool = False,
          seed: int = 0, out: Path | None = None, runs: Path = Path("runs"), config: TrainConfig | None = None,
          factory: TaskFactory | None = None, device: str = "cpu", begin_as: str | None = None,
          keep: Path | None = None) -> dict[str, Any]:  # fmt: skip
    """Train families (named by family, by skill, or "all") within `minutes` in total; returns {family: card}.

    `begin_as` names a family whose shipped weights all of them begin as, in place of nothing or `BEGINS_AS`.
    `keep` is a folder of weights whose policies stay as they are: they are measured anew, and all the time goes to fitting
    their success heads anew.
    """
    families = choose_families([names] if isinstance(names, str) else names, library)
    if library_world(library) == "kitchen" and factory is None:
        config = config or kitchen_config()
    factory = factory or task_factory(library)
    total = (minutes if minutes is not None else DEFAULT_MINUTES) * 60.0
    shares = {family: SHARES.get(family, 1.0) for family in families}
    report = {}
    with Board() as board:
        for family in families:
            budget = total * shares[family] / sum(shares.values())
            stage = Family(family, factory, config or TrainConfig(), runs / family, budget, seed, device, board)
            stage.begins_as, stage.keep = begin_as or BEGINS_AS.get(family), keep
            report[family] = stage.run(out or WEIGHTS, resume)
    return report


def choose_families(names: Iterable[str], library: Any) -> list[str]:
    """Families in the library's order. Raises UserError for a name that is neither family nor trainable skill."""
    skills = library.skills
    known = list(dict.fromkeys(skill.policy for skill in skills.values() if skill.policy is not None))
    chosen: set[str] = set()
    for name in names:
        if name == "all":
            chosen.update(known)
        elif name in known:
            chosen.add(name)
        elif name in skills and skills[name].policy is None:
            raise UserError(
                f"skill {name!r} is a direct action and has no policy to train; families: {', '.join(known)}"
            )
        elif name in skills:
            chosen.add(skills[name].policy)
        else:
            raise UserError(
                f"unknown skill or family {name!r}; families: {', '.join(known)} (or a skill's name, or all)"
            )
    return [family for family in known if family in chosen]


def library_world(library: Any) -> str:
    """The world of a library."""
    return getattr(library, "world", "craft")


def kitchen_config(method: str = "rlpd") -> TrainConfig:
    """Sizes of a run in the kitchen, whose physics is a thousand times slower than the craft world."""
    if method not in METHODS:
        raise UserError(f"unknown method '{method}'; there are {', '.join(METHODS)}")
    rlpd = RLPDConfig(demos=0 if method == "sac" else 300, clone_only=method == "clone")
    return TrainConfig(num_envs=8, judge_envs=8, judge_per_env=30, test_envs=8, test_per_env=80, head_envs=8,
                       head_per_env=10, head_rounds=400, head_share=0.3, evaluate_seconds=80.0, temperatures=(0.0,),
                       method=method, rlpd=rlpd)  # fmt: skip


def task_factory(library: Any) -> TaskFactory:
    """The tasks of `skills.tasks` over a library, or those of the kitchen."""
    if library_world(library) == "kitchen":
        from skills.kitchen.tasks import HouseholdTask

        return HouseholdTask
    from skills.tasks import make_task

    def make(family: str, num_envs: int, seed: int, purpose: str) -> Any:
        return make_task(family, num_envs, seed, skills=list(library.skills.values()), purpose=purpose)

    return make


class Family:
    """The stages of one family."""

    def __init__(self, name: str, factory: TaskFactory, config: TrainConfig, folder: Path, seconds: float, seed: int,
                 device: str, board: Board):  # fmt: skip
        self.name, self.factory, self.config, self.folder = name, factory, config, folder
        self.seconds, self.seed, self.device, self.board = seconds, seed, device, board
        self.begins_as = BEGINS_AS.get(name)
        self.keep: Path | None = None

    def run(self, out: Path, resume: bool) -> dict[str, Any]:
        """All stages; returns the card as a dict."""
        if not resume and self.folder.exists():
            shutil.rmtree(self.folder)
        policy, how = self.policy(resume)
        tested = self.evaluation(policy)
        head, quality = self.head(policy, tested["temperature"])
        card = Card(self.name, tested["observation"], temperature=tested["temperature"], how=how, success_head=quality,
                    skills=tested["skills"], total=tested["total"], versions=versions())  # fmt: skip
        save_weights(out, card, policy, head)
        self.board.done(self.name, tested["total"], quality)
        return vars(card)

    def policy(self, resume: bool) -> tuple[Any, dict[str, Any]]:
        """Stage 1: learn, or take the one that is kept."""
        path = self.folder / "policy.pt"
        if not path.exists() and self.keep is not None:
            task = self.factory(self.name, 1, self.seed, "evaluate")
            kept, _, card = load_weights(self.name, getattr(task, "observation", {"size": task.obs_dim}), self.keep)
            _close(task)
            again = provenance(self.seed, 0, 0.0)
            how = card.how | {"measured": {key: again[key] for key in ("command", "seed", "cores", "date")}}
            _save(path, {"shape": kept.shape, "state": kept.state_dict(), "how": how})
        if not path.exists():
            c = self.config
            task = self.factory(self.name, c.num_envs, self.seed, "train")
            judge = self.factory(self.name, c.judge_envs, self.seed + 1, "judge")
            log = Log(self.folder / "log.jsonl", self.name, self.board)
            share = POLICY_SHARE if c.method == "ppo" else 1.0 - c.head_share - 0.1
            budget = Budget(self.seconds * share, enough=c.enough, evaluate_seconds=c.evaluate_seconds)
            learner, more = self._learner(task)
            learned = learn_with(
                learner, budget, folder=self.folder, resume=resume, report=log,
                evaluate=lambda policy: macro_success(play(judge, actor(policy, c.temperatures[0], self.seed), c.judge_per_env)),
            )  # fmt: skip
            _close(task, judge)
            if learned.interrupted:
                raise KeyboardInterrupt
            how = provenance(self.seed, learned.steps, learned.seconds) | more
            state = {"shape": learned.policy.shape, "state": learned.policy.state_dict(), "how": how}
            if isinstance(learner, RLPD) and not c.rlpd.clone_only:
                state["critics"] = learner.critics.state_dict()
            _save(path, state)
        state = torch.load(path, map_location=self.device, weights_only=True)
        policy = make_policy(state["shape"]).to(self.device)
        policy.load_state_dict(state["state"])
        return policy.eval(), state["how"]

    def _ancestor(self, task: Any) -> tuple[Any, dict[str, Any]]:
        """The shipped policy that this family begins as, if it is one that does; what is new to it is normalised anew."""
        name = self.begins_as
        if name is None or getattr(task, "observation", {}) != load_card(name).observation:
            return None, {}
        policy, _, _ = load_weights(name, task.observation)
        policy.normaliser.count.fill_(FAMILIAR)
        if name != self.name:
            policy.normaliser.mean[-TRAITS:], policy.normaliser.variance[-TRAITS:] = 0.0, 1.0
        return policy.train(), {"began_as": name}

    def _learner(self, task: Any) -> tuple[Learner, dict[str, Any]]:
        """PPO, or RLPD with its demonstrations, and what the card is to say of them."""
        c = self.config
        if c.method == "ppo":
            policy, ancestry = self._ancestor(task)
            ppo = c.per_family.get(self.name, c.ppo)
            return PPO(task, ppo, seed=self.seed, device=self.device, policy=policy), ancestry
        from skills.kitchen.tasks import demonstrations

        demos: Any = None
        told: dict[str, float] = {}
        if c.rlpd.demos:
            self.board.say(self.name, f"collecting {c.rlpd.demos} demonstrations")
            demos, told = demonstrations(task, c.rlpd.demos, self.seed)
        rlpd = replace(c.rlpd, gamma=DISCOUNTS.get(self.name, c.rlpd.gamma))
        return RLPD(task, demos, rlpd, seed=self.seed, device=self.device), {
            "method": c.method,
            "demonstrations": told,
        }

    def evaluation(self, policy: Any) -> dict[str, Any]:
        """Stage 2: the temperature to act with, then success per skill from fresh starts."""
        path = self.folder / "evaluation.json"
        if not path.exists():
            self.board.say(self.name, "evaluating")
            c = self.config
            choice = self.factory(self.name, c.judge_envs, self.seed + 2, "judge")
            scores = {
                t: macro_success(play(choice, actor(policy, t, self.seed), c.judge_per_env)) for t in c.temperatures
            }
            temperature = max(scores, key=lambda t: scores[t])
            task = self.factory(self.name, c.test_envs, self.seed + 3, "evaluate")
            episodes = play(task, actor(policy, temperature, self.seed + 3), c.test_per_env)
            skills = {name: rate(*_of_skill(episodes, row)) for row, name in enumerate(task.skill_names)}
            total = rate(episodes.success.tolist(), episodes.ticks.tolist())
            observation = getattr(task, "observation", {"size": task.obs_dim})
            tested = {"temperature": temperature, "skills": skills, "total": total, "observation": observation}
            _close(choice, task)
            write_atomic(path, json.dumps(tested, indent=1).encode())
        return json.loads(path.read_text())

    def head(self, policy: Any, temperature: float) -> tuple[SuccessHead, dict[str, Any]]:
        """Stage 3: the success head, from wide starts; its quality on fresh episodes of that kind and of another."""
        path = self.folder / "head.pt"
        if not path.exists():
            self.board.say(self.name, "success head")
            c = self.config
            data = self._outcomes(policy, temperature)
            rows, won = torch.cat([data.first, data.middle]), torch.cat([data.success] * 2)
            episode = torch.arange(len(data.success)).repeat(2)
            head = fit_head(rows, won, episode, seed=self.seed)
            quality: dict[str, Any] = {"trained_on": len(data.success)}
            for kind, purpose, offset in (("in", "wide", 20), ("out", "far", 21)):
                task = self.factory(self.name, c.test_envs, self.seed + offset, purpose)
                fresh = play(task, actor(policy, temperature, self.seed + offset), c.test_per_env)
                quality[kind] = head_metrics(head, fresh.first, fresh.success)
                quality |= self._critics_metrics(policy, fresh, kind)
                _close(task)
            _save(path, {"shape": head.shape, "state": head.state_dict(), "quality": quality})
        state = torch.load(path, map_location="cpu", weights_only=True)
        head = SuccessHead(**state["shape"])
        head.load_state_dict(state["state"])
        return head.eval(), state["quality"]

    def _critics_metrics(self, policy: Any, fresh: Episodes, kind: str) -> dict[str, Any]:
        """How good the raw critic would be in the head's place, where there is one."""
        kept = torch.load(self.folder / "policy.pt", map_location="cpu", weights_only=True).get("critics")
        if kept is None:
            return {}
        critics = Critics(policy.obs_dim + policy.action_dim, policy.hidden, self.config.rlpd.critics)
        critics.load_state_dict(kept)
        seen = fresh.first[:, : policy.obs_dim]
        with torch.no_grad():
            value = critics(seen, policy.act(seen, temperature=0.0)).mean(0).clamp(0, 1)
        return {f"critic_{kind}": metrics(value, fresh.success)}

    def _outcomes(self, policy: Any, temperature: float) -> Episodes:
        """Rounds of as many episodes in every environment, until the family's time for it is over."""
        c, began = self.config, time.perf_counter()
        task = self.factory(self.name, c.head_envs, self.seed + 10, "wide")
        act = actor(policy, temperature, self.seed + 10)
        rounds: list[Episodes] = []
        spent, share = 0.0, c.head_share if self.keep is None else 1.0
        while not rounds or (len(rounds) < c.head_rounds and spent < share * self.seconds):
            rounds.append(play(task, act, c.head_per_env, seed=self.seed + len(rounds)))
            spent = time.perf_counter() - began
        _close(task)
        return Episodes(*(torch.cat(parts) for parts in zip(*(vars(r).values() for r in rounds), strict=True)))


def macro_success(episodes: Episodes) -> float:
    """Mean over skills of their success, so that a rare skill counts as much as a common one."""
    rows = episodes.skill.unique()
    return float(torch.stack([episodes.success[episodes.skill == row].float().mean() for row in rows]).mean())


def _of_skill(episodes: Episodes, row: int) -> tuple[list[bool], list[float]]:
    chosen: Tensor = episodes.skill == row
    return episodes.success[chosen].tolist(), episodes.ticks[chosen].tolist()


def _save(path: Path, state: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomic(path, buffer.getvalue())


def _close(*tasks: Any) -> None:
    for task in tasks:
        if hasattr(task, "close"):
            task.close()
