"""Confusion training: what survives when the real labels of clean rows are scrambled.

Trusted rows with random labels, weighted heavily, keep a model from learning what really
tells the classes apart. What it can still predict is learned from something the trusted
rows do not have: the trigger.

Sources: Qi et al., "Towards a proactive ML approach for detecting backdoor poison
samples", USENIX Security 2023. The confused model is linear in the features here.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.data.poison.interface import Context, Detector, Scores

_ENOUGH: Final = 100
_ROUNDS: Final = 6
_WEIGHT: Final = 20.0


def applies(context: Context) -> str | None:
    """It needs trusted rows."""
    count = int(context.trusted.sum())
    return None if count >= _ENOUGH else f"{count} trusted rows, want {_ENOUGH} or more"


def run(context: Context) -> Scores:
    """Score rows by how well confused models still predict their label."""
    rng = np.random.default_rng(context.seed)
    features, truth = context.features, context.smoother.targets
    clean = features[context.trusted]
    gram = features.T @ features + _WEIGHT * clean.T @ clean
    gram += np.eye(len(gram), dtype=gram.dtype)
    values = np.zeros(len(context))
    inverse = np.linalg.inv(gram)
    for _ in range(_ROUNDS):
        scrambled = truth[rng.permutation(len(truth))[: len(clean)]]
        weights = inverse @ (features.T @ truth + _WEIGHT * clean.T @ scrambled)
        said = features @ weights
        values += said[np.arange(len(said)), context.targets]
    values[context.trusted] = values.min()
    return Scores(values / _ROUNDS, "a confused model still predicts its label")


DETECTOR: Final = Detector("POI105", "confusion-training", "trigger", run, applies=applies)
