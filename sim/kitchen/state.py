"""What the kitchen shows of N environments: one set of arrays with a leading batch axis, shared between processes."""

from __future__ import annotations

from multiprocessing.shared_memory import SharedMemory

import numpy as np

from sim.kitchen.objects import SLOTS

NOTHING = -1  # a finger that touches no object
FIELDS: dict[str, tuple[tuple[int, ...], type]] = {
    "base": ((3,), np.float32),  # x, y, yaw in the world
    "hand": ((4,), np.float32),  # between the finger tips: forward, lateral, up from the arm's foot; yaw
    "hand_speed": ((3,), np.float32),  # m/s in the same frame
    "width": ((), np.float32),  # between the fingers, m
    "touch": ((2,), np.int32),  # slot that each finger touches, or NOTHING
    "resting": ((), np.bool_),  # whether what is held touches anything but the fingers
    "grip": ((), np.int32),  # control steps for which both fingers have held one lifted object
    "present": ((len(SLOTS),), np.bool_),  # which objects are in the scene
    "position": ((len(SLOTS), 3), np.float32),  # in the world
    "quaternion": ((len(SLOTS), 4), np.float32),  # x, y, z, w
    "velocity": ((len(SLOTS), 3), np.float32),  # m/s
    "drawer": ((), np.float32),  # how far it is open, m
    "opened": ((), np.bool_),  # whether the drawer counts as open
    "visited": ((6,), np.int32),  # arrivals at each place since the start
    "ticks": ((), np.int32),  # control steps since the start
}
Arrays = dict[str, np.ndarray]


def allocate(num_envs: int) -> Arrays:
    """Arrays of one process."""
    return {name: np.zeros((num_envs, *shape), dtype) for name, (shape, dtype) in FIELDS.items()}


def size(num_envs: int) -> int:
    """Bytes that `view` needs."""
    return sum(_aligned(num_envs, shape, dtype) for shape, dtype in FIELDS.values())


def view(memory: SharedMemory, num_envs: int) -> Arrays:
    """The same arrays in shared memory."""
    out, start = {}, 0
    for name, (shape, dtype) in FIELDS.items():
        out[name] = np.ndarray((num_envs, *shape), dtype, memory.buf, start)
        start += _aligned(num_envs, shape, dtype)
    return out


def _aligned(num_envs: int, shape: tuple[int, ...], dtype: type) -> int:
    count = num_envs * int(np.prod(shape, dtype=np.int64))
    return -(-count * np.dtype(dtype).itemsize // 64) * 64
