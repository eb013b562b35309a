"""Random numbers inside the kernel: one xorshift generator per environment (Marsaglia 2003, "Xorshift RNGs", triple 13-17-5).

The state lives with the environment, so a batch of N draws what N single worlds draw.
"""

from __future__ import annotations

import numpy as np

from sim.craft.compile import compiled

_MASK = 0xFFFFFFFF


@compiled
def uniform(e):
    """Next float in [0, 1) of an environment's generator."""
    s = e.rng
    s ^= (s << 13) & _MASK
    s ^= s >> 17
    s ^= (s << 5) & _MASK
    e.rng = s
    return s / 4294967296.0


@compiled
def integer(e, low, high):
    """Next integer in low..high, both included."""
    return low + int(uniform(e) * (high - low + 1))


def scramble(seeds: np.ndarray) -> np.ndarray:
    """Well-mixed, non-zero 32-bit generator states from any integers: int64 [N] (splitmix64's finaliser)."""
    with np.errstate(over="ignore"):
        z = seeds.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return np.maximum((z >> np.uint64(32)).astype(np.int64), 1)
