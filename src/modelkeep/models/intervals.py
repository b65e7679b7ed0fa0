"""Intervals: exact for shares, bootstrap for areas.

Sources: Clopper and Pearson, Biometrika 1934; Efron and Tibshirani 1993
(percentile bootstrap); Mann and Whitney 1947 (AUC as a rank statistic).
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv
from scipy.stats import rankdata

LEVEL = 0.95


def clopper_pearson(hits: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Exact interval of a share of ``hits`` in ``n`` trials."""
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, n - hits + 1, tail))
    high = 1.0 if hits == n else float(betaincinv(hits + 1, n - hits, 1 - tail))
    return low, high


def auc(positives: np.ndarray, negatives: np.ndarray) -> float:
    """Chance that a positive scores above a negative, ties counting half."""
    n, m = len(positives), len(negatives)
    ranks = rankdata(np.concatenate([positives, negatives]))
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def auc_interval(
    positives: np.ndarray, negatives: np.ndarray, *, seed: int, draws: int = 400
) -> tuple[float, float, float]:
    """AUC with its percentile bootstrap interval: value, low, high.

    Both groups are drawn anew, each at its own size.
    """
    rng = np.random.default_rng(seed)
    values = [
        auc(rng.choice(positives, len(positives)), rng.choice(negatives, len(negatives)))
        for _ in range(draws)
    ]
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    value = auc(positives, negatives)
    return value, min(float(low), value), max(float(high), value)
