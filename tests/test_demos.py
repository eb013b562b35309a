"""The demos run, with tiny sizes."""

from __future__ import annotations

import pytest

from demos import compare_planners, kitchen_errand, make_something, minedojo_task
from sim.minedojo import package


def test_make_something(tmp_path):
    page = tmp_path / "r.html"
    assert make_something.main(page=str(page), symbolic=True).success and page.exists()


def test_kitchen_errand(tmp_path):
    page = tmp_path / "r.html"
    trace = kitchen_errand.main(page=str(page), pictures=False)
    assert trace.success and page.exists() and (trace.facts.get("coke_at_user") or trace.facts.get("7up_at_user"))


@pytest.mark.skipif(bool(package.missing()), reason=f"needs {package.INSTALL}")
def test_minedojo_task():
    assert minedojo_task.main("harvest_1_dirt").success


def test_compare_planners():
    lengths = compare_planners.main(most=3)
    assert all(0 < b <= a for a, b in zip(lengths["plan4mc"], lengths["hybrid"], strict=True))
