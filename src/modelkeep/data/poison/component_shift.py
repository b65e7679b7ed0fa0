"""Two components in one class where others have one (after SCAn).

The variation within classes is taken as the same everywhere; each class is split in two
along the direction that, in its terms, tells the halves best apart, and the gain in
likelihood over one component says how much the class is a mixture.

Sources: Tang et al., "Demon in the variant: statistical analysis of DNNs for robust
backdoor contamination detection", USENIX Security 2021.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.data.poison.clusters import directions
from modelkeep.data.poison.interface import LEAST, Context, Detector, Scores

_DIRECTIONS: Final = 30
_ROUNDS: Final = 15


def run(context: Context) -> Scores:
    """Score rows of the smaller component by their class's gain in likelihood."""
    along = directions(context.hidden, _DIRECTIONS)
    within = along.copy()
    for label in range(len(context.classes)):
        rows = context.targets == label
        if rows.any():
            within[rows] -= within[rows].mean(axis=0)
    covariance = within.T @ within / len(within) + 1e-6 * np.eye(along.shape[1])
    values, vectors = np.linalg.eigh(covariance)
    white = within @ vectors / np.sqrt(np.maximum(values, 1e-9))
    found = np.zeros(len(context))
    for label in range(len(context.classes)):
        rows = np.flatnonzero(context.targets == label)
        if len(rows) >= 4 * LEAST:
            found[rows] = _split(white[rows])
    return Scores(found, "in the smaller of two components of its class")


def _split(white: np.ndarray) -> np.ndarray:
    """Place of each row beyond the middle of the two likeliest components."""
    _, _, axes = np.linalg.svd(white, full_matrices=False)
    best, found = 0.0, np.zeros(len(white))
    for axis in axes:
        along = white @ axis
        along = along * np.sign(np.mean(along**3) or 1.0)  # the smaller component lies high
        cut = cut_between(along)
        gain = gain_of(along, along > cut)
        if gain > best:
            best, found = gain, gain * np.maximum(along - cut, 0)
    return np.asarray(found)


def cut_between(along: np.ndarray) -> float:
    """The middle between two means (two-means on a line)."""
    cut = float(along.max() + along.min()) / 2
    for _ in range(_ROUNDS):
        high, low = along[along > cut], along[along <= cut]
        if not len(high) or not len(low):
            break
        cut = float((high.mean() + low.mean()) / 2)
    return cut


def gain_of(along: np.ndarray, high: np.ndarray) -> float:
    """Log likelihood per row that two components of one width gain over one.

    Args:
        along: places on a line, shape ``(n,)``.
        high: which of them are of the one component, boolean.
    """
    share = float(high.mean())
    if not 0 < share < 1:
        return 0.0
    within = share * along[high].var() + (1 - share) * along[~high].var()
    choice = -share * np.log(share) - (1 - share) * np.log(1 - share)
    return float(0.5 * np.log((along.var() + 1e-9) / (within + 1e-9)) - choice)


DETECTOR: Final = Detector("POI104", "component-shift", "trigger", run)
