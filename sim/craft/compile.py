"""One decorator for every piece of the kernel: Numba on the CPU, plain Python under `NUMBA_DISABLE_JIT=1` (its slow twin)."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import config, njit
from numba.core.errors import NumbaExperimentalFeatureWarning

# `chance` draws from any record that begins with `rng`: Numba compiles it once for the shortest and says so each time
warnings.filterwarnings("ignore", category=NumbaExperimentalFeatureWarning)  # pytest: see pyproject.toml
COMPILED = not getattr(config, "DISABLE_JIT")  # noqa: B009
F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile scalar code for one environment; division by zero and bounds follow NumPy, not Python."""
    made: Any = njit(cache=True, error_model="numpy", nogil=True)(function)
    return made


def parallel(function: F) -> F:
    """Compile a loop over environments that runs on every core."""
    made: Any = njit(cache=True, error_model="numpy", nogil=True, parallel=True)(function)
    return made


def drop_stale_cache() -> None:
    """Forget compiled code when any source of this folder changed: Numba's own check sees only one file at a time."""
    here = Path(__file__).parent
    sources = b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))
    digest = hashlib.sha256(sources).hexdigest()
    stamp = here / "__pycache__" / "kernel.sha256"
    try:
        if stamp.exists() and stamp.read_text() == digest:
            return
        for folder in (here, here.parents[1] / "skills"):  # whose features are compiled against this folder's constants
            for path in [*folder.glob("__pycache__/*.nbi"), *folder.glob("__pycache__/*.nbc")]:
                path.unlink(missing_ok=True)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(digest)
    except OSError:
        pass  # a read-only installation keeps its cache elsewhere


drop_stale_cache()
