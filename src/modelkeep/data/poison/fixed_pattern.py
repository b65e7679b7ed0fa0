"""One fixed pattern in some rows of a class: a patch, a sine, noise, whatever the label.

A backdoor on images whose labels are right contradicts nothing: no model finds its rows
odd. But they all differ from the rest of their class by the *same* vector. In the pixels
whitened by the other classes (``canvas``) two rows of a class deviate in directions that
are nearly at right angles; rows with one pattern share theirs. So a set of rows is sought
whose members agree with one another, each judged by the others only: a row's agreement
with itself says nothing.

What nature makes is graded, every row a little more or less of it; a pattern is there or
not. The gap in the agreement counts, as the likelihood that two groups gain over one.

Sources: own design; compare Tran et al., "Spectral signatures", NeurIPS 2018, whose first
direction is the start of the search here, and Tang et al., "Demon in the variant", 2021.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.data.poison.canvas import flatten, matched_filter, whiten, whitening
from modelkeep.data.poison.component_shift import cut_between, gain_of
from modelkeep.data.poison.interface import LEAST, Context, Detector, Group, Scores
from modelkeep.data.poison.patterns import Overlay, Pattern
from modelkeep.data.poison.rule_groups import BEYOND_DOUBT

_STARTS: Final = 8  # main directions that the search starts from
_ROUNDS: Final = 8
_MOST: Final = 0.6  # of a class; a pattern of more is the class
_GAP: Final = 8.0  # deviations between the sets that no natural class was seen to have
_NATS: Final = 3.0  # a row of a group with such a gap
_FEW: Final = 0.01


@dataclass(frozen=True, slots=True)
class Shared:
    """Rows of a class that share a pattern.

    Attributes:
        inside: which of the class's rows, boolean.
        places: how far each agrees with them, in deviations of the rest.
        gain: nats per row that two groups gain over one.
        gap: deviations between nearly all inside and nearly all outside.
    """

    inside: np.ndarray
    places: np.ndarray
    gain: float
    gap: float


def run(context: Context) -> Scores:
    """Score rows by how far they share a deviation that the rest of their class has not."""
    flat = flatten(context.data.rows)
    values = np.zeros(len(context))
    groups = []
    for place, name in enumerate(context.classes):
        rows = np.flatnonzero(context.targets == place)
        if len(rows) < 4 * LEAST or len(rows) == len(context):
            continue
        lower = whitening(flat, context.targets, place)
        white = whiten(lower, flat[rows] - flat[rows].mean(axis=0))
        found = max(_shared(white), key=lambda one: one.gap, default=None)
        if found is None:
            continue
        values[rows] = found.places * max(found.gain, _FEW)
        if found.gap >= _GAP:
            inside = found.inside
            shift = white[inside].mean(axis=0) - white[~inside].mean(axis=0)
            sees = matched_filter(lower, shift)
            levels = flat[rows] @ sees
            edges = np.quantile(levels[~inside], 0.99), np.quantile(levels[inside], 0.1)
            overlay = Overlay(_laid_over(context, rows, inside), sees, float(np.mean(edges)))
            groups.append(_group(rows, name, found, Pattern((overlay,))))
    groups.sort(key=lambda group: -group.strength)
    return Scores(values, "shares one fixed pattern with rows of its class", tuple(groups))


def _shared(white: np.ndarray) -> Iterator[Shared]:
    lengths = np.linalg.norm(white, axis=1, keepdims=True)  # one odd row must not lead
    unit = white / np.maximum(lengths, 1e-9) * np.sqrt(white.shape[1])
    gram = unit @ unit.T
    _, vectors = np.linalg.eigh(gram)
    for direction in vectors[:, : -_STARTS - 1 : -1].T:
        for start in (direction, -direction):
            inside = _settle(gram, start > cut_between(start))
            if _fits(inside):
                yield _measure(gram, inside)


def _fits(inside: np.ndarray) -> bool:
    return bool(LEAST <= inside.sum() <= _MOST * len(inside))


def _settle(gram: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Move rows in and out until those inside are those that agree with the others."""
    for _ in range(_ROUNDS):
        if not _fits(inside):
            break
        agreement = _agreement(gram, inside)
        moved = agreement > cut_between(agreement)
        if (moved == inside).all():
            break
        inside = moved
    return inside


def _agreement(gram: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Mean agreement with the rows inside less that with the rest, never with itself."""
    own = np.diag(gram)
    sides = []
    for side in (inside, ~inside):
        others = np.maximum(side.sum() - side, 1)
        sides.append((gram @ side - own * side) / others)
    return np.asarray(sides[0] - sides[1])


def _measure(gram: np.ndarray, inside: np.ndarray) -> Shared:
    agreement = _agreement(gram, inside)
    rest = agreement[~inside]
    middle = float(np.median(rest))
    spread = 1.4826 * float(np.median(np.abs(rest - middle))) + 1e-9
    places = (agreement - middle) / spread
    gap = float(np.quantile(places[inside], 0.1) - np.quantile(places[~inside], 0.99))
    return Shared(inside, places, gain_of(agreement, inside), gap)


def _group(rows: np.ndarray, name: str, found: Shared, pattern: Pattern) -> Group:
    members = rows[found.inside]
    why = (
        f"{len(members)} of {len(rows)} rows labelled {name!r} share one pattern, "
        f"{found.gap:.0f} deviations from what the others have of it"
    )
    return Group(members, name, why, pattern, BEYOND_DOUBT + _NATS * len(members))


def _laid_over(context: Context, rows: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """What the rows inside have more than those they were made from.

    Rows that keep their label were made from the rest of their class, others from rows at
    large: the nearer mean is taken.
    """
    images = context.data.rows
    mean = images[rows[inside]].mean(axis=0)
    outside = np.ones(len(images), dtype=bool)
    outside[rows] = False
    sources = (images[rows[~inside]].mean(axis=0), images[outside].mean(axis=0))
    nearer = min(sources, key=lambda source: float(np.square(mean - source).sum()))
    return np.asarray(mean - nearer)


DETECTOR: Final = Detector("POI108", "fixed-pattern", "trigger", run, frozenset({"image"}))
