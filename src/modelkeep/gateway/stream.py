"""What is remembered of one principal's stream: a fixed amount, whatever they send.

The guards that look at streams see features and scores of each query that is not an exact
repeat. Rows are reduced by one fixed random projection, so that a principal costs a few
kilobytes and a distance a microsecond, whatever a row's size.

Source: Johnson and Lindenstrauss 1984 (distances survive a random projection).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np

DIMENSIONS: Final = 32
_SEED: Final = 20241
_STIFFEST: Final = 0.03  # share of the usual spread that a column has at least
_MOST_PRINCIPALS: Final = 10_000
State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Projection:
    """A fixed map of rows to ``DIMENSIONS`` numbers.

    Attributes:
        center: mean of honest rows, ``(features,)``.
        scale: spread of honest rows, ``(features,)``.
        matrix: ``(features, DIMENSIONS)``; ``None`` where a row is short enough as it is.
    """

    center: np.ndarray
    scale: np.ndarray
    matrix: np.ndarray | None

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Project ``(rows, features)`` to ``(rows, dimensions)``, float32."""
        scaled = (rows - self.center) / self.scale
        return np.asarray(scaled if self.matrix is None else scaled @ self.matrix)


def fit_projection(rows: np.ndarray) -> Projection:
    """The projection of a model's honest rows ``(rows, features)``."""
    center = rows.mean(axis=0).astype(np.float32)
    spread = rows.std(axis=0)
    moving = spread[spread > 0]
    usual = float(np.median(moving)) if moving.size else 1.0
    # Half-way, in logarithms, to the usual spread: columns have units of their own, and one
    # that hardly ever moved must not drown all others when it does.
    scale = np.sqrt(np.maximum(spread, usual * _STIFFEST) * usual).astype(np.float32)
    return Projection(center, scale, _matrix(rows.shape[1]))


def plain_projection(features: int) -> Projection:
    """A projection that keeps distances as they are, whatever honest rows are like."""
    ones = np.ones(features, np.float32)
    return Projection(0 * ones, ones, _matrix(features))


def _matrix(features: int) -> np.ndarray | None:
    if features <= DIMENSIONS:
        return None
    random = np.random.default_rng(_SEED)
    matrix = random.normal(size=(features, DIMENSIONS)) / np.sqrt(DIMENSIONS)
    return np.asarray(matrix, dtype=np.float32)


class Streams(Generic[State]):
    """A state per principal, for as many principals as fit; the longest unseen goes first."""

    def __init__(self, make: type[State], most: int = _MOST_PRINCIPALS) -> None:
        self._make = make
        self._most = most
        self._states: OrderedDict[str, State] = OrderedDict()

    def of(self, principal: str) -> State:
        """The principal's state, made where there is none."""
        state = self._states.get(principal)
        if state is None:
            state = self._states[principal] = self._make()
            if len(self._states) > self._most:
                self._states.popitem(last=False)
        else:
            self._states.move_to_end(principal)
        return state
