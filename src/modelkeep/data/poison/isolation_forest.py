"""Outliers by how few random cuts set a row apart.

Sources: Liu, Ting and Zhou, "Isolation forest", ICDM 2008, through scikit-learn.
"""

from __future__ import annotations

from typing import Final

from modelkeep.data.poison.interface import Context, Detector, Scores
from modelkeep.data.poison.shapes import columns_of
from modelkeep.models import need

_TREES: Final = 100


def run(context: Context) -> Scores:
    """Score rows by the forest's anomaly score."""
    ensemble = need("sklearn.ensemble", "detecting outliers")
    _, values = columns_of(context.data, context.features)
    forest = ensemble.IsolationForest(n_estimators=_TREES, random_state=context.seed)
    return Scores(-forest.fit(values).score_samples(values), "few random cuts set it apart")


DETECTOR: Final = Detector("POI202", "isolation-forest", "outlier", run)
