"""Label errors by confident learning: rows whose label others would not have given.

Each class has a threshold, the mean confidence in it of the rows that carry it; a row
that passes the threshold of another class and not its own is in the off-diagonal of the
confident joint. The score is how far the confidence in the other class, measured against
its threshold, exceeds that in the row's own. Backdoor rows are not seen: models of other
folds learned the trigger and agree with their label.

Sources: Northcutt, Jiang and Chuang, "Confident learning", JAIR 2021.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.data.poison.interface import Context, Detector, Scores
from modelkeep.data.poison.learners import out_of_fold


def run(context: Context) -> Scores:
    """Score rows by confidence in another class over that in their own."""
    said = out_of_fold(context.data, context.seed)
    own = said[np.arange(len(said)), context.targets]
    thresholds = np.array(
        [
            said[context.targets == place, place].mean()
            if (context.targets == place).any()
            else 1.0
            for place in range(said.shape[1])
        ]
    )
    against = said - np.minimum(thresholds, 0.95)
    mine = against[np.arange(len(said)), context.targets]
    others = against.copy()
    others[np.arange(len(said)), context.targets] = -np.inf
    values = others.max(axis=1) - mine + (1 - own)
    return Scores(values, "models that did not see it give it another label")


DETECTOR: Final = Detector("POI001", "confident-learning", "label", run)
