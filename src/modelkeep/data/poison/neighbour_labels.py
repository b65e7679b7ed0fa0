"""Label disagreement with the nearest rows.

Sources: Wilson, "Asymptotic properties of nearest neighbor rules using edited data", 1972;
Paudice et al., "Label sanitization against label flipping poisoning attacks", 2018.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.data.poison.interface import Context, Detector, Scores
from modelkeep.data.poison.neighbours import nearest

_NEIGHBOURS: Final = 15


def run(context: Context) -> Scores:
    """Score rows by the share of near rows with another label, nearer ones counting more."""
    places, apart = nearest(context.hidden, _NEIGHBOURS)
    weights = 1 / (apart + np.median(apart) + 1e-9)
    differs = context.targets[places] != context.targets[:, None]
    values = (weights * differs).sum(axis=1) / weights.sum(axis=1)
    return Scores(values, "its nearest rows have another label")


DETECTOR: Final = Detector("POI002", "neighbour-labels", "label", run)
