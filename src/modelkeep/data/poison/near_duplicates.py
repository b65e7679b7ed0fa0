"""Flooding: many copies, or near copies, of a few rows.

Rows of one label that lie within a small distance of each other are linked into groups,
at several distances: copies are changed a little, and some data repeats itself by nature.
What tells a flood from natural repeats is where it lies: the rows nearest to it that are
not part of it carry another label. A row counts by that denial of its group, and by how
close its fourth nearest row lies.

A table is measured twice, by ranks and by deviations: a little noise on a column that is
nearly always zero moves ranks far, and one huge value makes deviations small.

Sources: Lee et al., "Deduplicating training data makes language models better", ACL 2022
(why copies matter); the linking is single linkage under a threshold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from modelkeep.data.poison.interface import LEAST, Context, Detector, Group, Scores
from modelkeep.data.poison.neighbours import nearest

_FOURTH: Final = 4
_LINKS: Final = 16  # nearest rows that are asked
_CLOSE: Final = (0.0003, 0.003, 0.02)  # of the median squared distance of any two rows
_MOST_GROUPS: Final = 250  # at each distance
_AROUND: Final = 10  # rows around a group
_LARGEST: Final = 0.2  # share of the rows; more is no flood
_DENIED: Final = 0.9  # of the rows around, where copies push their label
_PUSHED: Final = 10.0  # more than closeness ever counts
_SAME_ROW: Final = 0.01  # of the usual closeness; nearer is the same
_SAME: Final = 0.5


def run(context: Context) -> Scores:
    """Score rows by the closeness of their fourth nearest row and the denial of their group."""
    values = np.zeros(len(context))
    found: list[tuple[float, np.ndarray]] = []
    for space in _spaces(context):
        places, apart = nearest(space, _LINKS)
        fourth = apart[:, min(_FOURTH, apart.shape[1]) - 1]
        usual = float(np.median(fourth)) + 1e-9
        values = np.maximum(values, -np.log(fourth / usual + _SAME_ROW))
        linked = _linked(context, places, apart, _scale(space, context.seed))
        found.extend((_denial(context, space, rows), rows) for rows in linked)
    pushed = np.zeros(len(context))
    for denial, rows in found:
        pushed[rows] = np.maximum(pushed[rows], denial)
    return Scores(
        values + _PUSHED * pushed**2, "has several near copies", _groups(context, found)
    )


def _spaces(context: Context) -> Iterator[np.ndarray]:
    yield context.features
    if context.data.kind == "tabular":
        rows = context.data.rows.astype(np.float32)
        spread = rows.std(axis=0)
        varied = spread > 0
        if varied.any():
            yield (rows[:, varied] - rows[:, varied].mean(axis=0)) / spread[varied]


def _scale(space: np.ndarray, seed: int) -> float:
    """Median squared distance of two rows drawn at random."""
    rng = np.random.default_rng(seed)
    one, other = rng.integers(len(space), size=(2, 1000))
    return float(np.median(np.square(space[one] - space[other]).sum(axis=1))) + 1e-9


def _linked(
    context: Context, places: np.ndarray, apart: np.ndarray, scale: float
) -> Iterator[np.ndarray]:
    """Groups of rows of one label that are linked by closeness, at every distance."""
    n = len(context)
    same = context.targets[places] == context.targets[:, None]
    seen: set[bytes] = set()
    for close in _CLOSE:
        rows, ranks = np.nonzero((apart <= close * scale) & same)
        links = coo_matrix((np.ones(len(rows)), (rows, places[rows, ranks])), shape=(n, n))
        _, found = connected_components(links, directed=False)
        sizes = np.bincount(found)
        for component in np.argsort(-sizes, kind="stable")[:_MOST_GROUPS]:
            if sizes[component] < LEAST:
                break
            members = np.flatnonzero(found == component)
            if members.tobytes() not in seen and len(members) <= _LARGEST * n:
                seen.add(members.tobytes())
                yield members


def _denial(context: Context, space: np.ndarray, rows: np.ndarray) -> float:
    """Share of the rows around a group that carry another label."""
    centre = space[rows].mean(axis=0)
    apart = np.square(space - centre).sum(axis=1)
    apart[rows] = np.inf
    around = np.argsort(apart)[: min(_AROUND, len(space) - len(rows))]
    if not len(around):
        return 0.0
    return float((context.targets[around] != context.targets[rows[0]]).mean())


def _groups(context: Context, found: list[tuple[float, np.ndarray]]) -> tuple[Group, ...]:
    """Groups most of whose surroundings deny their label, the largest first.

    Copies are not independent of each other: a group counts one nat a row however sure.
    """
    groups: list[Group] = []
    taken = np.zeros(len(context), dtype=bool)
    for denial, rows in sorted(found, key=lambda entry: (-len(entry[1]), -entry[0])):
        if denial < _DENIED or taken[rows].mean() > _SAME:
            continue
        taken[rows] = True
        name = context.classes[context.targets[rows[0]]]
        why = (
            f"{len(rows)} rows labelled {name!r} are copies of each other, or nearly so, and "
            f"{denial:.0%} of the rows around them are not {name!r}"
        )
        groups.append(Group(rows, name, why, None, float(len(rows))))
    return tuple(groups)


DETECTOR: Final = Detector("POI301", "near-duplicates", "flooding", run)
