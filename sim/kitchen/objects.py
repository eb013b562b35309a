"""The sixteen things of the kitchen: shape, size, mass, friction and colour. All fit a gripper that opens 8 cm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

Colour = tuple[float, float, float]
SILVER: Colour = (0.78, 0.79, 0.81)


@dataclass(frozen=True)
class Thing:
    """One kind of object; sizes in metres, mass in kilograms."""

    name: str
    shape: Literal["cylinder", "sphere", "box"]
    size: tuple[float, float, float]  # along x, y, z when it stands as it should
    mass: float
    colour: Colour
    accent: Colour = SILVER  # lid, stalk or stripe
    friction: float = 0.9
    stands: bool = True  # whether it can fall over, so that standing upright matters

    @property
    def half(self) -> tuple[float, float, float]:
        """Half extents."""
        x, y, z = self.size
        return x / 2, y / 2, z / 2

    @property
    def turns(self) -> bool:
        """Whether the gripper must turn with it: only boxes have sides."""
        return self.shape == "box"


def _can(name: str, colour: Colour, accent: Colour = SILVER) -> Thing:
    return Thing(name, "cylinder", (0.062, 0.062, 0.12), 0.35, colour, accent)


def _bag(name: str, colour: Colour, accent: Colour) -> Thing:
    return Thing(name, "box", (0.044, 0.12, 0.16), 0.08, colour, accent)


THINGS = (
    _can("coke", (0.78, 0.07, 0.10), (0.95, 0.95, 0.95)),
    _can("pepsi", (0.06, 0.20, 0.62), (0.90, 0.92, 0.96)),
    _can("7up", (0.10, 0.58, 0.24), (0.93, 0.85, 0.20)),
    _can("lime soda", (0.66, 0.86, 0.30), (0.20, 0.50, 0.15)),
    _can("grapefruit soda", (0.95, 0.48, 0.46), (0.98, 0.85, 0.75)),
    Thing("redbull", "cylinder", (0.052, 0.052, 0.13), 0.27, (0.25, 0.35, 0.66), (0.85, 0.86, 0.90)),
    Thing("water bottle", "cylinder", (0.064, 0.064, 0.20), 0.50, (0.60, 0.80, 0.93), (0.15, 0.40, 0.75)),
    Thing("tea", "cylinder", (0.064, 0.064, 0.18), 0.45, (0.72, 0.45, 0.16), (0.24, 0.45, 0.20)),
    Thing("apple", "sphere", (0.070, 0.070, 0.070), 0.18, (0.80, 0.13, 0.13), (0.35, 0.22, 0.10), stands=False),
    Thing("orange", "sphere", (0.072, 0.072, 0.072), 0.20, (0.96, 0.55, 0.10), (0.20, 0.45, 0.15), stands=False),
    Thing("banana", "box", (0.036, 0.17, 0.036), 0.12, (0.97, 0.85, 0.25), (0.45, 0.33, 0.12), stands=False),
    _bag("multigrain chips", (0.62, 0.40, 0.20), (0.95, 0.88, 0.70)),
    _bag("jalapeno chips", (0.17, 0.48, 0.20), (0.93, 0.90, 0.35)),
    _bag("rice chips", (0.92, 0.90, 0.84), (0.75, 0.20, 0.22)),
    Thing("energy bar", "box", (0.034, 0.10, 0.024), 0.06, (0.88, 0.62, 0.12), (0.35, 0.16, 0.10), stands=False),
    Thing("sponge", "box", (0.060, 0.10, 0.036), 0.03, (0.97, 0.88, 0.30), (0.25, 0.55, 0.35), stands=False),
)  # fmt: skip
KINDS = {thing.name: k for k, thing in enumerate(THINGS)}
COPIES = 3  # of each kind that a scene can hold
SLOTS = tuple((thing, copy) for thing in THINGS for copy in range(COPIES))


class Catalogue:
    """The things as arrays over slots; slot = kind * COPIES + copy."""

    @cached_property
    def kind(self) -> np.ndarray:
        """int [S]: position in `THINGS`."""
        return np.repeat(np.arange(len(THINGS)), COPIES)

    @cached_property
    def half(self) -> np.ndarray:
        """float [S, 3]: half extents."""
        return np.array([thing.half for thing, _ in SLOTS])

    @cached_property
    def sphere(self) -> np.ndarray:
        """bool [S]."""
        return np.array([thing.shape == "sphere" for thing, _ in SLOTS])

    @cached_property
    def box(self) -> np.ndarray:
        """bool [S]: whether the gripper must turn with it."""
        return np.array([thing.turns for thing, _ in SLOTS])

    @cached_property
    def stands(self) -> np.ndarray:
        """bool [S]: whether it can fall over."""
        return np.array([thing.stands for thing, _ in SLOTS])


CATALOGUE = Catalogue()
