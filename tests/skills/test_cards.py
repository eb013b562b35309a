"""Weights with their cards: what is written comes back, what does not fit is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from planner.cost import skill_cost
from sim.world import UserError
from skills.cards import (
    Card,
    load_card,
    load_weights,
    measured_skills,
    provenance,
    rate,
    save_weights,
    spec_hash,
    versions,
)
from skills.heads import SuccessHead
from skills.policy import SkillPolicy
from skills.schema import Skill

SPEC = {"version": 1, "size": 9, "rays": 54}


def _save(folder: Path) -> tuple[SkillPolicy, SuccessHead]:
    policy, head = SkillPolicy(9, hidden=(8,), separate_value=True), SuccessHead(9, (8,))
    policy.normaliser.update(torch.randn(30, 9))
    card = Card("mine", SPEC, temperature=0.5, how=provenance(3, 1000, 12.34), versions=versions(),
                skills={"mine coal": rate([True] * 9 + [False], [100.0] * 10)})  # fmt: skip
    save_weights(folder, card, policy, head)
    return policy.eval(), head.eval()


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    policy, head = _save(tmp_path)
    same_policy, same_head, card = load_weights("mine", dict(reversed(SPEC.items())), tmp_path)
    x = torch.randn(5, 9)
    assert torch.equal(policy(x)[1], same_policy(x)[1]) and torch.equal(policy(x)[0][0], same_policy(x)[0][0])
    assert same_head is not None and torch.equal(head.probability(x), same_head.probability(x))
    assert card.temperature == 0.5 and card.how["seed"] == 3 and card.how["wall_seconds"] == 12.3
    skill = card.skills["mine coal"]
    assert skill["success"] == 0.9 and skill["episodes"] == 10 and skill["duration"] == 100.0
    assert (skill["low"], skill["high"]) == (0.5958, 0.9821)
    assert json.loads((tmp_path / "mine.card.json").read_text())["observation_hash"] == spec_hash(SPEC)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.card.json", "mine.safetensors"]


def test_what_never_worked_has_no_duration_and_is_dear(tmp_path: Path) -> None:
    skills = {"never": rate([False] * 5, [900.0] * 5), "seldom": rate([True] + [False] * 9, [100.0] * 10)}
    save_weights(tmp_path, Card("fight", SPEC, versions=versions(), skills=skills), SkillPolicy(9, hidden=(8,)), None)
    known = measured_skills(tmp_path)
    assert known == {"never": {"success": 0.0}, "seldom": {"success": 0.1, "duration": 100.0}}
    never, seldom = (
        Skill(name=name, text=name, kind="hunt", obtains={"beef": 1}, steps=1000, **known[name]) for name in known
    )
    assert skill_cost(never) > skill_cost(seldom) == 1000.0


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no weights for 'mine'.*there are: none"):
        load_card("mine", tmp_path)
    _save(tmp_path)
    with pytest.raises(UserError, match=r"no weights for 'fish'.*there are: mine"):
        load_card("fish", tmp_path)
    with pytest.raises(UserError, match=r"other observations \(rays was 54, is 30\)"):
        load_weights("mine", SPEC | {"rays": 30}, tmp_path)
    weights = tmp_path / "mine.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(UserError, match="does not hold the weights"):
        load_weights("mine", SPEC, tmp_path)
    (tmp_path / "mine.card.json").write_text('{"name": "mine", "colour": 1}')
    with pytest.raises(UserError, match="is not a card"):
        load_weights("mine", SPEC, tmp_path)


def test_rate_of_nothing() -> None:
    assert rate([], []) == {"success": 0.0, "low": 0.0, "high": 1.0, "episodes": 0, "duration": None}


def test_a_card_keeps_the_command_without_places_of_one_machine() -> None:
    from skills.cards import WEIGHTS, command_line

    assert command_line(["train", "put", "--out", "somewhere", "--seed", "1"]) == "saycraft train put --seed 1"
    assert command_line(["train", "put", "--out=somewhere"]) == "saycraft train put"
    assert all("--out" not in card.read_text() for card in WEIGHTS.glob("*.card.json"))
