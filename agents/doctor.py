"""`saycraft doctor`: what of saycraft works on this machine, and what to install for the rest."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

from sim.minedojo import package


class Finding(NamedTuple):
    """One thing that was looked at; `remedy` is empty where it works."""

    what: str
    works: bool
    found: str
    remedy: str = ""


EXTRAS = {  # extra -> a module that it brings, and what for
    "kitchen": ("pybullet", "the kitchen by physics"),
    "video": ("imageio", "films of episodes"),
    "llm": ("langchain_core", "models of other providers"),
    "language": ("transformers", "Hugging Face models"),
}


def examine() -> list[Finding]:
    """Look at everything; nothing is installed or started."""
    checks: list[Callable[[], Finding]] = [
        _python,
        _torch,
        _craft,
        *(_extra(name) for name in EXTRAS),
        _minedojo,
        _java,
    ]
    return [check() for check in checks]


def _python() -> Finding:
    cores = os.cpu_count() or 1
    return Finding("Python", True, f"{platform.python_version()}, {cores} cores, {platform.system()}")


def _torch() -> Finding:
    import torch

    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no GPU: everything runs on the CPU"
    return Finding("torch", True, f"{torch.__version__}; {device}")


def _craft() -> Finding:
    """The embedded world: its rules load, and its kernel is compiled or can be."""
    from sim.craft import data
    from sim.craft.compile import COMPILED

    known = data.load()
    how = "compiled by Numba" if COMPILED else "interpreted, a thousand times slower: unset NUMBA_DISABLE_JIT"
    return Finding("craft world", COMPILED, f"Minecraft {known.version}, {len(known.item_names) - 1} items; {how}",
                   "" if COMPILED else "unset NUMBA_DISABLE_JIT")  # fmt: skip


def _extra(name: str) -> Callable[[], Finding]:
    module, purpose = EXTRAS[name]

    def check() -> Finding:
        there = find_spec(module) is not None
        return Finding(
            purpose,
            there,
            "installed" if there else f"{module} is missing",
            "" if there else f"pip install -e '.[{name}]'",
        )

    return check


def _minedojo() -> Finding:
    absent = package.missing()
    if absent:
        return Finding("MineDojo's Python", False, f"missing: {', '.join(absent)}", package.INSTALL)
    return Finding("MineDojo's Python", True, "installed; its tasks run on the embedded world")


def _java() -> Finding:
    lack = package.lacks_minecraft()
    remedy = "docs/minedojo.md (a Dockerfile with Java 8 is in docs/minedojo), or --backend embedded" if lack else ""
    return Finding(
        "Minecraft itself", not lack, lack or "Java 8 and a display: its first start builds it, with internet", remedy
    )
