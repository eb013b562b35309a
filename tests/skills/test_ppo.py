"""The learner against slow twins, against Stable-Baselines3, and resumed against uninterrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sim.world import UserError
from skills.files import checkpoints, load_checkpoint, save_checkpoint
from skills.learn import Budget, learn
from skills.policy import SkillPolicy
from skills.ppo import PPO, Metrics, PPOConfig, gae
from skills.rollout import actor, play
from tests.skills.toys import CartPole, Chase, ResumableChase

SMALL = PPOConfig(steps=16, epochs=4, minibatch=256, lr=2e-3, hidden=(32, 32), bfloat16=False)


def test_gae_equals_the_sum_it_stands_for() -> None:
    torch.manual_seed(0)
    steps, n, gamma, lam = 12, 5, 0.97, 0.9
    reward, value, next_value = torch.randn(3, steps, n, dtype=torch.float64)
    ended = torch.rand(steps, n) < 0.25
    fast = gae(reward, value, next_value, ended, gamma, lam)
    for i in range(n):
        for t in range(steps):
            total, weight = 0.0, 1.0
            for k in range(t, steps):
                total += weight * float(reward[k, i] + gamma * next_value[k, i] - value[k, i])
                weight *= gamma * lam
                if ended[k, i]:
                    break
            assert abs(total - float(fast[t, i])) < 1e-9


class Clock:
    """Reward 1 per step for ever; episodes are cut after `limit` steps, or end there."""

    num_envs, obs_dim, action_sizes = 4, 2, (2,)

    def __init__(self, limit: int, terminal: bool, ring: bool = False):
        self.limit, self.terminal, self.t = limit, terminal, 0
        self.period = limit if ring else limit + 1  # a ring ends where it began, in a state that has been met

    def reset(self) -> torch.Tensor:
        return torch.full((4, 2), float(self.t))

    def step(self, actions: torch.Tensor) -> tuple:
        self.t += 1
        over, final = self.t == self.limit, torch.full((4, 2), float(self.t % self.period))
        self.t = 0 if over else self.t
        ended, never = torch.full((4,), over), torch.zeros(4, dtype=torch.bool)
        flags = (ended, never) if self.terminal else (never, ended)
        return torch.full((4, 2), float(self.t)), torch.ones(4), *flags, {"final_obs": final}


@pytest.mark.parametrize("terminal", [False, True])
def test_next_value_is_that_of_the_state_truly_reached(terminal: bool) -> None:
    learner = PPO(Clock(3, terminal), replace(SMALL, steps=8), seed=1)
    learner.obs = learner._reset()
    before = {k: v.clone() for k, v in learner.policy.normaliser.state_dict().items()}
    learner.collect()
    learner.policy.normaliser.load_state_dict(before)

    def value(t: int) -> float:
        return float(learner.policy(torch.full((1, 2), float(t)))[1].detach())

    expected = [value(1), value(2), 0.0 if terminal else value(3)] * 3
    np.testing.assert_allclose(learner.rollout.next_value[:, 0].numpy(), expected[:8], rtol=1e-4, atol=1e-5)
    assert learner.rollout.ended[:, 0].tolist() == [False, False, True] * 2 + [False, False]


def test_cut_episodes_are_worth_as_much_as_endless_ones() -> None:
    """With reward 1 per step and gamma 0.9 every state is worth 10, however the episodes are cut."""
    config = replace(SMALL, gamma=0.9, epochs=8, minibatch=32, entropy=0.0)
    values = {}
    for terminal in (False, True):
        learner = PPO(Clock(5, terminal, ring=True), config, seed=0)
        for _ in range(150):
            learner.iterate()
        values[terminal] = float(learner.policy(torch.zeros(1, 2))[1].detach())
    assert abs(values[False] - 10.0) < 1.0
    assert abs(values[True] - (1 - 0.9**5) / 0.1) < 0.6


def test_it_learns_and_success_is_logged() -> None:
    log: list[Metrics] = []
    task = Chase(64, seed=3)
    learned = learn(task, SMALL, Budget(steps=64 * 16 * 40), seed=0, report=log.append)
    assert learned.steps == 64 * 16 * 40 and log[-1]["progress"] == 1.0
    assert log[-1]["success"] > 0.95 and log[-1]["return"] > 6 > log[2]["return"]
    episodes = play(Chase(64, seed=9), actor(learned.policy, 0.0, 0), 2)
    assert episodes.success.float().mean() > 0.97 and len(episodes.success) == 128


def test_bfloat16_learns_as_well() -> None:
    learned = learn(Chase(64, seed=3), replace(SMALL, bfloat16=True), Budget(steps=64 * 16 * 40), seed=0)
    episodes = play(Chase(64, seed=9), actor(learned.policy, 0.0, 0), 2)
    assert episodes.success.float().mean() > 0.95


def test_resumed_equals_uninterrupted_bit_for_bit(tmp_path: Path) -> None:
    config, budget = replace(SMALL, value_clip=0.2), Budget(steps=64 * 16 * 9, evaluate_every=4)
    whole: list[Metrics] = []
    straight = learn(ResumableChase(seed=5), config, budget, seed=2, report=whole.append, evaluate=_weight_sum)
    parts: list[Metrics] = []

    def report(metrics: Metrics) -> None:
        parts.append(metrics)
        if len(parts) in (3, 7):
            signal.raise_signal(signal.SIGINT)

    for expected, task_seed in (
        (True, 5),
        (True, 98),
        (False, 99),
    ):  # the state comes from the checkpoint, not the seed
        torch.rand(7)
        learned = learn(ResumableChase(seed=task_seed), config, budget, seed=2, folder=tmp_path, resume=True,
                        report=report, evaluate=_weight_sum)  # fmt: skip
        assert learned.interrupted is expected
    assert len(parts) == 9 and learned.score == straight.score
    timings = {"seconds", "rollout_s", "update_s", "steps_per_s"}
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_equal({k: v for k, v in a.items() if k not in timings},
                                {k: v for k, v in b.items() if k not in timings})  # fmt: skip
    for name, tensor in straight.policy.state_dict().items():
        assert torch.equal(tensor, learned.policy.state_dict()[name]), name


def _weight_sum(policy: SkillPolicy) -> float:
    return float(policy.actor.weight.detach().sum())


def test_half_written_checkpoints_are_never_read(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        save_checkpoint(tmp_path, number, {"number": number})
    assert [p.name for p in checkpoints(tmp_path)] == ["checkpoint-0000002.pt", "checkpoint-0000003.pt"]
    whole = checkpoints(tmp_path)[-1].read_bytes()
    (tmp_path / ".checkpoint-0000004.pt.1.tmp").write_bytes(whole[: len(whole) // 2])  # killed while writing
    assert load_checkpoint(tmp_path) == {"number": 3}
    checkpoints(tmp_path)[-1].write_bytes(whole[: len(whole) // 2])  # a disk that lost the end
    with pytest.warns(UserWarning, match="broken"):
        assert load_checkpoint(tmp_path) == {"number": 2}
    for path in checkpoints(tmp_path):
        path.write_bytes(b"")
    with pytest.warns(UserWarning, match="broken"):
        assert load_checkpoint(tmp_path) is None


_KILLED = """
import sys
from pathlib import Path
from skills.learn import Budget, learn
from tests.skills.test_ppo import SMALL
from tests.skills.toys import ResumableChase
learn(ResumableChase(seed=1), SMALL, Budget(steps=10**9, save_seconds=0.0), folder=Path(sys.argv[1]), resume=True)
"""


def test_a_killed_run_goes_on_from_its_last_save(tmp_path: Path) -> None:
    reached = 0
    for _ in range(2):
        with subprocess.Popen([sys.executable, "-c", _KILLED, str(tmp_path)], cwd=Path(__file__).parents[2]) as run:
            while not (found := checkpoints(tmp_path)) or int(found[-1].stem.split("-")[1]) < reached + 20:
                time.sleep(0.01)
                assert run.poll() is None
            run.kill()
        state = load_checkpoint(tmp_path)
        assert state is not None and state["learner"]["iteration"] >= reached + 20
        reached = state["learner"]["iteration"]


def test_a_new_run_does_not_take_up_an_old_one(tmp_path: Path) -> None:
    learn(Chase(16), SMALL, Budget(steps=16 * 16 * 4), folder=tmp_path)
    learned = learn(Chase(16), SMALL, Budget(steps=16 * 16 * 2), folder=tmp_path)
    assert learned.iterations == 2 and checkpoints(tmp_path)[-1].name == "checkpoint-0000002.pt"
    other = Chase(16)
    other.action_sizes = (3, 4)
    with pytest.raises(UserError, match="the checkpoint's policy is"):
        learn(other, SMALL, Budget(steps=1), folder=tmp_path, resume=True)


def test_the_best_policy_is_kept() -> None:
    scores, seen = iter([0.2, 0.9, 0.1]), []

    def judge(policy: SkillPolicy) -> float:
        seen.append(policy.actor.weight.detach().clone())
        return next(scores)

    learned = learn(Chase(16), SMALL, Budget(steps=16 * 16 * 3, evaluate_every=1), evaluate=judge)
    assert learned.score == 0.9 and torch.equal(learned.policy.actor.weight, seen[1])


def test_kl_stops_the_epochs_and_moves_the_learning_rate() -> None:
    wild = PPO(Chase(64), replace(SMALL, lr=0.05, lr_range=(1e-4, 0.05), epochs=20, stop_kl=0.02, target_kl=0.01))
    metrics = [wild.iterate() for _ in range(4)]
    assert any(m["kl_stop"] == 1.0 and m["epochs"] < 20 for m in metrics) and wild.lr < 0.05
    tame = PPO(Chase(64), replace(SMALL, lr=1e-5, lr_range=(1e-6, 1e-2)))
    metrics = [tame.iterate() for _ in range(4)]
    assert all(m["kl_stop"] == 0.0 and m["epochs"] == 4 for m in metrics) and tame.lr > 1e-5


def test_masked_actions_are_never_taken() -> None:
    class Masked(Chase):
        @property
        def action_mask(self) -> torch.Tensor:
            mask = torch.ones(self.num_envs, 5, dtype=torch.bool)
            mask[torch.arange(self.num_envs), self.steps % 3] = False  # another move is barred at every step
            mask[:, 4] = False
            return mask

        def step(self, actions: torch.Tensor) -> Any:
            assert (actions[:, 0].numpy() != self.steps % 3).all() and (actions[:, 1] == 0).all()
            return super().step(actions)

    learner = PPO(Masked(64), SMALL)
    metrics = [learner.iterate() for _ in range(5)]
    assert all(np.isfinite(m["entropy"]) and np.isfinite(m["policy_loss"]) for m in metrics)
    assert metrics[0]["entropy"] < np.log(2) + 1e-3  # two moves are left, and one interaction


def test_values_that_are_not_finite_are_reported() -> None:
    class Broken(Chase):
        def step(self, actions: torch.Tensor) -> Any:
            obs, reward, *rest = super().step(actions)
            return obs, reward * float("nan"), *rest

    with pytest.raises(FloatingPointError, match="not finite"):
        PPO(Broken(8), SMALL).iterate()


def test_episodes_are_not_biased_towards_short_ones() -> None:
    """Stuck environments (a third) end last; the first episodes of every environment hold them all the same."""
    task = Chase(600, seed=1, hopeless=1 / 3)
    go = lambda obs: torch.stack([torch.sign(obs[:, 2]).long() + 1, torch.zeros(600, dtype=torch.int64)], 1)  # noqa: E731
    episodes = play(task, go, 2)
    stuck = episodes.first[:, 3] > 0
    assert abs(float(stuck.float().mean()) - 1 / 3) < 0.05 and torch.equal(episodes.success, ~stuck)
    assert torch.equal(episodes.lengths[~stuck], episodes.first[~stuck, 2].abs().long())
    assert torch.equal(episodes.ticks, episodes.lengths * 2.0) and (episodes.lengths[stuck] == 20).all()
    assert torch.equal(episodes.skill[~stuck], (episodes.lengths[~stuck] > 2).long())
    assert (episodes.middle[:, 1] == episodes.first[:, 1]).all()  # the goal stands still within an episode


@pytest.mark.slow
def test_as_good_as_stable_baselines() -> None:
    """CartPole-v1 (best 500): ours and Stable-Baselines3's PPO, same steps and same sizes, both solve it."""
    baselines = pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.evaluation import evaluate_policy

    steps, envs = 65_536, 16
    config = PPOConfig(steps=64, epochs=8, minibatch=256, lr=1e-3, gamma=0.98, entropy=0.0, entropy_final=0.0,
                       hidden=(64, 64), activation="tanh", separate_value=True, bfloat16=False)  # fmt: skip
    ours = learn(CartPole(envs, seed=1), config, Budget(steps=steps), seed=1).policy
    our_return = float(play(CartPole(20, seed=100), actor(ours, 0.0, 0)).returns.mean())
    env = make_vec_env("CartPole-v1", n_envs=envs, seed=1)
    theirs = baselines.PPO("MlpPolicy", env, n_steps=64, batch_size=256, n_epochs=8, learning_rate=1e-3, gamma=0.98,
                           seed=1, device="cpu").learn(steps)  # fmt: skip
    their_return = float(np.mean(evaluate_policy(theirs, make_vec_env("CartPole-v1", seed=100), 20)[0]))
    assert our_return > 450 and abs(our_return - their_return) < 50, (our_return, their_return)
