"""Trained weights and their cards: NAME.safetensors holds a family's policy and success head, NAME.card.json says how
they came about, how good they are, and what they read."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from sim.world import UserError
from skills.files import write_atomic
from skills.heads import SuccessHead
from skills.policy import SkillPolicy
from skills.rlpd import GaussianPolicy
from skills.statistics import wilson

WEIGHTS = Path(__file__).parent / "weights"
PACKAGES = ("saycraft", "torch", "numpy", "numba", "minecraft-data", "pybullet")


@dataclass
class Card:
    """All that is known about a file of weights."""

    name: str  # the family
    observation: dict[str, Any]  # what the networks read; `spec_hash` of it must match at loading
    policy: dict[str, Any] = field(default_factory=dict)  # SkillPolicy.shape
    head: dict[str, Any] | None = None  # SuccessHead.shape
    temperature: float = 1.0  # of acting; 0 = the likeliest action
    how: dict[str, Any] = field(default_factory=dict)  # command, seed, steps, wall seconds, cores, date
    skills: dict[str, dict[str, Any]] = field(default_factory=dict)  # per skill: see `rate`
    total: dict[str, Any] = field(default_factory=dict)
    success_head: dict[str, Any] = field(default_factory=dict)  # metrics in and out of distribution
    versions: dict[str, str] = field(default_factory=dict)


def spec_hash(spec: dict[str, Any]) -> str:
    """Twelve hex digits of an observation specification, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:12]


def rate(success: Sequence[bool], ticks: Sequence[float]) -> dict[str, Any]:
    """Success with its 95 % Wilson interval, and the mean game ticks of the successful episodes."""
    won, n = sum(map(bool, success)), len(success)
    low, high = wilson(won, n)
    durations = [float(t) for t, s in zip(ticks, success, strict=True) if s]
    duration = round(float(np.mean(durations)), 1) if durations else None
    interval = {"success": won / max(n, 1), "low": round(low, 4), "high": round(high, 4)}
    return {**interval, "episodes": n, "duration": duration}


def provenance(seed: int, steps: int, seconds: float) -> dict[str, Any]:
    """The `how` of a card written now."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"command": command_line(sys.argv[1:]), "seed": seed, "steps": steps, "wall_seconds": round(seconds, 1), "cores": cores,
            "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")}  # fmt: skip


def command_line(arguments: Sequence[str]) -> str:
    """The command that was given, without where its results went: that is the business of one machine."""
    words = iter(arguments)
    kept = [word for word in words if not (word == "--out" and next(words, None)) and not word.startswith("--out=")]
    return " ".join(["saycraft", *kept])


def versions() -> dict[str, str]:
    """Of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def make_policy(shape: dict[str, Any]) -> SkillPolicy | GaussianPolicy:
    """A fresh policy of the kind that a card's shape describes."""
    return GaussianPolicy(**shape) if "action_dim" in shape else SkillPolicy(**shape)


def save_weights(
    folder: Path, card: Card, policy: SkillPolicy | GaussianPolicy, head: SuccessHead | None = None
) -> Path:
    """Write both files, weights first, each whole or not at all; returns the path of the weights."""
    card.policy, card.head = policy.shape, head.shape if head is not None else None
    parts = {"policy": policy} | ({"head": head} if head is not None else {})
    tensors = {f"{part}.{name}": tensor.detach().cpu().contiguous() for part, module in parts.items()
               for name, tensor in module.state_dict().items()}  # fmt: skip
    spec = spec_hash(card.observation)
    path = folder / f"{card.name}.safetensors"
    write_atomic(path, save(tensors, metadata={"observation": spec}))
    text = json.dumps({**asdict(card), "observation_hash": spec}, indent=1)
    write_atomic(folder / f"{card.name}.card.json", (text + "\n").encode())
    return path


def load_card(name: str, folder: Path = WEIGHTS) -> Card:
    """The card of a family. Raises UserError if there is none or it does not read."""
    path = folder / f"{name}.card.json"
    if not path.is_file():
        known = ", ".join(sorted(p.name.removesuffix(".card.json") for p in folder.glob("*.card.json"))) or "none"
        raise UserError(f"no weights for {name!r} in {folder}; there are: {known} (`saycraft train` makes them)")
    try:
        data = json.loads(path.read_text())
        data.pop("observation_hash", None)
        return Card(**data)
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is not a card: {error}") from error


Trained = tuple[Any, SuccessHead | None, Card]  # policy: `SkillPolicy` or `GaussianPolicy`


def load_weights(name: str, observation: dict[str, Any], folder: Path = WEIGHTS) -> Trained:
    """A family's networks in evaluation mode; UserError if they read other observations than `observation`."""
    card = load_card(name, folder)
    if spec_hash(card.observation) != spec_hash(observation):
        differences = [f"{key} was {card.observation.get(key)!r}, is {observation.get(key)!r}"
                       for key in sorted({*card.observation, *observation})
                       if card.observation.get(key) != observation.get(key)]  # fmt: skip
        raise UserError(f"weights {name!r} read other observations ({'; '.join(differences)}); train them anew")
    path = folder / f"{name}.safetensors"
    try:
        tensors = load_file(path)
        policy = make_policy(card.policy)
        policy.load_state_dict({k.removeprefix("policy."): v for k, v in tensors.items() if k.startswith("policy.")})
        head = SuccessHead(**card.head) if card.head is not None else None
        if head is not None:
            head.load_state_dict({k.removeprefix("head."): v for k, v in tensors.items() if k.startswith("head.")})
    except (OSError, SafetensorError, RuntimeError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path} does not hold the weights that its card describes: {reason}") from error
    return policy.eval(), head.eval() if head is not None else None, card


def measured_skills(folder: Path = WEIGHTS) -> dict[str, dict[str, float]]:
    """Per skill its measured success and duration (game ticks of an episode that succeeds), from the cards in a folder. One
    that never succeeded has no duration."""
    found: dict[str, dict[str, float]] = {}
    for path in sorted(folder.glob("*.card.json")):
        for name, entry in load_card(path.name.removesuffix(".card.json"), folder).skills.items():
            if entry.get("success") is not None:
                found[name] = {"success": entry["success"]}
                found[name] |= {"duration": max(entry["duration"], 1.0)} if entry.get("duration") else {}
    return found
