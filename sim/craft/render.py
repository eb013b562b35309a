"""Pictures of the craft world: what the agents see and a map from above, many environments at once.

A picture never changes the world.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from sim.craft.grid import SIZE
from sim.craft.minimap import draw_maps, draw_markers
from sim.craft.overlay import overlay
from sim.craft.raycast import draw_views
from sim.craft.scene import gather, shipped_look, shipped_mob_shapes
from sim.world import UserError

EnvIds = Sequence[int] | np.ndarray | torch.Tensor
__all__ = ["first_person", "overlay", "top_down"]


def first_person(
    world: Any, env_ids: EnvIds, width: int = 160, height: int = 120, fov: float = 70.0, samples: int = 1
) -> np.ndarray:
    """What the agents of environments `env_ids` see: u8 [n, height, width, 3].

    `world` is a CraftWorld or its state; `fov` is the vertical angle in degrees; `samples`^2 rays are averaged
    per pixel (2 gives smooth edges).
    """
    if width < 1 or height < 1 or samples < 1 or not 1 <= fov <= 170:
        raise UserError(f"picture of {width} x {height}, fov {fov}, samples {samples}: expected sizes >= 1, fov 1..170")
    scene = gather(world, env_ids)
    out = np.zeros((len(scene.blocks), height, width, 3), np.uint8)
    draw_views(scene, shipped_look(), shipped_mob_shapes(), math.tan(math.radians(fov) / 2), samples, out)
    return out


def top_down(world: Any, env_ids: EnvIds, size: int = 256) -> np.ndarray:
    """Maps of the surface, up = north (-z), with mobs as dots and the agent as an arrow: u8 [n, size, size, 3].

    `size` is rounded down to a multiple of 64 (k pixels a block).
    """
    if size < SIZE:
        raise UserError(f"map of {size} pixels: expected at least {SIZE}, one per block")
    scale = size // SIZE
    scene = gather(world, env_ids)
    out = np.zeros((len(scene.blocks), SIZE * scale, SIZE * scale, 3), np.uint8)
    draw_maps(scene, shipped_look(), scale, out)
    draw_markers(scene, shipped_mob_shapes(), scale, out)
    return out
