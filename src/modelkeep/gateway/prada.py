"""Synthetic queries: distances between a principal's queries that are too regular.

Attacks that make new queries from old ones by a fixed step (Jacobian augmentation) keep
distances that honest rows do not: the smallest distance of each query to its predecessors
of the same class is then far from normally distributed. Repeats are skipped; they made the
published test name clients that retry.

Memory is bounded here: at most 64 rows and 256 distances a class.

Source: Juuti, Szyller, Marchal and Asokan 2019, "PRADA: Protecting against DNN Model
Stealing Attacks" (growing sets, Shapiro-Wilk test).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from modelkeep.core import Severity
from modelkeep.gateway.alarm_rules import EXTRACTION
from modelkeep.gateway.alarms import Alarms
from modelkeep.gateway.interface import ALLOW, Answer, Call, Ruling
from modelkeep.gateway.output_check import flat_features
from modelkeep.gateway.stream import Projection, Streams
from modelkeep.models import need

DELTA: Final = 0.9  # Shapiro-Wilk statistic below which distances are not honest ones
_ROWS: Final = 64
_DISTANCES: Final = 256
_LEAST: Final = 100  # distances before anything is said
_EVERY: Final = 10  # queries between two tests


@dataclass(slots=True)
class _Grown:
    rows: dict[int, deque[np.ndarray]] = field(default_factory=dict)
    distances: deque[float] = field(default_factory=lambda: deque(maxlen=_DISTANCES))
    queries: int = 0
    alarmed: bool = False


class Prada:
    """Tests each principal's distances every ten new queries."""

    name = "prada"

    def __init__(self, project: Projection, alarms: Alarms) -> None:
        self._project = project
        self._alarms = alarms
        self._grown: Streams[_Grown] = Streams(_Grown)
        self._shapiro = need("scipy.stats", "the test of synthetic queries").shapiro

    def before(self, call: Call) -> Ruling:
        """The class of a query is not known before its answer."""
        del call
        return ALLOW

    def after(self, call: Call, answer: Answer) -> Ruling:
        """Add the new rows of a call; step up where distances are too regular."""
        if not answer.scores:
            return Ruling("not-run", "prada.scores", "there are no scores of classes")
        grown = self._grown.of(call.principal.id)
        labels = answer.outputs[answer.scores].reshape(call.rows, -1).argmax(axis=1)
        rows = self._project(flat_features(call))
        new = np.flatnonzero(call.fresh) if call.fresh is not None else range(call.rows)
        for index in new:
            self._grow(grown, rows[index], int(labels[index]))
        if not grown.alarmed:
            return ALLOW
        says = f"distances between {grown.queries} queries are too regular"
        self._alarms.ring(EXTRACTION, Severity.MEDIUM, call.model, call.principal.id, says)
        return Ruling("step-up", "prada.regular", "distances between queries are too regular")

    def _grow(self, grown: _Grown, row: np.ndarray, label: int) -> None:
        rows = grown.rows.setdefault(label, deque(maxlen=_ROWS))
        if rows:
            grown.distances.append(
                float(np.sqrt(((np.stack(rows) - row) ** 2).sum(axis=1).min()))
            )
        rows.append(row)
        grown.queries += 1
        if grown.queries % _EVERY == 0 and len(grown.distances) >= _LEAST:
            grown.alarmed = self._is_regular(np.array(grown.distances))

    def _is_regular(self, distances: np.ndarray) -> bool:
        spread = distances.std()
        if spread == 0:
            return True
        kept = distances[np.abs(distances - distances.mean()) <= 3 * spread]
        return bool(kept.std() == 0 or self._shapiro(kept).statistic < DELTA)
