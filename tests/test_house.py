"""The house: each room resolves inside this repository, and imports run one way only."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("sim", "skills", "planner", "agents", "demos")
ABOVE = {"saycraft", "benchmarks", "tests"}


@pytest.mark.parametrize("room", [*ROOMS, "benchmarks", "saycraft"])
def test_each_room_resolves_inside_the_repository(room):
    spec = importlib.util.find_spec(room)
    found = Path(str(spec and spec.origin)).resolve()
    assert found.is_relative_to(ROOT), f"'{room}' is taken by a foreign package at {found}; uninstall it"


def imported_rooms(path: Path) -> set[str]:
    """The top-level names that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_one_way(room):
    forbidden = set(ROOMS[ROOMS.index(room) + 1 :]) | ABOVE
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for name in sorted(imported_rooms(path) & forbidden)
    ]
    assert not wrong, f"imports run only {' <- '.join(ROOMS)}: {'; '.join(wrong)}"


def test_every_package_is_declared():
    if sys.version_info >= (3, 11):
        import tomllib

        declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
        there = {
            ".".join(p.parent.relative_to(ROOT).parts) for room in ROOMS for p in (ROOT / room).rglob("__init__.py")
        }
        assert there <= set(declared), f"pyproject.toml lacks {there - set(declared)}"
