"""The same kernel on a GPU: Numba compiles `step_one` and `observe` for CUDA, one thread per environment.

The records live in a torch tensor uint8 [N, itemsize] on the device; `field` shows any of their fields without a copy.
Episodes are started on the CPU (`CraftWorld.reset`) and copied over. The kernel compiles for a device (`ptx`, tested), but has not
run on one yet: `python -m benchmarks.gpu` is the first thing to do where there is one (it compares with the CPU, then measures).
"""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import torch

from sim.craft.kernel import step_one
from sim.craft.senses import observe
from sim.craft.world import CraftWorld
from sim.world import UserError

THREADS = 64  # per block


def _make_kernel() -> Any:
    from numba import cuda

    @cuda.jit
    def step_all(envs, tables, senses, actions, ticks, hostile, rays, voxels):
        i = cuda.grid(1)  # type: ignore[call-arg, var-annotated]
        if i < envs.shape[0]:
            step_one(envs[i], tables[0], actions[i, 0], actions[i, 1], actions[i, 2], ticks, hostile)
            observe(envs[i], tables[0], senses[i], rays, voxels)

    return step_all


def ptx(world: CraftWorld, compute_capability: tuple[int, int]) -> str:
    """The kernel in a device's assembly, for a world of this one's settings; Numba wants a device, or a stand-in."""
    from numba import cuda, typeof, types

    c = world.config
    options = [typeof(option) for option in (c.hostile, c.sense_rays, c.sense_voxels)]
    records = [typeof(part) for part in (world.records, world.tables, world._senses)]
    signature = (*records, types.int64[:, ::1], types.int64, *options)
    text, _ = cuda.compile_ptx(_make_kernel().py_func, signature, cc=compute_capability)
    return str(text)


class CraftOnGPU:
    """`copies` times the environments of a CPU world, stepped on a CUDA device. Raises `UserError` without one."""

    def __init__(self, world: CraftWorld, copies: int = 1):
        if not torch.cuda.is_available():
            raise UserError("stepping the craft world on a GPU needs a CUDA device; this machine has none")
        if importlib.util.find_spec("numba_cuda") is None:
            raise UserError("stepping the craft world on a GPU needs numba-cuda; pip install 'saycraft[gpu]'")
        from numba import cuda

        self.config, self.num_envs = world.config, world.num_envs * copies
        self._dtypes = {"state": world.records.dtype, "senses": world._senses.dtype}
        self.memory = {"state": _copy(world.records, copies), "senses": _copy(world._senses, copies)}
        self._state, self._senses = (self._records(cuda, name) for name in ("state", "senses"))
        self._tables = cuda.to_device(world.tables)
        self._kernel = _make_kernel()

    def step(self, actions: torch.Tensor) -> None:
        """Hold actions int64 [N, 3] (on the device) for `config.ticks` game ticks."""
        from numba import cuda

        c = self.config
        blocks = -(-self.num_envs // THREADS)
        self._kernel[blocks, THREADS](self._state, self._tables, self._senses, cuda.as_cuda_array(actions), c.ticks,
                                      c.hostile, c.sense_rays, c.sense_voxels)  # fmt: skip

    def field(self, part: str, name: str) -> torch.Tensor:
        """A field of "state" or "senses" as a tensor [N, ...] on the records' own memory."""
        fields: Any = self._dtypes[part].fields
        dtype, offset = fields[name][:2]
        base, shape = dtype.subdtype or (dtype, ())
        size = base.itemsize * int(np.prod(shape, dtype=int))
        kind = torch.from_numpy(np.zeros(1, {"u2": "i2"}.get(base.str[1:], base.str))).dtype
        return self.memory[part][:, offset : offset + size].view(kind).reshape(self.num_envs, *shape)

    def _records(self, cuda: Any, part: str) -> Any:
        raw = cuda.as_cuda_array(self.memory[part])
        return raw.view(self._dtypes[part]).reshape(self.num_envs)


def _copy(records: np.ndarray, copies: int) -> torch.Tensor:
    raw = torch.from_numpy(np.asarray(records).view(np.uint8).reshape(len(records), -1))
    return raw.cuda().repeat(copies, 1)
