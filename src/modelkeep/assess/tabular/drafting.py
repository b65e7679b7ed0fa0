"""Constraints drafted from data: what holds for every row is taken for a rule.

Kinds, ranges, one-hot groups and sums of two columns can be seen in data. What an attacker
cannot change, and which way a column can move, cannot: a person adds that to the file.
"""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np

from modelkeep.assess.tabular.constraints import ColumnRule, Constraints, Kind, OneHot, Sum
from modelkeep.models import Dataset

_WIDEST: Final = 64  # columns of a one-hot group
_SUMMED: Final = 40  # most numeric columns among which sums are looked for
_CLOSE: Final = 1e-5  # of a column's range: float32 sums are not exact
_ROWS: Final = 2000  # rows on which sums are tried first


def draft_constraints(data: Dataset) -> Constraints:
    """Rules that hold for every row of a table."""
    rows = data.rows.astype(np.float64)
    whole = (rows == np.round(rows)).all(axis=0)
    rules = {}
    for index, column in enumerate(data.columns):
        kind: Kind = "integer" if whole[index] else "numeric"
        low, high = float(rows[:, index].min()), float(rows[:, index].max())
        rules[column.name] = ColumnRule("categorical" if column.categories else kind, low, high)
    names = [column.name for column in data.columns]
    groups = tuple(OneHot(tuple(names[i] for i in run)) for run in _one_hot(rows, data.numeric))
    taken = {name for group in groups for name in group.columns}
    free = [i for i, n in enumerate(names) if data.numeric[i] and n not in taken]
    sums = tuple(
        Sum(names[total], tuple(names[part] for part in parts))
        for total, parts in _sums(rows, free)
    )
    return Constraints(rules, groups, sums)


def _one_hot(rows: np.ndarray, numeric: np.ndarray) -> list[range]:
    """Runs of neighbouring columns of zeros and ones that sum to 1 in every row."""
    binary = np.isin(rows, (0.0, 1.0)).all(axis=0) & (np.ptp(rows, axis=0) > 0) & numeric
    found, at = [], 0
    while at < rows.shape[1]:
        total = np.zeros(len(rows))
        for end in range(at, min(at + _WIDEST, rows.shape[1])):
            if not binary[end]:
                break
            total += rows[:, end]
            if (total > 1).any():
                break
            if end > at and (total == 1).all():
                found.append(range(at, end + 1))
                break
        at = found[-1].stop if found and found[-1].start == at else at + 1
    return found


def _sums(rows: np.ndarray, free: list[int]) -> list[tuple[int, tuple[int, int]]]:
    """Columns that are the sum of two others; each column plays one part only."""
    found: list[tuple[int, tuple[int, int]]] = []
    used: set[int] = set()
    varied = [i for i in free if np.ptp(rows[:, i]) > 0]
    if len(varied) > _SUMMED:
        return []
    for total, (one, other) in itertools.product(varied, itertools.combinations(varied, 2)):
        if total in (one, other) or used & {total, one, other}:
            continue
        slack = _CLOSE * np.ptp(rows[:, total])
        for part in (rows[:_ROWS], rows):
            if (np.abs(part[:, one] + part[:, other] - part[:, total]) > slack).any():
                break
        else:
            found.append((total, (one, other)))
            used |= {total, one, other}
    return found
