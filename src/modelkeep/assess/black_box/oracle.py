"""A model seen from outside: rows in, answers out, every row counted.

One query is one row sent. Each row under attack has its own budget, and a batch that would
go over it is refused before anything is sent, so that no attack can spend more than the
report says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from modelkeep.core import ModelkeepError

_CHUNK: Final = 16_384  # rows per call
_LEAST: Final = 1e-30  # a probability below this counts as this
_TIED: Final = 1e-12  # how far below zero a tie lies that is answered rightly


class QueryBudgetError(ModelkeepError):
    """An attack asked for more than it may spend; nothing was sent."""

    default_hint = "This is a mistake in the attack: it must ask `affordable` first."


def margins(scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Largest wrong log-probability minus the right one, shape ``(batch,)``.

    It is below zero exactly where the answer is right; a tie may be answered either way.

    Args:
        scores: probabilities, shape ``(batch, classes)``.
        truth: right classes, shape ``(batch,)``.
    """
    logs = np.log(np.clip(scores, _LEAST, None))
    rows = np.arange(len(truth))
    right = logs[rows, truth]
    logs[rows, truth] = -np.inf
    margin = logs.max(axis=1) - right
    answered = scores.argmax(axis=1) == truth
    return np.asarray(np.where(answered, np.minimum(margin, -_TIED), np.maximum(margin, 0.0)))


@dataclass(slots=True)
class Oracle:
    """A model that is asked about ``n`` rows under attack, within a budget for each.

    Attributes:
        predict: from rows ``(batch, *shape)`` to probabilities ``(batch, classes)``.
        shape: of one row.
        truth: right class of each row under attack, shape ``(n,)``.
        each: most queries for one row.
        spent: queries made for each row so far, shape ``(n,)``.
    """

    predict: Callable[[np.ndarray], np.ndarray]
    shape: tuple[int, ...]
    truth: np.ndarray
    each: int
    spent: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.spent = np.zeros(len(self.truth), dtype=np.int64)

    @property
    def queries(self) -> int:
        """Rows sent so far."""
        return int(self.spent.sum())

    def left(self, which: np.ndarray) -> np.ndarray:
        """How many queries each of these rows still has, shape of ``which``."""
        return np.asarray(self.each - self.spent[which])

    def affordable(self, which: np.ndarray, count: int = 1) -> np.ndarray:
        """Those of the rows that can still be asked about ``count`` times."""
        return np.asarray(which[self.left(which) >= count])

    def scores(self, points: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Probabilities of points, shape ``(m, classes)``.

        Args:
            points: flat, shape ``(m, features)``.
            which: the row under attack that each belongs to, shape ``(m,)``; a row may
                come more than once.

        Raises:
            QueryBudgetError: a row has not that many queries left.
        """
        asked = np.bincount(which, minlength=len(self.spent))
        if (self.spent + asked > self.each).any():
            raise QueryBudgetError(f"more than {self.each} queries for one row")
        answers = []
        for at in range(0, len(points), _CHUNK):
            part = points[at : at + _CHUNK]
            self.spent += np.bincount(which[at : at + _CHUNK], minlength=len(self.spent))
            answers.append(self.predict(part.reshape(len(part), *self.shape)))
        return np.concatenate(answers) if answers else np.zeros((0, 0))

    def margins(self, points: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Margin of each point against its row's right class, shape ``(m,)``."""
        if not len(points):
            return np.zeros(0)
        return margins(self.scores(points, which), self.truth[which])

    def wrong(self, points: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Whether each point is answered wrongly: all that labels alone tell."""
        if not len(points):
            return np.zeros(0, dtype=bool)
        return np.asarray(self.scores(points, which).argmax(axis=1) != self.truth[which])


@dataclass(frozen=True, slots=True)
class Found:
    """One point for each row: the best that was visited.

    Attributes:
        points: flat, shape ``(n, features)`` float32.
        broken: whether the model answered it wrongly, shape ``(n,)``.
        margin: how far it is answered wrongly, where scores were read; shape ``(n,)``.
    """

    points: np.ndarray
    broken: np.ndarray
    margin: np.ndarray
