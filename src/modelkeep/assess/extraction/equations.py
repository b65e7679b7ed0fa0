"""Solve a linear model from its probabilities: one unknown for each equation asked.

The log-ratio of two class probabilities of a linear model is affine in the row, so d + 1
answers at full precision give every weight; rounding takes the exactness away.

Source: Tramèr et al., USENIX Security 2016 (equation-solving attack).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_LEAST = 1e-9  # a probability answered as zero counts as this


def design_points(rows: np.ndarray) -> np.ndarray:
    """Points whose equations have one solution: the mean row, and one step along each feature.

    Args:
        rows: rows of the kind the model takes, flat, shape ``(n, d)``.

    Returns:
        Shape ``(d + 1, d)`` float32.
    """
    centre, spread = rows.mean(axis=0), rows.std(axis=0)
    step = np.where(spread > 0, spread, 1.0)
    return np.asarray(np.vstack([centre, centre + np.diag(step)]), dtype=np.float32)


def solve_equations(
    points: np.ndarray, answers: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """The linear model that gives these answers.

    Args:
        points: what was asked, shape ``(m, d)``, ``m`` at least ``d + 1``.
        answers: probabilities, shape ``(m, classes)``.

    Returns:
        From flat rows to logits, shape ``(batch, classes)``; that of the first class is 0.
    """
    centre = points.mean(axis=0, dtype=np.float64)
    scale = np.abs(points - centre).max(axis=0) + 1e-12
    logs = np.log(np.clip(answers, _LEAST, None))
    ratios = logs - logs[:, :1]

    def design(rows: np.ndarray) -> np.ndarray:
        return np.hstack([(rows - centre) / scale, np.ones((len(rows), 1))])

    weights, *_ = np.linalg.lstsq(design(points), ratios, rcond=None)
    return lambda rows: np.asarray(design(rows) @ weights)
