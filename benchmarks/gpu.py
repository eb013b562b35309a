"""Speed of the craft world on a CUDA device, and that it steps as the CPU does.

python -m benchmarks.gpu
"""

from __future__ import annotations

import json
import time

import numpy as np
import torch

from sim.craft.gpu import CraftOnGPU
from sim.craft.state import WorldConfig
from sim.craft.world import CraftWorld


def agreement(num_envs: int = 256, steps: int = 50) -> dict[str, float]:
    """The same actions on both: share of equal inventories, block grids, and positions within 1 cm."""
    world = CraftWorld(num_envs, config=WorldConfig())
    world.reset(seed=0)
    gpu = CraftOnGPU(world)
    rng = np.random.default_rng(0)
    for _ in range(steps):
        actions = np.stack([rng.integers(0, 12, num_envs), rng.choice([0, 1, 3], num_envs), np.zeros(num_envs, int)], 1)
        world.step(torch.from_numpy(actions))
        gpu.step(torch.from_numpy(actions).cuda())
    blocks = (gpu.field("state", "blocks").cpu() == world.state.blocks).all(1).float().mean()
    items = (gpu.field("state", "inventory").cpu() == world.state.inventory).all(1).float().mean()
    near = ((gpu.field("state", "x").cpu().flatten() - world.state.x).abs() < 0.01).float().mean()
    return {"blocks": float(blocks), "inventory": float(items), "position": float(near)}


def rows(num_envs: tuple[int, ...] = (4096, 32768, 131072, 262144), seconds: float = 3.0) -> list[dict]:
    """One row per batch size and action length."""
    found = []
    for ticks in (1, 4):
        world = CraftWorld(4096, config=WorldConfig(ticks=ticks))
        world.reset(seed=0)
        for n in num_envs:
            gpu = CraftOnGPU(world, n // 4096)
            draw = torch.Generator("cuda").manual_seed(0)
            chosen = torch.tensor([0, 1, 3], device="cuda")
            batches = [torch.stack([torch.randint(0, 12, (n,), device="cuda", generator=draw),
                                    chosen[torch.randint(0, 3, (n,), device="cuda", generator=draw)],
                                    torch.zeros(n, dtype=torch.int64, device="cuda")], 1)
                       for _ in range(8)]  # fmt: skip
            for actions in batches:
                gpu.step(actions)
            torch.cuda.synchronize()
            began, k = time.perf_counter(), 0
            while time.perf_counter() - began < seconds:
                for actions in batches:
                    gpu.step(actions)
                torch.cuda.synchronize()
                k += len(batches)
            spent = time.perf_counter() - began
            found.append({"world": "craft (cuda)", "num_envs": n, "ticks": ticks, "steps_per_s": k * n / spent})
            print(json.dumps(found[-1]), flush=True)
            del gpu
            torch.cuda.empty_cache()
    return found


if __name__ == "__main__":
    print(json.dumps(agreement()))
    rows()
