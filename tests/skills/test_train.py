"""Training from nothing to weights on toy families, stopped and resumed at every stage."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from sim.world import UserError
from skills import train as module
from skills.cards import load_weights
from skills.ppo import PPOConfig
from skills.train import TrainConfig, choose_families, train
from tests.skills.toys import Chase

LIBRARY: Any = SimpleNamespace(skills={
    "near": SimpleNamespace(policy="walk"), "far": SimpleNamespace(policy="walk"),
    "craft": SimpleNamespace(policy=None), "run": SimpleNamespace(policy="race"),
})  # fmt: skip
PPO = PPOConfig(steps=16, epochs=4, minibatch=256, lr=3e-3, hidden=(32,), bfloat16=False)
CONFIG = TrainConfig(64, PPO, evaluate_seconds=0.5, judge_envs=32, test_envs=128, test_per_env=2, head_envs=256,
                     head_rounds=6)  # fmt: skip


def _factory(family: str, num_envs: int, seed: int, purpose: str) -> Chase:
    return Chase(num_envs, seed, hopeless={"wide": 0.4, "far": 0.7}.get(purpose, 0.0))


def _train(tmp_path: Path, names: str = "walk", seconds: float = 4.0, **options: Any) -> dict[str, Any]:
    return train(names, library=LIBRARY, minutes=seconds / 60, out=tmp_path / "weights", runs=tmp_path / "runs",
                 config=CONFIG, factory=_factory, **options)  # fmt: skip


def test_families_are_named_by_family_skill_or_all() -> None:
    assert choose_families(["all"], LIBRARY) == ["walk", "race"]
    assert choose_families(["run", "race"], LIBRARY) == ["race"]
    assert choose_families(["race", "far"], LIBRARY) == ["walk", "race"]
    with pytest.raises(UserError, match="'craft' is a direct action"):
        choose_families(["craft"], LIBRARY)
    with pytest.raises(UserError, match="unknown skill or family 'fly'; families: walk, race"):
        choose_families(["fly"], LIBRARY)


def test_from_nothing_to_weights(tmp_path: Path) -> None:
    report = _train(tmp_path, seconds=10.0)  # enough on a machine that is busy too
    policy, head, card = load_weights("walk", {"size": 4}, tmp_path / "weights")
    assert card.total["success"] > 0.95 and card.total["episodes"] == 256
    assert set(card.skills) == {"near", "far"} and card.skills["far"]["duration"] > card.skills["near"]["duration"]
    assert card.success_head["in"]["auroc"] > 0.95 and card.success_head["out"]["success"] < 0.5
    assert card.success_head["in"]["ece"] < 0.06
    assert json.dumps(report) and report["walk"]["total"] == card.total and head is not None and policy.obs_dim == 4
    lines = (tmp_path / "runs" / "walk" / "log.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["progress"] >= 1.0


@pytest.mark.parametrize("stage", ["evaluation", "head", "_outcomes"])
def test_killed_at_a_stage_it_goes_on(stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module.Family, stage, die)
        _train(tmp_path, seconds=2.0)
    assert not (tmp_path / "weights").exists()
    done = {
        p: p.read_bytes() for p in (tmp_path / "runs" / "walk").iterdir() if p.name in ("policy.pt", "evaluation.json")
    }
    assert done
    _train(tmp_path, seconds=2.0, resume=True)
    assert all(path.read_bytes() == data for path, data in done.items())
    assert load_weights("walk", {"size": 4}, tmp_path / "weights")[1] is not None


def test_a_kept_policy_is_measured_anew_with_a_new_head(tmp_path: Path) -> None:
    before = _train(tmp_path, seconds=4.0)["walk"]
    old, _, _ = load_weights("walk", {"size": 4}, tmp_path / "weights")
    after = train("walk", library=LIBRARY, minutes=1.0, out=tmp_path / "anew", runs=tmp_path / "more", seed=5, config=CONFIG,
                  factory=_factory, keep=tmp_path / "weights")["walk"]  # fmt: skip
    new, head, _ = load_weights("walk", {"size": 4}, tmp_path / "anew")
    assert all(torch.equal(value, old.state_dict()[name]) for name, value in new.state_dict().items())
    assert after["how"]["measured"]["seed"] == 5 and after["how"]["steps"] == before["how"]["steps"] > 0
    assert head is not None and after["success_head"]["trained_on"] == CONFIG.head_rounds * CONFIG.head_envs
    assert not (tmp_path / "more" / "walk" / "log.jsonl").exists()
