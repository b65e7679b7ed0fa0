"""One list per threat family from the detectors of that family.

Tables and texts: how many spreads a row lies beyond the bulk of the rows, added up; what
goes beyond two counts most, so that a detector that sees nothing adds next to nothing.
Images: Fisher's sum of log tail probabilities. Nats of evidence are added as they are.
Averaging ranks is worse than the best detector alone and is not done.

The threshold needs no labels: of a list, the share that may be false alarms is flagged, on
top of the share that the family's groups beyond doubt hold, which counts up to the same
share again. So if every such group were natural, the list would hold twice the stated
share of false alarms, and never more; larger groups are shown as groups.

Sources: Fisher 1932 (combining probabilities); the separation-aware sum is own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.data.poison.interface import Context, Family, Group, Scores
from modelkeep.data.poison.rule_groups import is_beyond_doubt

_BULK: Final = 0.84  # one deviation of a normal distribution
_BEYOND: Final = 2.0
_NAT: Final = 8.0  # deviations that a nat of evidence per row is worth
_BELOW: Final = 0.3  # weight of what does not go beyond
_MOST: Final = 40.0
_TIED: Final = 1.2


@dataclass(frozen=True, slots=True)
class FamilyList:
    """The rows of one threat family.

    Attributes:
        family: which.
        values: fused score, shape ``(n,)``.
        flagged: rows above the threshold, boolean.
        threshold: least score flagged; above it only where too many rows share it.
        expected: the false alarms the threshold was set for, a share.
        detectors: ids of those that ran.
    """

    family: Family
    values: np.ndarray
    flagged: np.ndarray
    threshold: float
    expected: float
    detectors: tuple[str, ...]


def fuse(context: Context, family: Family, found: dict[str, Scores], rate: float) -> FamilyList:
    """Fuse a family's scores and set the threshold for a rate of false alarms.

    Args:
        context: what they were made from.
        family: whose scores these are.
        found: scores by detector id.
        rate: share of clean rows that may be flagged.
    """
    values = np.zeros(len(context))
    for scores in found.values():
        if scores.nats:
            values += np.minimum(_NAT * scores.values, _MOST)
        elif context.data.kind == "image":
            values += _fisher(scores.values)
        else:
            beyond = _deviations(scores.values)
            high = np.maximum(beyond - _BEYOND, 0)
            values += _MOST * np.tanh(high / _MOST) + _BELOW * np.clip(beyond, -3, _BEYOND)
        if not scores.nats:
            values += _of_groups(context, scores.groups)
    sure = np.zeros(len(context), dtype=bool)
    for group in beyond_doubt(group for scores in found.values() for group in scores.groups):
        sure[group.rows] = True
    share = min(float(sure.mean()), rate)
    flag = min(rate * (1 - share) + share, 1.0)
    threshold = float(np.quantile(values, 1 - flag))
    flagged = values >= threshold
    if flagged.mean() > _TIED * flag:  # so many rows share the score that it tells nothing
        flagged = values > threshold
    return FamilyList(family, values, flagged, threshold, rate, tuple(found))


def beyond_doubt(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Groups with enough evidence, altogether and in each row."""
    return tuple(group for group in groups if is_beyond_doubt(group))


def _of_groups(context: Context, groups: Iterable[Group]) -> np.ndarray:
    """What the groups beyond doubt add to the rows they hold: nats per row, scaled."""
    values = np.zeros(len(context))
    for group in beyond_doubt(groups):
        nats = min(_NAT * group.strength / len(group.rows), _MOST)
        values[group.rows] = np.maximum(values[group.rows], nats)
    return values


def _deviations(values: np.ndarray) -> np.ndarray:
    """Spreads beyond the bulk of the rows."""
    middle, high = np.quantile(values, [0.5, _BULK])
    spread = high - middle
    if spread <= 0:
        spread = float(values.std()) or 1.0
    return np.asarray((values - middle) / spread)


def _fisher(values: np.ndarray) -> np.ndarray:
    """Minus the logarithm of the share of rows that score as much or more."""
    ordered = np.sort(values)
    above = len(values) - np.searchsorted(ordered, values, side="left")
    return np.asarray(-np.log(above / len(values)))
