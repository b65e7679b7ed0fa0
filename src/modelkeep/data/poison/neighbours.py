"""The nearest rows of each row, by blocks, so that no matrix of all pairs is held."""

from __future__ import annotations

from typing import Final

import numpy as np

_BLOCK: Final = 1024


def nearest(features: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Places and squared distances of the nearest other rows, each ``(n, count)``, ordered.

    Args:
        features: shape ``(n, d)``.
        count: how many; fewer where there are fewer rows.
    """
    squares = np.square(features).sum(axis=1)
    count = min(count, len(features) - 1)
    places, apart = [], []
    for first in range(0, len(features), _BLOCK):
        part = features[first : first + _BLOCK]
        found = squares[None] + squares[first : first + _BLOCK, None] - 2 * part @ features.T
        found[np.arange(len(part)), np.arange(first, first + len(part))] = np.inf
        close = np.argpartition(found, count - 1, axis=1)[:, :count]
        distances = np.take_along_axis(found, close, axis=1)
        order = np.argsort(distances, axis=1, kind="stable")
        places.append(np.take_along_axis(close, order, axis=1))
        apart.append(np.maximum(np.take_along_axis(distances, order, axis=1), 0))
    return np.concatenate(places), np.concatenate(apart)
