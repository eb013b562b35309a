"""The demos run, with tiny sizes."""

from __future__ import annotations

from demos import compare_planners, make_something


def test_make_something(tmp_path):
    page = tmp_path / "r.html"
    assert make_something.main(page=str(page), symbolic=True).success and page.exists()


def test_compare_planners():
    lengths = compare_planners.main(most=3)
    assert all(0 < b <= a for a, b in zip(lengths["plan4mc"], lengths["hybrid"], strict=True))
