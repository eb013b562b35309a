"""One decorator for every piece of the kernel: Numba on the CPU, plain Python under `NUMBA_DISABLE_JIT=1` (its slow twin)."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock
from numba import config, njit
from numba.core.caching import IndexDataCacheFile
from numba.core.errors import NumbaExperimentalFeatureWarning

# `chance` draws from any record that begins with `rng`: Numba compiles it once for the shortest and says so each time
warnings.filterwarnings("ignore", category=NumbaExperimentalFeatureWarning)  # pytest: see pyproject.toml
COMPILED = not getattr(config, "DISABLE_JIT")  # noqa: B009
F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile scalar code for one environment; division by zero and bounds follow NumPy, not Python."""
    return _lock_caches(njit(cache=True, error_model="numpy", nogil=True)(function))


def parallel(function: F) -> F:
    """Compile a loop over environments that runs on every core."""
    return _lock_caches(njit(cache=True, error_model="numpy", nogil=True, parallel=True)(function))


class _LockedCacheFile(IndexDataCacheFile):
    """Numba's cache file, saved under a lock: two processes that compile at once would give two things one name."""

    def save(self, key: Any, data: Any) -> None:
        """Add compiled code to the index."""
        try:
            with FileLock(f"{self._index_path}.lock"):
                super().save(key, data)
        except OSError:
            super().save(key, data)  # where no lock can be made


def _lock_caches(function: Any) -> Any:
    """Let a compiled function save under the lock."""
    cache_file = getattr(getattr(function, "_cache", None), "_cache_file", None)
    if type(cache_file) is IndexDataCacheFile:
        cache_file.__class__ = _LockedCacheFile
    return function


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
