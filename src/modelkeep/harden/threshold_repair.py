"""Thresholds by group: answer the positive class equally often to those it is true of.

A model that learned from labels that were wrong for one group, or from too few rows of it, is
less sure of the positive class there. On a third of the test rows, whose labels must be right,
every group gets the threshold that a share of its positives reaches, the same share for all;
of all shares that with the most right answers is taken. The weights stay; everything is
measured on the other rows. What a threshold cannot mend is an order of rows that is wrong.

Source: Hardt, Price and Srebro, NeurIPS 2016 (equal opportunity by thresholds on a score).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from modelkeep.assess import Context
from modelkeep.assess.fairness import LEAST, groups_of
from modelkeep.core import InputError
from modelkeep.harden.interface import Defence, Effort
from modelkeep.harden.wrapping import SUFFIX, base_of, why_not_wrappable, wrapped
from modelkeep.models import Dataset, Model
from modelkeep.models.wrappers import GroupThresholds

_BINARY: Final = 2
_ASKED: Final = 64  # rows that show how many classes the model knows
_SHARES: Final = np.linspace(0.01, 0.99, 99)
_EDGE: Final = 1e-6  # thresholds stay this far from 0 and 1
_CAUTION: Final = (
    "it decides by the group itself, which the law of some uses forbids, and it is only as "
    "right as the labels it was fitted on"
)


def applies(context: Context) -> str | None:
    """It needs a column of groups among the inputs, two classes, and a graph.

    Raises:
        InputError: there is no such column, or it has one group only.
    """
    data = context.test
    if not context.group:
        return "no column of groups was named (--group COLUMN)"
    if data is None or data.kind != "tabular":
        return "no test rows of a table were given (--test FILE)"
    cuts_of(data, context.group)
    reason = why_not_wrappable(context)
    if reason is not None:
        return reason
    classes = context.predict(data.rows[:_ASKED]).shape[1]
    if classes != _BINARY:
        return f"a threshold stands between two classes, the model knows {classes}"
    return None


def cuts_of(data: Dataset, column: str) -> tuple[float, ...]:
    """Where the column passes from one group to the next, float32 numbers.

    Raises:
        InputError: no such column, it holds texts, or it has one group only.
    """
    groups = groups_of(data, column)
    values = data.rows[:, [found.name for found in data.columns].index(column)]
    ends = [(values[group.rows].min(), values[group.rows].max()) for group in groups]
    if len(ends) < _BINARY:
        raise InputError(
            f"{data.subject.name}: column {column!r} has one group only",
            "Name another column with --group, or give more test rows.",
        )
    between = (
        (np.float32((float(left) + float(right)) / 2), left, right)
        for (_, left), (right, _) in pairwise(ends)
    )
    return tuple(float(cut if cut > left else right) for cut, left, right in between)


def thresholds_of(
    positive: np.ndarray, truth: np.ndarray, groups: Sequence[np.ndarray]
) -> tuple[float, ...]:
    """A threshold for each group, reached by the same share of its positives.

    Args:
        positive: probability of the second class, shape ``(n,)``.
        truth: right classes, shape ``(n,)`` of 0 and 1.
        groups: places of each group's rows; each with positives.
    """
    best, most = (0.5,) * len(groups), -1
    for share in _SHARES:
        found = tuple(
            _reached(positive[rows], positive[rows[truth[rows] == 1]], share) for rows in groups
        )
        right = sum(
            int(((positive[rows] >= threshold) == (truth[rows] == 1)).sum())
            for rows, threshold in zip(groups, found, strict=True)
        )
        if right > most:
            best, most = found, right
    return best


def _reached(scores: np.ndarray, positives: np.ndarray, share: float) -> float:
    """A threshold that this share of the positives reaches, halfway to the next score."""
    ranked = np.sort(positives)[::-1]
    last = ranked[int(np.ceil(share * len(ranked))) - 1]
    lower = scores[scores < last].max(initial=0.0)
    return float(np.clip((last + lower) / 2, _EDGE, 1 - _EDGE))


def run(context: Context, _effort: Effort) -> Model:
    """The model with thresholds fitted on the test rows given here.

    Raises:
        InputError: a group has too few positive rows, or nothing can be drawn around the model.
    """
    data = context.test
    if data is None:
        raise InputError("thresholds are fitted on test rows", "Add --test FILE.")
    cuts = cuts_of(data, context.group)
    groups, truth = groups_of(data, context.group), context.truth(data)
    for group in groups:
        count = int((truth[group.rows] == 1).sum())
        if count < LEAST:
            raise InputError(
                f"{data.subject.name}: {group.name} has {count} rows of class "
                f"{context.model.classes[1]!r} to fit a threshold on; {LEAST} are needed",
                "Give more test rows, or name a column of fewer groups.",
            )
    positive = context.predict(data.rows)[:, 1]
    found = thresholds_of(positive, truth, [group.rows for group in groups])
    column = [each.name for each in data.columns].index(context.group)
    wrapper = GroupThresholds(column, cuts, found)
    return wrapped((base_of(context, context.model),), wrapper)


DEFENCE: Final = Defence(
    "HRD012",
    "threshold-repair",
    "bias",
    applies,
    run,
    _CAUTION,
    suffix=SUFFIX,
    calibrates=True,
)
