"""Rows in clusters, and the directions along which the rows of one class spread most."""

from __future__ import annotations

import warnings
from typing import Final

import numpy as np

from modelkeep.models import need

_ROUNDS: Final = 25


def cluster(features: np.ndarray, count: int, seed: int) -> np.ndarray:
    """K-means cluster of each row, shape ``(n,)``; at most ``count`` clusters."""
    found = need("sklearn.cluster", "finding clusters")
    exceptions = need("sklearn.exceptions", "finding clusters")
    learner = found.KMeans(
        min(count, len(features)), n_init=1, max_iter=_ROUNDS, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)  # fewer distinct rows
        return np.asarray(learner.fit_predict(features))


def directions(features: np.ndarray, count: int) -> np.ndarray:
    """The rows along their own main directions, shape ``(n, at most count)``."""
    centred = features - features.mean(axis=0)
    gram = centred.T @ centred if features.shape[0] > features.shape[1] else centred @ centred.T
    values, vectors = np.linalg.eigh(gram.astype(np.float64))
    best = np.argsort(-values)[: min(count, len(values))]
    if features.shape[0] > features.shape[1]:
        return np.asarray(centred @ vectors[:, best])
    return np.asarray(vectors[:, best] * np.sqrt(np.maximum(values[best], 0)))
