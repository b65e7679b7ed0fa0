"""Images as one plane of pixels, small enough for a covariance of all of them.

A pattern laid over an image, be it a patch, a sine or noise, is a fixed vector in this
plane. What tells it from what images hold by themselves is the covariance of the rows of
other classes: natural images vary along few smooth directions, and whitening by it makes
everything else loud.

Sources: Tang et al., "Demon in the variant", USENIX Security 2021, who whiten the
features of a network so; here pixels are, and the class itself is left out.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.linalg import solve_triangular

_PIXELS: Final = 1024
_RIDGE: Final = 1e-3  # variance of a pixel that never varies, of a range of [0, 1]


def flatten(rows: np.ndarray) -> np.ndarray:
    """Images ``(n, channels, height, width)`` as ``(n, pixels)``, float64.

    Of large images the mean of the channels, and of larger ones the mean of small squares.
    """
    plane = rows.astype(np.float64)
    if plane[0].size > _PIXELS:
        plane = plane.mean(axis=1, keepdims=True)
    step = int(np.ceil(np.sqrt(plane[0].size / _PIXELS)))
    if step > 1:
        down, across = (side // step * step for side in plane.shape[2:])
        cut = plane[:, :, :down, :across]
        shape = (len(cut), cut.shape[1], down // step, step, across // step, step)
        plane = cut.reshape(shape).mean(axis=(3, 5))
    return np.asarray(plane.reshape(len(plane), -1))


def whitening(flat: np.ndarray, targets: np.ndarray, place: int) -> np.ndarray:
    """Lower Cholesky factor of the covariance within all classes but one.

    Args:
        flat: all rows, shape ``(n, pixels)``.
        targets: class of each, ``(n,)``.
        place: the class left out; others must have rows.
    """
    rest, kinds = flat[targets != place], targets[targets != place]
    within = rest.copy()
    for kind in np.unique(kinds):
        within[kinds == kind] -= rest[kinds == kind].mean(axis=0)
    covariance = within.T @ within / len(within)
    covariance[np.diag_indices_from(covariance)] += _RIDGE
    return np.asarray(np.linalg.cholesky(covariance))


def whiten(lower: np.ndarray, around: np.ndarray) -> np.ndarray:
    """Rows ``(n, pixels)`` around some middle, in deviations."""
    return np.asarray(solve_triangular(lower, around.T, lower=True).T)


def matched_filter(lower: np.ndarray, white: np.ndarray) -> np.ndarray:
    """What to multiply pixels by to tell best how much of a whitened pattern they hold."""
    return np.asarray(solve_triangular(lower.T, white, lower=False))
