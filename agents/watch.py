"""Conditions over facts for many environments at once: has the goal been reached, has the skill done its work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from skills.schema import NEARBY, Skill

HIGH = np.iinfo(np.int32).max
LOW = np.iinfo(np.int32).min


class FactWatch:
    """One disjunction of conjunctions of fact ranges per environment, tested in one vectorised pass.

    Alternatives and conditions are padded; the arrays grow when a wider condition arrives.
    """

    def __init__(self, num_envs: int, fact_names: Sequence[str]):
        self.names = {name: i for i, name in enumerate(fact_names)}
        self._fact = np.zeros((num_envs, 1, 1), dtype=np.int64)
        self._low = np.full((num_envs, 1, 1), HIGH, dtype=np.int32)  # an empty range: never holds
        self._high = np.full((num_envs, 1, 1), LOW, dtype=np.int32)

    def set(self, env: int, alternatives: Sequence[Mapping[str, tuple[int, int]]]) -> None:
        """Watch `env` for any of `alternatives`, each fact -> (least, most); an unknown fact raises KeyError."""
        self._grow(len(alternatives), max((len(a) for a in alternatives), default=0))
        self.clear(env)
        for a, conditions in enumerate(alternatives):
            self._low[env, a], self._high[env, a] = LOW, HIGH  # padding of a real alternative always holds
            for k, (name, (low, high)) in enumerate(conditions.items()):
                self._fact[env, a, k] = self.names[name]
                self._low[env, a, k], self._high[env, a, k] = low, high

    def clear(self, env: int) -> None:
        """Watch `env` for nothing."""
        self._fact[env], self._low[env], self._high[env] = 0, HIGH, LOW

    def holds(self, facts: np.ndarray) -> np.ndarray:
        """Bool [N]: in which environments some alternative holds; facts int [N, F]."""
        values = facts[np.arange(len(facts))[:, None, None], self._fact]
        within = np.logical_and(values >= self._low, values <= self._high)
        return np.any(np.all(within, axis=2), axis=1)

    def _grow(self, alternatives: int, conditions: int) -> None:
        n, a, k = self._fact.shape
        shape = (n, max(a, alternatives), max(k, conditions))
        if shape == (n, a, k):
            return
        fact, low, high = np.zeros(shape, np.int64), np.full(shape, HIGH, np.int32), np.full(shape, LOW, np.int32)
        real = (self._low != HIGH).any(axis=2)  # alternatives in use keep an always-true padding
        low[:, :a][real], high[:, :a][real] = LOW, HIGH
        fact[:, :a, :k], low[:, :a, :k], high[:, :a, :k] = self._fact, self._low, self._high
        self._fact, self._low, self._high = fact, low, high


def goal_ranges(goal: Sequence[Mapping[str, int]]) -> list[dict[str, tuple[int, int]]]:
    """A goal's alternatives as ranges: n > 0 means at least n, 0 means none."""
    return [{name: (n, HIGH) if n > 0 else (LOW, 0) for name, n in alternative.items()} for alternative in goal]


def gain_ranges(skill: Skill, before: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """What a skill must bring about: counts risen by the declared amounts over `before`; what it first loses just holds."""
    return {
        name: (1, HIGH) if name.endswith(NEARBY) or skill.forgets(name) else (before.get(name, 0) + n, HIGH)
        for name, n in skill.obtains.items()
    }
