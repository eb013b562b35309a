"""One kitchen as a plain Gymnasium environment, for those who bring their own learner."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

from sim.kitchen.facts import fact_names, read_facts
from sim.kitchen.scene import Scene
from sim.kitchen.simulation import CONTROL_HZ, Simulation
from sim.kitchen.state import allocate
from sim.kitchen.world import action_space, observation_space


class KitchenEnv(gym.Env):
    """`options["start"]` of `reset` sets the scene; `goal` (alternatives over facts) gives reward 1 and the end."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": CONTROL_HZ}  # noqa: RUF012

    def __init__(self, goal: list[dict[str, int]] | None = None, render_mode: str | None = None):
        self.goal, self.render_mode = goal or [], render_mode
        self.observation_space, self.action_space = observation_space(), action_space()
        self.names = fact_names()
        self._simulation = Simulation()
        self._state = allocate(1)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], dict]:
        """A fresh scene; without a `start` some objects lie about."""
        super().reset(seed=seed)
        start = (options or {}).get("start")
        scene = start if isinstance(start, Scene) else Scene.parse(DEFAULT_START if start is None else start)
        self._simulation.reset(scene, int(self.np_random.integers(2**31)))
        return self._observe(), {"facts": self.facts()}

    def step(self, action: Any) -> tuple[dict[str, Any], float, bool, bool, dict]:
        """One control step."""
        self._simulation.step(np.asarray(action))
        observation, facts = self._observe(), self.facts()
        reached = any(
            all(facts.get(f, 0) >= n if n else not facts.get(f, 0) for f, n in way.items()) for way in self.goal
        )
        return observation, float(reached), reached, False, {"facts": facts}

    def facts(self) -> dict[str, int]:
        """Those that are not zero."""
        return {name: int(n) for name, n in zip(self.names, read_facts(self._state)[0], strict=True) if n}

    def render(self) -> Any:
        """u8 [360, 480, 3]."""
        from sim.kitchen.render import scene_view

        return scene_view(self._simulation, 480, 360) if self.render_mode else None

    def close(self) -> None:
        """Free the physics."""
        self._simulation.close()

    def _observe(self) -> dict[str, Any]:
        self._simulation.read(self._state, 0)
        return {
            name: array[0].copy() if array.ndim > 1 else np.asarray(array[0]) for name, array in self._state.items()
        }


DEFAULT_START = {
    "objects": [["coke", "table"], ["apple", "close counter"], ["sponge", "far counter"], ["tea", "drawer"]]
}
