"""A model of the labels that can leave any rows out without being trained again.

Backdoor rows agree with what other models say of them, because those learned the trigger
from the other rows of the backdoor. What gives them away is a model that saw *none* of
them. Training one per suspected group is too slow to try hundreds of groups; ridge
regression of the one-hot labels does it in closed form. With the hat matrix ``H`` and the
residuals ``r``, what the model trained without rows ``g`` would miss them by is

    e_g = (I - H_gg)^-1 r_g

exactly, for a group of any size.

Sources: Cook and Weisberg, "Residuals and Influence in Regression", 1982, section 3.2
(deletion of several cases); Rifkin, Yeo and Poggio, "Regularized least-squares
classification", 2003; Golub, Heath and Wahba 1979 for the choice of the ridge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

_RIDGES: Final = (0.03, 0.3, 3.0)
_OF_WIDE: Final = (0.3, 3.0)
_WIDE: Final = 1000  # features; above, fewer ridges are tried
_MOST: Final = 600  # rows left out by the exact formula at once


@dataclass(frozen=True, slots=True)
class Smoother:
    """Ridge regression of one-hot labels.

    Attributes:
        features: shape ``(n, d)``.
        targets: one-hot labels, ``(n, classes)``.
        projected: ``features`` times the inverse of their ridged Gram matrix, ``(n, d)``;
            row ``i`` times ``features[j]`` is the hat matrix at ``(i, j)``.
        fitted: what the model says of its own rows, ``(n, classes)``.
        left_one_out: what it would say of each had it not seen it, ``(n, classes)``.
    """

    features: np.ndarray
    targets: np.ndarray
    projected: np.ndarray
    fitted: np.ndarray
    left_one_out: np.ndarray

    def left_out(self, rows: np.ndarray) -> np.ndarray:
        """What the model trained without all of ``rows`` says of them, ``(rows, classes)``.

        Of more than a few hundred rows, a part stands for all: the part is told as if
        the others were left out as well, by training again.
        """
        if len(rows) > _MOST:
            return self._trained_again(rows)
        hat = self.projected[rows] @ self.features[rows].T
        missed = np.linalg.solve(
            np.eye(len(rows)) * (1 + 1e-6) - hat, self.targets[rows] - self.fitted[rows]
        )
        return np.asarray(self.targets[rows] - missed)

    def _trained_again(self, rows: np.ndarray) -> np.ndarray:
        rest = np.ones(len(self.features), dtype=bool)
        rest[rows] = False
        weights = _weights(self.features[rest], self.targets[rest], _RIDGES[1])
        return np.asarray(self.features[rows] @ weights)


def fit_smoother(features: np.ndarray, targets: np.ndarray) -> Smoother:
    """Fit the ridge that errs least on rows left out one by one.

    Args:
        features: float32, shape ``(n, d)``.
        targets: one-hot, shape ``(n, classes)``.
    """
    gram = features.T @ features
    ridges = _RIDGES if features.shape[1] <= _WIDE else _OF_WIDE
    tried = (_fit(features, targets, gram, ridge) for ridge in ridges)
    return min(tried, key=lambda made: float(np.square(targets - made.left_one_out).mean()))


def _fit(features: np.ndarray, targets: np.ndarray, gram: np.ndarray, ridge: float) -> Smoother:
    inverse = np.linalg.inv(gram + ridge * np.eye(len(gram), dtype=gram.dtype))
    projected = features @ inverse
    fitted = projected @ (features.T @ targets)
    leverage = np.minimum(np.einsum("ij,ij->i", projected, features), 0.999)
    left_one_out = targets - (targets - fitted) / (1 - leverage)[:, None]
    return Smoother(features, targets, projected, fitted, left_one_out)


def _weights(features: np.ndarray, targets: np.ndarray, ridge: float) -> np.ndarray:
    gram = features.T @ features
    solved = np.linalg.solve(
        gram + ridge * np.eye(len(gram), dtype=gram.dtype), features.T @ targets
    )
    return np.asarray(solved)
