"""Files that are either whole or not there: written aside, flushed to the disk, then renamed."""

from __future__ import annotations

import io
import os
import pickle
import random
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

KEEP = 2  # checkpoints of a run


def write_atomic(path: Path, data: bytes) -> None:
    """Replace `path` by `data`, so that a reader meets the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(aside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def save_checkpoint(folder: Path, number: int, state: dict[str, Any]) -> Path:
    """Write `state` (tensors and plain values) as checkpoint `number`; older ones beyond `KEEP` are removed."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    path = folder / f"checkpoint-{number:07d}.pt"
    write_atomic(path, buffer.getvalue())
    for old in checkpoints(folder)[:-KEEP]:
        old.unlink(missing_ok=True)
    return path


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a run, oldest first; files that were being written when a run died are not among them."""
    return sorted(p for p in folder.glob("checkpoint-*.pt") if re.fullmatch(r"checkpoint-\d+\.pt", p.name))


def load_checkpoint(folder: Path, device: torch.device | str = "cpu") -> dict[str, Any] | None:
    """The newest checkpoint that reads whole, or None; a broken one is skipped with a warning."""
    for path in reversed(checkpoints(folder)):
        try:
            return torch.load(path, map_location=device, weights_only=True)
        except (OSError, EOFError, RuntimeError, ValueError, KeyError, pickle.UnpicklingError, zipfile.BadZipFile) as e:
            warnings.warn(f"{path} is broken and was skipped ({type(e).__name__})", stacklevel=2)
    return None


def random_state() -> dict[str, Any]:
    """The states of the global generators of Python, numpy and torch."""
    name, keys, *rest = np.random.get_state(legacy=True)
    numpy_state = [name, torch.from_numpy(np.asarray(keys).astype(np.int64)), *rest]
    return {"python": random.getstate(), "torch": torch.get_rng_state(), "numpy": numpy_state}


def set_random_state(state: dict[str, Any]) -> None:
    """Set what `random_state` gave."""
    random.setstate(state["python"])
    torch.set_rng_state(state["torch"].cpu())
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
