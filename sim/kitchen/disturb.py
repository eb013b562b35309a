"""What may go wrong in a kitchen on purpose, so that one can see whether the robot notices.

Each kind happens at most once an episode, at a moment and to an object drawn from the episode's seed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

KINDS = {
    "object moves": "while the robot drives, an object that it does not hold is put somewhere else",
    "object taken": "while the robot drives, a person takes an object away for good",
    "grasp slips": "the fingers let go of what they hold just as it is lifted",
    "drawer sticks": "the drawer does not give way for the first three seconds of pulling",
}
DRIVEN, HELD = (4, 14), (1, 3)  # control steps of driving, and of holding, at which it may happen
STUCK = 36  # control steps at the drawer


@dataclass
class Disturbances:
    """When what will happen in one episode; a kind that has happened is taken off `due`."""

    due: set[str]
    rng: np.random.Generator
    driven: int = 0
    at: dict[str, int] = field(default_factory=dict)

    @classmethod
    def plan(cls, kinds: tuple[str, ...], seed: int) -> Disturbances:
        """Draw the moments."""
        rng = np.random.default_rng([seed, 5])
        out = cls(set(kinds), rng)
        for kind, (low, high) in {"object moves": DRIVEN, "object taken": DRIVEN, "grasp slips": HELD}.items():
            out.at[kind] = int(rng.integers(low, high))
        return out

    def while_driving(self) -> list[str]:
        """Called once per control step that moves the base; what happens now."""
        self.driven += 1
        return [kind for kind in ("object moves", "object taken") if kind in self.due and self.driven == self.at[kind]]

    def slips(self, grip: int) -> bool:
        """Whether a grip that has lasted for so many control steps fails now."""
        return "grasp slips" in self.due and grip >= self.at["grasp slips"]

    def choose(self, options: list[int]) -> int | None:
        """One of the slots that may be moved or taken."""
        return int(self.rng.choice(options)) if options else None
