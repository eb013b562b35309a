"""RLPD on a task of seconds: learns from few demonstrations, clones, resumes exactly where it was, keeps its replay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skills.learn import Budget, learn_with
from skills.rlpd import RLPD, Critics, GaussianPolicy, RLPDConfig, Transitions, _Replay

SMALL = RLPDConfig(hidden=(32, 32), warm_up=64, offline=50, window=20, update_to_data=0.5, batch=64, capacity=4000)


class Push:
    """Bring a point on a line to the origin within 12 steps of at most 0.3; reward 1 only there."""

    num_envs, obs_dim, action_sizes = 8, 2, ()

    def __init__(self, seed: int = 0):
        self.rng = np.random.default_rng(seed)
        self.x, self.t = np.zeros(8), np.zeros(8)

    def _obs(self) -> Tensor:
        return torch.tensor(np.stack([self.x, self.t / 12], 1), dtype=torch.float32)

    def reset(self) -> Tensor:
        self.x, self.t = self.rng.uniform(-1, 1, 8), np.zeros(8)
        return self._obs()

    def step(self, actions: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, dict[str, Any]]:
        self.x = self.x + 0.3 * actions[:, 0].numpy()
        self.t = self.t + 1
        won = np.abs(self.x) < 0.06
        late = (self.t >= 12) & ~won
        final = self._obs()
        over = won | late
        self.x = np.where(over, self.rng.uniform(-1, 1, 8), self.x)
        self.t = np.where(over, 0, self.t)
        info = {"final_obs": final, "success": torch.from_numpy(won)}
        reward = torch.from_numpy(won.astype(np.float32))
        return self._obs(), reward, torch.from_numpy(won), torch.from_numpy(late), info


def demonstrations(episodes: int = 12) -> Transitions:
    rng, rows = np.random.default_rng(1), []
    while episodes:
        x, steps = rng.uniform(-1, 1), []
        for t in range(12):
            a = float(np.clip(-x / 0.3 + rng.normal(0, 0.3), -0.99, 0.99))
            after = x + 0.3 * a
            won = abs(after) < 0.06
            steps.append(([x, t / 12], [a], float(won), [after, (t + 1) / 12], float(won)))
            x = after
            if won:
                rows += steps
                episodes -= 1
                break
    return Transitions(*(torch.tensor(column, dtype=torch.float32) for column in zip(*rows, strict=True)))


def success(policy: GaussianPolicy, seed: int = 9) -> float:
    task, wins, ends = Push(seed), 0, 0
    obs = task.reset()
    for _ in range(150):
        obs, _, won, late, _ = task.step(policy.act(obs, temperature=0.0))
        wins, ends = wins + int(won.sum()), ends + int((won | late).sum())
    return wins / ends


def test_it_learns_from_a_sparse_reward_and_few_demonstrations() -> None:
    learner = RLPD(Push(), demonstrations(), SMALL, action_dim=1)
    learned = learn_with(learner, Budget(steps=4000), evaluate=success)
    assert learned.score > 0.95 and success(learned.policy, seed=11) > 0.9
    obs, action = torch.tensor([[0.05, 0.1], [0.9, 0.9]]), torch.tensor([[0.0], [0.0]])
    near, far = learner.critics(obs, action).mean(0).tolist()
    assert near > far, "the value is the discounted chance of success"


def test_cloning_alone_takes_no_steps() -> None:
    learner = RLPD(Push(), demonstrations(40), replace(SMALL, clone_only=True), action_dim=1)
    for _ in range(40):
        learner.iterate()
    assert learner.steps == 0 and success(learner.policy) > 0.6


def test_it_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    config = replace(SMALL, update_to_data=0.25)
    learn_with(RLPD(Push(), demonstrations(), config, action_dim=1), Budget(steps=640), folder=tmp_path)
    learner = RLPD(Push(), demonstrations(), config, action_dim=1)
    learned = learn_with(learner, Budget(steps=960), folder=tmp_path, resume=True)
    assert learned.steps == 960 and len(learner.replay) == 960 and learner.updates >= 50 + 0.25 * (960 - 64) - 1


def test_same_seed_same_weights() -> None:
    made = []
    for _ in range(2):
        learner = RLPD(Push(3), demonstrations(), SMALL, seed=5, action_dim=1)
        for _ in range(3):
            learner.iterate()
        made.append(learner.policy.out.weight.detach().clone())
    assert torch.equal(*made)


def test_of_longer_rows_a_policy_reads_its_own_part() -> None:
    policy, rows = GaussianPolicy(3, 2, (8,)), torch.randn(4, 7)
    torch.testing.assert_close(policy.act(rows, temperature=0.0), policy.act(rows[:, :3], temperature=0.0))
    rows[:, 2] += 1.0
    assert not torch.equal(policy.act(rows, temperature=0.0), policy.act(rows - 1.0, temperature=0.0))


def test_critics_are_one_network_each() -> None:
    critics = Critics(3, (8,), 2)
    obs, action = torch.randn(5, 2), torch.randn(5, 1)
    both = critics(obs, action)
    critics.weights[0].data[1] += 1.0
    assert both.shape == (2, 5) and torch.equal(critics(obs, action)[0], both[0])
    assert not torch.equal(critics(obs, action)[1], both[1])


def test_replay_keeps_the_newest() -> None:
    replay = _Replay(5, 1, 1)
    for k in range(4):
        column = torch.full((2,), float(k))
        replay.add(Transitions(column[:, None], column[:, None], column, column[:, None], column))
    assert len(replay) == 5 and sorted(replay.all().reward.tolist()) == [1.0, 2.0, 2.0, 3.0, 3.0]


def test_density_is_that_of_the_squashed_normal() -> None:
    policy = GaussianPolicy(2, 1, (8,))
    torch.manual_seed(0)
    obs = torch.zeros(200_000, 2)
    action, density = policy.sample(obs)
    counts, edges = np.histogram(action.detach().numpy(), bins=20, range=(-0.9, 0.9), density=False)
    middle = (edges[:-1] + edges[1:]) / 2
    measured = counts / 200_000 / (edges[1] - edges[0])
    order = action[:, 0].detach().numpy().argsort()
    claimed = np.interp(middle, action[order, 0].detach().numpy(), density[order].detach().exp().numpy())
    np.testing.assert_allclose(measured, claimed, rtol=0.1, atol=0.05)
