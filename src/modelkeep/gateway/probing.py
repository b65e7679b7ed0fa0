"""Searches for the boundary: bisection on a line, and walks in small steps along it.

Attacks that see only answers halve the distance between two rows of different classes, or
step around one row and look whether the class changes. Honest clients do neither: three
queries on one line with the middle one between the others, or a query much closer to its
predecessor than honest rows are to one another, are rare, and many in a row are a search.

The distance that counts as close comes from honest rows. Everything is per principal.

Sources: Brendel et al. 2018 (boundary attack); Chen et al. 2020 (HopSkipJump); Li et al.
2022 (Blacklight: near-duplicates in query streams).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from modelkeep.core import Severity
from modelkeep.gateway.alarm_rules import PROBING
from modelkeep.gateway.alarms import Alarms
from modelkeep.gateway.interface import ALLOW, Answer, Call, Ruling
from modelkeep.gateway.output_check import flat_features
from modelkeep.gateway.stream import Projection, Streams

_LAST: Final = 8  # queries a new one is compared with
_SIGNS: Final = 6  # of the last sixteen queries; fewer are chance
_OF: Final = 16
_STRAIGHT: Final = 1e-3  # share by which a detour over the middle may be longer


@dataclass(slots=True)
class _Trail:
    last: deque[np.ndarray] = field(default_factory=lambda: deque(maxlen=_LAST))
    signs: deque[bool] = field(default_factory=lambda: deque(maxlen=_OF))


class Probing:
    """Counts the signs of a search in a principal's last queries.

    Attributes:
        close: distance below which two projected rows are close, from honest rows.
    """

    name = "probing"

    def __init__(self, project: Projection, close: float, alarms: Alarms) -> None:
        self._project = project
        self.close = close
        self._alarms = alarms
        self._trails: Streams[_Trail] = Streams(_Trail)

    def before(self, call: Call) -> Ruling:
        """Look at the new rows of a call."""
        trail = self._trails.of(call.principal.id)
        rows = self._project(flat_features(call))
        new = np.flatnonzero(call.fresh) if call.fresh is not None else range(call.rows)
        found = False
        for index in new:
            trail.signs.append(self._is_sign(rows[index], trail))
            trail.last.append(rows[index])
            found |= sum(trail.signs) >= _SIGNS
        if not found:
            return ALLOW
        says = f"{sum(trail.signs)} of the last {len(trail.signs)} queries search a boundary"
        self._alarms.ring(PROBING, Severity.HIGH, call.model, call.principal.id, says)
        return Ruling("step-up", PROBING.id, "the stream searches a boundary")

    def after(self, call: Call, answer: Answer) -> Ruling:
        """An answer changes nothing."""
        del call, answer
        return ALLOW

    def _is_sign(self, row: np.ndarray, trail: _Trail) -> bool:
        if len(trail.last) == 0:
            return False
        others = np.stack(trail.last)
        away = np.sqrt(((others - row) ** 2).sum(axis=1))
        if away.min() < self.close:
            return True
        between = np.sqrt(((others[:, None] - others[None]) ** 2).sum(axis=2))
        detour = away[:, None] + away[None]
        straight = (between > self.close) & (detour <= between * (1 + _STRAIGHT))
        return bool(straight.any())
