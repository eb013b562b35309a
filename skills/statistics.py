"""Numbers about success: intervals of a rate, and how good predicted probabilities are. Plain numpy, exact."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike


def wilson(successes: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval of a rate (95 % by default); (0, 1) without trials."""
    if n == 0:
        return 0.0, 1.0
    rate, zz = successes / n, z * z / n
    centre = (rate + zz / 2) / (1 + zz)
    half = z / (1 + zz) * math.sqrt(rate * (1 - rate) / n + zz / (4 * n))
    low = 0.0 if successes == 0 else max(centre - half, 0.0)
    high = 1.0 if successes == n else min(centre + half, 1.0)
    return low, high


def brier(probability: ArrayLike, outcome: ArrayLike) -> float:
    """Mean squared error of probabilities [B] against outcomes 0/1 [B]."""
    p, y = np.asarray(probability, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    return float(np.mean((p - y) ** 2))


def auroc(score: ArrayLike, outcome: ArrayLike) -> float:
    """Probability that a success [B] scores above a failure, ties half (Mann-Whitney U); NaN with one class only."""
    s, y = np.asarray(score, dtype=np.float64), np.asarray(outcome).astype(bool)
    positives, negatives = int(y.sum()), int((~y).sum())
    if positives == 0 or negatives == 0:
        return float("nan")
    _, tie, counts = np.unique(s, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[tie]  # mean rank of each tie group, from 1
    u = ranks[y].sum() - positives * (positives + 1) / 2
    return float(u / (positives * negatives))


def calibration_error(probability: ArrayLike, outcome: ArrayLike, bins: int = 15) -> float:
    """Expected calibration error over `bins` bins of equal mass."""
    p, y = np.asarray(probability, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    if len(p) == 0:
        return float("nan")
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(sum(len(part) * abs(p[part].mean() - y[part].mean()) for part in parts) / len(p))
