"""Flooding: many copies, or near copies, of a few rows.

A row is scored by how close its fourth nearest row lies, against how close rows usually
lie. Rows linked by such closeness are one group; it counts as far as it is
larger than groups of this data usually are, since some data repeats itself by nature.

Sources: Lee et al., "Deduplicating training data makes language models better", ACL 2022
(why copies matter); the linking is single linkage under a threshold.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from modelkeep.data.poison.interface import LEAST, Context, Detector, Group, Scores
from modelkeep.data.poison.neighbours import nearest

_FOURTH: Final = 4
_CLOSE: Final = 0.02  # of the median squared distance to the fourth neighbour
_MOST_GROUPS: Final = 30
_PUSHED: Final = 10.0


def run(context: Context) -> Scores:
    """Score rows by the closeness of their fourth nearest row."""
    places, apart = nearest(context.features, 2 * _FOURTH)
    fourth = apart[:, min(_FOURTH, apart.shape[1]) - 1]
    usual = float(np.median(fourth)) + 1e-9
    values = -np.log(fourth / usual + 1e-4)
    groups = _groups(context, places, apart, usual)
    for group in groups:  # copies whose label all other rows deny were put there to push it
        values[group.rows] += _PUSHED * _denial(context, group)
    return Scores(values, "has several near copies", groups)


def _denial(context: Context, group: Group) -> float:
    """How far rows outside of the group would give its label to others, in [0, 1]."""
    place = context.classes.index(group.label)
    said = context.smoother.left_out(group.rows)
    others = np.delete(said, place, axis=1).max(axis=1)
    return float(np.clip(others - said[:, place], 0, 1).mean())


def _groups(
    context: Context, places: np.ndarray, apart: np.ndarray, usual: float
) -> tuple[Group, ...]:
    n = len(context)
    rows, ranks = np.nonzero(apart <= _CLOSE * usual)
    links = coo_matrix((np.ones(len(rows)), (rows, places[rows, ranks])), shape=(n, n))
    _, found = connected_components(links, directed=False)
    sizes = np.bincount(found)
    linked = sizes[sizes > 1]
    usual_size = float(np.quantile(linked, 0.9)) if len(linked) else 2.0
    groups = []
    for component in np.argsort(-sizes, kind="stable")[:_MOST_GROUPS]:
        if sizes[component] < LEAST:
            break
        members = np.flatnonzero(found == component)
        labels = np.bincount(context.targets[members], minlength=len(context.classes))
        name = context.classes[int(labels.argmax())]
        why = f"{len(members)} rows are copies of each other, or nearly so"
        nats = float(np.clip(np.log(len(members) / usual_size), 0, 1))
        groups.append(Group(members, name, why, None, len(members) * nats))
    return tuple(groups)


DETECTOR: Final = Detector("POI301", "near-duplicates", "flooding", run)
