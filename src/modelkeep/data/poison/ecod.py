"""Outliers by the tails of each column, and which column is guilty.

The rarity of a row is the sum over columns of the negative logarithm of the tail its
value lies in: the left, the right, and the one the column is skewed to; the greatest of
the three sums counts.

Sources: Li et al., "ECOD: unsupervised outlier detection using empirical cumulative
distribution functions", TKDE 2022.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.data.poison.interface import Context, Detector, Scores
from modelkeep.data.poison.shapes import columns_of


def run(context: Context) -> Scores:
    """Score rows by the sum of their columns' rarities."""
    _, values = columns_of(context.data, context.features)
    left, right, skewed = rarities(values)
    sums = [part.sum(axis=1) for part in (left, right, skewed)]
    return Scores(np.maximum.reduce(sums), "rare values, summed over the columns")


def rarities(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Negative log tails of every cell, each ``(n, columns)``: left, right, by skewness."""
    n = len(values)
    ordered = np.sort(values, axis=0)
    left, right = np.empty_like(values), np.empty_like(values)
    for index in range(values.shape[1]):
        column = values[:, index]
        below = np.searchsorted(ordered[:, index], column, side="right") / n
        above = 1 - np.searchsorted(ordered[:, index], column, side="left") / n
        left[:, index], right[:, index] = -np.log(below), -np.log(above)
    centred = values - values.mean(axis=0)
    skewness = (centred**3).mean(axis=0)
    return left, right, np.where(skewness < 0, left, right)


def guilty_columns(context: Context, row: int, most: int = 3) -> tuple[tuple[str, float], ...]:
    """The columns that make a row an outlier, guiltiest first, each with its rarity in nats.

    Of two columns in equally rare tails the one that lies further out, in quartile
    ranges, is the guiltier.
    """
    names, values = columns_of(context.data, context.features)
    left, right, _ = rarities(values)
    cell = np.maximum(left, right)[row]
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
    spread = np.where(high > low, high - low, values.std(axis=0) + 1e-9)
    far = np.abs(values[row] - middle) / spread
    order = np.lexsort((-far, -np.round(cell, 1)))[:most]
    return tuple((names[index], float(cell[index])) for index in order)


DETECTOR: Final = Detector("POI201", "ecod", "outlier", run)
