"""Intervals and the quality of probabilities, against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from skills.statistics import auroc, brier, calibration_error, wilson


def test_wilson_gives_the_published_intervals() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    np.testing.assert_allclose(wilson(81, 263), (0.2553, 0.3662), atol=1e-4)  # Newcombe 1998, table I, method 3
    np.testing.assert_allclose(wilson(15, 148), (0.0624, 0.1605), atol=1e-4)
    np.testing.assert_allclose(wilson(0, 20), (0.0, 0.1611), atol=1e-4)
    np.testing.assert_allclose(wilson(29, 29), (0.8830, 1.0), atol=1e-4)


def test_brier_by_hand() -> None:
    assert brier([1.0, 0.0, 0.5, 0.5], [1, 0, 1, 0]) == pytest.approx(0.125)


def test_auroc_by_hand_and_against_all_pairs() -> None:
    assert auroc([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]) == 1.0
    assert auroc([0.9, 0.1], [0, 1]) == 0.0
    assert auroc([0.3] * 6, [0, 1, 0, 1, 1, 0]) == 0.5
    assert math.isnan(auroc([0.3, 0.4], [1, 1]))
    rng = np.random.default_rng(0)
    score, outcome = rng.integers(6, size=200) / 5, rng.random(200) < 0.3
    pairs = [(a > b) + 0.5 * (a == b) for a in score[outcome] for b in score[~outcome]]
    assert auroc(score, outcome) == pytest.approx(np.mean(pairs))


def test_calibration_error_by_hand() -> None:
    assert calibration_error([0.2] * 10, [1, 1] + [0] * 8, bins=1) == pytest.approx(0.0)
    assert calibration_error([0.0] * 5 + [1.0] * 5, [0] * 5 + [1] * 5, bins=2) == 0.0
    assert calibration_error([0.1] * 5 + [0.9] * 5, [0] * 5 + [1] * 5, bins=2) == pytest.approx(0.1)
    assert calibration_error([0.5, 0.5], [1, 1], bins=15) == pytest.approx(0.5)  # fewer episodes than bins
    assert math.isnan(calibration_error([], []))
    rng = np.random.default_rng(1)
    p = rng.random(50_000)
    assert calibration_error(p, rng.random(50_000) < p) < 0.02
