"""STRIP: a triggered image keeps its prediction whatever is laid over it.

Sources: Gao et al., "STRIP: a defence against trojan attacks on deep neural networks",
ACSAC 2019.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.data.poison.interface import Context, Detector, Scores
from modelkeep.data.poison.learners import built_in

_OVERLAYS: Final = 8


def run(context: Context) -> Scores:
    """Score images by how sure a model stays under overlays of other images."""
    rng = np.random.default_rng(context.seed)
    rows = context.data.rows
    predict = built_in(context.data)(context.data, context.seed)
    entropy = np.zeros(len(rows))
    for _ in range(_OVERLAYS):
        laid = np.clip(rows + rows[rng.permutation(len(rows))], 0, 1)
        said = np.maximum(predict(laid), 1e-9)
        entropy -= (said * np.log(said)).sum(axis=1)
    return Scores(-entropy / _OVERLAYS, "keeps its prediction under overlays")


DETECTOR: Final = Detector("POI106", "strip", "trigger", run, frozenset({"image"}))
