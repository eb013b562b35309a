"""How long one call takes: the median of several, waiting for the GPU where there is one."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch


@torch.no_grad()
def median_seconds(work: Callable[[], object], seconds: float, device: torch.device, least: int = 1) -> float:
    """Median of at least `least` calls within about `seconds`, after one to warm up."""
    work()
    spent: list[float] = []
    while len(spent) < least or sum(spent) < seconds:
        _wait(device)
        began = time.perf_counter()
        work()
        _wait(device)
        spent.append(time.perf_counter() - began)
    return sorted(spent)[len(spent) // 2]


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
