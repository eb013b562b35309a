"""Pictures of a kitchen with its objects named: the whole room from a corner, and the robot's work from over its shoulder.

PyBullet's TinyRenderer draws them on the processor. With SAYCRAFT_EGL=1 its EGL plugin does (a GPU, or Mesa), which is
faster from 640 x 480 on; where the plugin does not load, TinyRenderer draws all the same.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sim.kitchen.layout import MOUNT
from sim.kitchen.objects import SLOTS
from sim.kitchen.quiet import quiet

SCENE_EYE, SCENE_TARGET = (2.4, -3.3, 3.7), (-0.05, -0.05, 0.35)
LIGHT = (2.0, -3.0, 5.0)
NEAR = 1.6  # metres from the robot within which the work view names things
INK, PAPER = (20, 24, 30), (255, 255, 255, 190)


def scene_view(simulation: Any, width: int, height: int) -> np.ndarray:
    """u8 [H, W, 3]: the kitchen as a visitor sees it."""
    return _picture(simulation, SCENE_EYE, SCENE_TARGET, 48.0, width, height, shadow=True, reach=np.inf)


def work_view(simulation: Any, width: int, height: int) -> np.ndarray:
    """u8 [H, W, 3]: what is in front of the robot."""
    x, y, yaw = simulation.base
    c, s = np.cos(yaw), np.sin(yaw)

    def world(forward: float, lateral: float, up: float) -> tuple[float, float, float]:
        return float(x + c * forward - s * lateral), float(y + s * forward + c * lateral), MOUNT + up

    eye, target = world(-0.25, 0.75, 0.75), world(0.50, 0.0, 0.05)
    return _picture(simulation, eye, target, 55.0, width, height, shadow=False, reach=NEAR)


def _picture(simulation: Any, eye: Any, target: Any, angle: float, width: int, height: int, shadow: bool,
             reach: float) -> np.ndarray:  # fmt: skip
    p = simulation.client
    view = p.computeViewMatrix(eye, target, (0, 0, 1))
    projection = p.computeProjectionMatrixFOV(angle, width / height, 0.05, 12.0)
    image = p.getCameraImage(
        width, height, view, projection, lightDirection=LIGHT, shadow=int(shadow), renderer=simulation.renderer,
        lightAmbientCoeff=0.62, lightDiffuseCoeff=0.48, lightSpecularCoeff=0.12, flags=p.ER_NO_SEGMENTATION_MASK,
    )[2]  # fmt: skip
    pixels = np.asarray(image, dtype=np.uint8).reshape(height, width, 4)[..., :3]
    matrix = np.reshape(projection, (4, 4)).T @ np.reshape(view, (4, 4)).T
    return _named(simulation, pixels, matrix, reach)


def _named(simulation: Any, pixels: np.ndarray, matrix: np.ndarray, reach: float) -> np.ndarray:
    """The picture with each object's name below it; names that would cover another move down."""
    height, width = pixels.shape[:2]
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    draw = ImageDraw.Draw(picture, "RGBA")
    font = ImageFont.load_default(size=max(height // 34, 8))
    taken: list[tuple[float, float, float, float]] = []
    for slot in sorted(simulation.present):
        position = simulation.client.getBasePositionAndOrientation(simulation.bodies[slot])[0]
        low = (position[0], position[1], position[2] - SLOTS[slot][0].half[2], 1.0)
        x, y, _, w = matrix @ np.array(low)
        if w <= 0 or max(abs(x / w), abs(y / w)) > 1 or np.hypot(*(position[:2] - simulation.base[:2])) > reach:
            continue
        at = ((x / w + 1) / 2 * width, (1 - y / w) / 2 * height + 2)
        box = draw.textbbox(at, SLOTS[slot][0].name, font=font, anchor="ma")
        while any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
            at = (at[0], at[1] + 2)
            box = draw.textbbox(at, SLOTS[slot][0].name, font=font, anchor="ma")
        taken.append(box)
        draw.rectangle((box[0] - 2, box[1] - 1, box[2] + 2, box[3] + 1), fill=PAPER)
        draw.text(at, SLOTS[slot][0].name, font=font, fill=INK, anchor="ma")
    return np.asarray(picture)


def choose_renderer(client: Any) -> int:
    """What draws for a client; to be asked before anything is loaded, for the plugin draws only what comes after it."""
    plugin = find_spec("eglRenderer") if os.environ.get("SAYCRAFT_EGL") == "1" else None
    if plugin is not None and plugin.origin:
        with quiet():
            if client.loadPlugin(plugin.origin, "_eglRendererPlugin") >= 0:
                return int(client.ER_BULLET_HARDWARE_OPENGL)
    return int(client.ER_TINY_RENDERER)
