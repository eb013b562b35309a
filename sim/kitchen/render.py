"""Pictures of a kitchen: the whole room from a corner, and the robot's work from beside its hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.kitchen.layout import MOUNT

SCENE_EYE, SCENE_TARGET = (2.3, -3.1, 3.6), (-0.15, 0.25, 0.45)
LIGHT = (2.0, -3.0, 5.0)


def scene_view(simulation: Any, width: int, height: int) -> np.ndarray:
    """u8 [H, W, 3]: the kitchen as a visitor sees it."""
    return _picture(simulation, SCENE_EYE, SCENE_TARGET, 46.0, width, height, shadow=True)


def work_view(simulation: Any, width: int, height: int) -> np.ndarray:
    """u8 [H, W, 3]: what is in front of the robot, from over its shoulder."""
    x, y, yaw = simulation.base
    c, s = np.cos(yaw), np.sin(yaw)

    def world(forward: float, lateral: float, up: float) -> tuple[float, float, float]:
        return float(x + c * forward - s * lateral), float(y + s * forward + c * lateral), MOUNT + up

    return _picture(simulation, world(-0.25, 0.75, 0.75), world(0.50, 0.0, 0.05), 55.0, width, height, shadow=False)


def _picture(simulation: Any, eye: Any, target: Any, angle: float, width: int, height: int, shadow: bool) -> np.ndarray:
    p = simulation.client
    view = p.computeViewMatrix(eye, target, (0, 0, 1))
    projection = p.computeProjectionMatrixFOV(angle, width / height, 0.05, 12.0)
    image = p.getCameraImage(
        width, height, view, projection, lightDirection=LIGHT, shadow=int(shadow), renderer=p.ER_TINY_RENDERER,
        lightAmbientCoeff=0.62, lightDiffuseCoeff=0.48, lightSpecularCoeff=0.12, flags=p.ER_NO_SEGMENTATION_MASK,
    )[2]  # fmt: skip
    return np.asarray(image, dtype=np.uint8).reshape(height, width, 4)[..., :3]
