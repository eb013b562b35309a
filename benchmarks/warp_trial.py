"""NVIDIA Warp against Numba on the CPU: one prototype step (a move, then 54 rays of 3-D DDA) in both.

The measurement behind docs/kernel-choice.md. Run `python benchmarks/warp_trial.py` in an environment with
`warp-lang` and `numba`; `NUMBA_NUM_THREADS=1` gives Numba's figure for one thread.
"""

# mypy: disable-error-code="import-not-found,no-untyped-def,valid-type"
from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba as nb
import numpy as np
import warp as wp

SIZE_Y = 48
CELLS = 64 * 64 * SIZE_Y
RAYS = 54  # 9 columns x 6 rows, 15 degrees apart
REACH = 32.0  # blocks


@nb.njit(inline="always")
def cell(x: int, y: int, z: int) -> int:
    """Index of a block in a column-major world that is periodic in x and z."""
    return ((x & 63) * 64 + (z & 63)) * SIZE_Y + y


@nb.njit(fastmath=True)
def cast(blocks: np.ndarray, x: float, y: float, z: float, dx: float, dy: float, dz: float) -> tuple[int, float]:
    """First block that is not air along a ray, and its distance (Amanatides and Woo, 1987)."""
    ix, iy, iz = math.floor(x), math.floor(y), math.floor(z)
    sx, sy, sz = (1 if dx > 0 else -1), (1 if dy > 0 else -1), (1 if dz > 0 else -1)
    ex, ey, ez = 1 / max(abs(dx), 1e-6), 1 / max(abs(dy), 1e-6), 1 / max(abs(dz), 1e-6)
    tx = ((ix + 1 - x) if dx > 0 else (x - ix)) * ex
    ty = ((iy + 1 - y) if dy > 0 else (y - iy)) * ey
    tz = ((iz + 1 - z) if dz > 0 else (z - iz)) * ez
    t = 0.0
    while t < REACH and 0 <= iy < SIZE_Y:
        block = blocks[cell(ix, iy, iz)]
        if block != 0:
            return block, t
        if tx < ty and tx < tz:
            t, tx, ix = tx, tx + ex, ix + sx
        elif ty < tz:
            t, ty, iy = ty, ty + ey, iy + sy
        else:
            t, tz, iz = tz, tz + ez, iz + sz
    return 0, REACH


@nb.njit(parallel=True, fastmath=True)
def numba_step(blocks: np.ndarray, pose: np.ndarray, action: np.ndarray, hit: np.ndarray, distance: np.ndarray) -> None:
    """One step of all environments: pose [N, 4] is x, y, z, yaw in radians."""
    for n in nb.prange(len(pose)):
        if action[n] == 0:
            pose[n, 3] += 0.2618
        else:
            x, z = pose[n, 0] - 0.2 * math.sin(pose[n, 3]), pose[n, 2] + 0.2 * math.cos(pose[n, 3])
            if blocks[n, cell(math.floor(x), int(pose[n, 1]), math.floor(z))] == 0:
                pose[n, 0], pose[n, 2] = x, z
        for r in range(RAYS):
            yaw, pitch = pose[n, 3] + (r % 9 - 4) * 0.2618, (r // 9 - 2.5) * 0.2618
            dx, dy, dz = -math.sin(yaw) * math.cos(pitch), -math.sin(pitch), math.cos(yaw) * math.cos(pitch)
            hit[n, r], distance[n, r] = cast(blocks[n], pose[n, 0], pose[n, 1], pose[n, 2], dx, dy, dz)


@wp.func
def warp_cell(x: int, y: int, z: int) -> int:
    return ((x & 63) * 64 + (z & 63)) * 48 + y


@wp.kernel(enable_backward=False)
def warp_step(
    blocks: wp.array2d(dtype=wp.uint8),
    pose: wp.array2d(dtype=float),
    action: wp.array(dtype=int),
    hit: wp.array2d(dtype=wp.uint8),
    distance: wp.array2d(dtype=float),
):
    n = wp.tid()
    if action[n] == 0:
        pose[n, 3] = pose[n, 3] + 0.2618
    else:
        nx = pose[n, 0] - 0.2 * wp.sin(pose[n, 3])
        nz = pose[n, 2] + 0.2 * wp.cos(pose[n, 3])
        if blocks[n, warp_cell(int(wp.floor(nx)), int(pose[n, 1]), int(wp.floor(nz)))] == wp.uint8(0):
            pose[n, 0] = nx
            pose[n, 2] = nz
    x, y, z = pose[n, 0], pose[n, 1], pose[n, 2]
    for r in range(54):
        yaw = pose[n, 3] + float(r % 9 - 4) * 0.2618
        pitch = (float(r // 9) - 2.5) * 0.2618
        dx = -wp.sin(yaw) * wp.cos(pitch)
        dy = -wp.sin(pitch)
        dz = wp.cos(yaw) * wp.cos(pitch)
        ix = int(wp.floor(x))
        iy = int(wp.floor(y))
        iz = int(wp.floor(z))
        sx = wp.where(dx > 0.0, 1, -1)
        sy = wp.where(dy > 0.0, 1, -1)
        sz = wp.where(dz > 0.0, 1, -1)
        ex = 1.0 / wp.max(wp.abs(dx), 1.0e-6)
        ey = 1.0 / wp.max(wp.abs(dy), 1.0e-6)
        ez = 1.0 / wp.max(wp.abs(dz), 1.0e-6)
        tx = wp.where(dx > 0.0, float(ix) + 1.0 - x, x - float(ix)) * ex
        ty = wp.where(dy > 0.0, float(iy) + 1.0 - y, y - float(iy)) * ey
        tz = wp.where(dz > 0.0, float(iz) + 1.0 - z, z - float(iz)) * ez
        t = float(0.0)  # noqa: UP018 (Warp: a variable, not a constant)
        block = wp.uint8(0)
        while t < 32.0 and iy >= 0 and iy < 48:
            block = blocks[n, warp_cell(ix, iy, iz)]
            if block != wp.uint8(0):
                break
            if tx < ty and tx < tz:
                t = tx
                tx += ex
                ix += sx
            elif ty < tz:
                t = ty
                ty += ey
                iy += sy
            else:
                t = tz
                tz += ez
                iz += sz
        hit[n, r] = block
        distance[n, r] = wp.where(block != wp.uint8(0), t, 32.0)


def arrays(num_envs: int, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Blocks with hills and 1 % of loose blocks, poses above the ground, actions, and the two outputs."""
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(64) * (math.pi / 16))
    height = (24 + 4 * wave[:, None] * wave[None, :]).astype(int)
    ground = np.arange(SIZE_Y)[None, None, :] < height[:, :, None]
    blocks = np.where(ground.reshape(-1), 1, rng.random((num_envs, CELLS), np.float32) < 0.01).astype(np.uint8)
    pose = np.stack([rng.uniform(0, 64, num_envs), np.full(num_envs, 29.6), rng.uniform(0, 64, num_envs),
                     rng.integers(0, 24, num_envs) * 0.2618], 1).astype(np.float32)  # fmt: skip
    action = rng.integers(0, 2, num_envs).astype(np.int32)
    return blocks, pose, action, np.zeros((num_envs, RAYS), np.uint8), np.zeros((num_envs, RAYS), np.float32)


def warp_launch(host: tuple[np.ndarray, ...]) -> None:
    """One step in Warp on NumPy's own memory."""
    wp.launch(warp_step, dim=len(host[0]), inputs=[wp.array(a, device="cpu", copy=False) for a in host], device="cpu")


def measure(step: Callable[[], object], num_envs: int, seconds: float = 2.0) -> tuple[float, float]:
    """Environment steps per second, and CPU seconds used per second of wall time (the threads that worked)."""
    step()
    wall, cpu, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - wall < seconds:
        step()
        count += num_envs
    passed = time.perf_counter() - wall
    return count / passed, (time.process_time() - cpu) / passed


def main(num_envs: int = 1024, repeats: int = 3) -> None:
    """Print how many rays agree, then the median environment steps per second and the threads at work."""
    wp.config.quiet = True
    host = arrays(num_envs)
    device = arrays(num_envs)
    numba_step(*host)
    warp_launch(device)
    same = np.mean((host[3] == device[3]) & (np.abs(host[4] - device[4]) < 1e-2))
    pool = ThreadPoolExecutor(2)
    halves = [tuple(a[part] for a in device) for part in np.split(np.arange(num_envs), 2)]
    candidates: dict[str, Callable[[], object]] = {
        "numba": lambda: numba_step(*host),
        "warp": lambda: warp_launch(device),
        "warp, two Python threads": lambda: list(pool.map(warp_launch, halves)),
    }
    print(f"rays that agree after the first step: {same:.4f}")
    versions = f"numba {nb.__version__} ({nb.get_num_threads()} threads), warp {wp.__version__}"
    print(f"N={num_envs}, {os.cpu_count()} cores, {versions}")
    for name, step in candidates.items():
        runs = sorted(measure(step, num_envs) for _ in range(repeats))
        rate, busy = runs[len(runs) // 2]
        print(f"{name:25} {rate:10,.0f} steps/s   {busy:.2f} threads")


if __name__ == "__main__":
    main()
