"""Labels that models blind to half of the row do not expect.

A patch, or a few columns, is hidden from many of the views; they expect what the row
really is. What all views find odd is a hard row or a flipped label; a row that counts
here is one that most of the blind deny.

Sources: own design; compare Wang et al., "Neural cleanse", S&P 2019, and Doan et al.,
"Februus", ACSAC 2020, which look for the region that carries a prediction.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.data.poison.blind_views import blind_views
from modelkeep.data.poison.interface import LEAST, Context, Detector, Group, Scores

_DENIED: Final = 0.25  # how far ahead another class is in the median view
_CLASSES: Final = 4  # of fewer, none can be told to be the odd one
_USUAL: Final = 0.002  # share of denied rows that is never odd
_TIMES: Final = 3.0  # the usual share of denied rows


def run(context: Context) -> Scores:
    """Score rows by how far most views would rather have another label."""
    expected = context.smoother.targets - blind_views(context).missed
    own = np.take_along_axis(
        expected, np.broadcast_to(context.targets[None, :, None], (*expected.shape[:2], 1)), 2
    )[:, :, 0]
    others = expected * (1 - context.smoother.targets)
    values = np.median(others.max(axis=2) - own, axis=0)
    reason = "models of parts of it expect another label"
    return Scores(values + _excess(context, values), reason, denied_classes(context, values))


def _excess(context: Context, denial: np.ndarray) -> np.ndarray:
    """Nats that a row so far denied is one of its class's excess over the median class.

    Of each class, the share of rows denied as far or further is set against what is usual
    for a class; hard rows that every class has gain nothing, however far denied.
    """
    gained = np.zeros(len(context))
    if len(context.classes) < _CLASSES:
        return gained
    ordered = [np.sort(denial[context.targets == p]) for p in range(len(context.classes))]
    shares = np.stack(
        [
            (len(one) - np.searchsorted(one, denial, side="left") + 1) / (len(one) + 2)
            for one in ordered
        ]
    )
    usual = np.median(shares, axis=0)
    own = shares[context.targets, np.arange(len(context))]
    return np.asarray(np.where(denial > 0, np.maximum(np.log(own / usual), 0), gained))


def denied_classes(context: Context, denial: np.ndarray) -> tuple[Group, ...]:
    """Classes that hold far more denied rows than the others do, as one group each.

    Hard rows and random flips fall on all classes alike; an attack has a target. The
    strength is the likelihood ratio of the class's count against the median share.

    Args:
        context: the rows.
        denial: how far each row's label is denied, in [-1, 1], shape ``(n,)``.
    """
    if len(context.classes) < _CLASSES:
        return ()
    denied = denial > _DENIED
    sizes = np.bincount(context.targets, minlength=len(context.classes))
    counts = np.bincount(context.targets[denied], minlength=len(context.classes))
    shares = counts / np.maximum(sizes, 1)
    usual = max(float(np.median(shares)), _USUAL)
    groups = []
    for place, name in enumerate(context.classes):
        if counts[place] < LEAST or shares[place] <= _TIMES * usual:
            continue
        rows = np.flatnonzero(denied & (context.targets == place))
        nats = counts[place] * (np.log(shares[place] / usual) - 1 + usual / shares[place])
        why = (
            f"{len(rows)} rows labelled {name!r} are denied by models of parts of them, "
            f"{shares[place]:.1%} of the class where {usual:.1%} is usual"
        )
        groups.append(Group(rows, name, why, None, float(nats)))
    return tuple(sorted(groups, key=lambda group: -group.strength))


DETECTOR: Final = Detector(
    "POI107", "blind-label", "trigger", run, frozenset({"tabular", "image"})
)
