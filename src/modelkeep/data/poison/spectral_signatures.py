"""Spectral signatures: rows far out along the main directions of their class.

Not for tables: their classes fall into natural islands, and rules find more there.

Sources: Tran, Li and Madry, "Spectral signatures in backdoor attacks", NeurIPS 2018; the
tails are judged by ``rule_groups``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from modelkeep.data.poison.clusters import directions
from modelkeep.data.poison.interface import LEAST, Context, Detector, Scores
from modelkeep.data.poison.rule_groups import judge_candidates, spread
from modelkeep.data.poison.rule_search import Candidate

_DIRECTIONS: Final = 8
_TAILS: Final = (0.003, 0.01, 0.03)  # of all rows
_WHOLE: Final = 0.05  # what the plain signature counts where no tail stands out


def run(context: Context) -> Scores:
    """Score rows by their squared place along the first direction, and by judged tails."""
    plain = np.zeros(len(context))
    found: list[Candidate] = []
    for label in range(len(context.classes)):
        rows = np.flatnonzero(context.targets == label)
        if len(rows) < 2 * LEAST:
            continue
        along = directions(context.hidden[rows], _DIRECTIONS)
        first = np.square(along[:, 0])
        plain[rows] = first / (np.quantile(first, 0.99) + 1e-9)
        found.extend(_tails(along, rows, label, len(context)))
    groups = judge_candidates(context, found)
    values = spread(context, groups) + _WHOLE * np.minimum(plain, 1)
    return Scores(values, "far out along a main direction of its class", groups)


def _tails(along: np.ndarray, rows: np.ndarray, label: int, n: int) -> Iterator[Candidate]:
    for direction in along.T:
        order = np.argsort(direction, kind="stable")
        for share in _TAILS:
            size = max(LEAST, int(share * n))
            if size <= len(rows) // 2:
                yield Candidate(None, label, np.sort(rows[order[:size]]), within_class=True)
                yield Candidate(None, label, np.sort(rows[order[-size:]]), within_class=True)


DETECTOR: Final = Detector(
    "POI102", "spectral-signatures", "trigger", run, frozenset({"image", "text"})
)
