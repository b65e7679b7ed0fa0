"""Models that detectors and repairs train when the user names no recipe of their own.

Tables: gradient-boosted trees. Texts: TF-IDF and logistic regression. Images: a small
multilayer perceptron on pixels. All from scikit-learn, seeded, and quick.
"""

from __future__ import annotations

import warnings
from typing import Any, Final

import numpy as np

from modelkeep.data.poison.interface import Fit, Predictor
from modelkeep.data.poison.views import WORDS
from modelkeep.models import Dataset, need

_TREES: Final = 60
_FOREST: Final = 150
_FOLDS: Final = 4
_FEW: Final = 1e-6


def built_in(data: Dataset) -> Fit:
    """The recipe for this kind of data."""
    return {"tabular": _fit_trees, "text": _fit_words, "image": _fit_pixels}[data.kind]


def recipe_name(data: Dataset) -> str:
    """What the record calls it."""
    return {
        "tabular": f"gradient-boosted trees, {_TREES} rounds",
        "text": "TF-IDF of words and pairs, logistic regression",
        "image": "perceptron on pixels, 128 hidden, 25 epochs",
    }[data.kind]


def _fit_trees(data: Dataset, seed: int) -> Predictor:
    ensemble = need("sklearn.ensemble", "training on a table")
    learner = ensemble.HistGradientBoostingClassifier(
        max_iter=_TREES, random_state=seed, early_stopping=False
    )
    return _trained(learner, data, data.rows)


def _fit_words(data: Dataset, seed: int) -> Predictor:
    text = need("sklearn.feature_extraction.text", "training on texts")
    linear = need("sklearn.linear_model", "training on texts")
    pipeline = need("sklearn.pipeline", "training on texts")
    words = text.TfidfVectorizer(token_pattern=WORDS, ngram_range=(1, 2), sublinear_tf=True)
    learner = linear.LogisticRegression(C=10.0, max_iter=200, random_state=seed)
    return _trained(pipeline.make_pipeline(words, learner), data, data.rows)


def _fit_pixels(data: Dataset, seed: int) -> Predictor:
    network = need("sklearn.neural_network", "training on images")
    learner = network.MLPClassifier(
        (128,), max_iter=25, batch_size=64, learning_rate_init=2e-3, random_state=seed
    )
    flat = data.rows.reshape(len(data), -1)
    predict = _trained(learner, data, flat)
    return lambda rows: predict(rows.reshape(len(rows), -1))


def _trained(learner: Any, data: Dataset, rows: np.ndarray) -> Predictor:  # noqa: ANN401 - scikit-learn has no types
    exceptions = need("sklearn.exceptions", "training a model")
    names = data.label_names()
    truth = data.class_indices(names)
    if len(set(truth.tolist())) == 1:
        only = int(truth[0])
        return lambda asked: np.eye(len(names))[np.full(len(asked), only)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)  # a fixed budget
        learner.fit(rows, truth)

    def predict(asked: np.ndarray) -> np.ndarray:
        scores = np.full((len(asked), len(names)), _FEW)
        if len(asked):
            scores[:, learner.classes_] = learner.predict_proba(asked)
        return np.asarray(scores / scores.sum(axis=1, keepdims=True))

    return predict


def out_of_fold(data: Dataset, seed: int) -> np.ndarray:
    """Probabilities of each row from models that did not train on it, ``(n, classes)``.

    Tables: what the trees of a forest say that did not draw the row. Else by folds.
    """
    names = data.label_names()
    truth = data.class_indices(names)
    if data.kind == "tabular":
        return _out_of_bag(data.rows, truth, len(names), seed)
    order = np.random.default_rng(seed).permutation(len(data))
    found = np.zeros((len(data), len(names)))
    for fold in range(_FOLDS):
        left = np.sort(order[fold::_FOLDS])
        rest = np.setdiff1d(order, left)
        found[left] = built_in(data)(data.take(rest), seed)(data.rows[left])
    return found


def _out_of_bag(rows: np.ndarray, truth: np.ndarray, classes: int, seed: int) -> np.ndarray:
    ensemble = need("sklearn.ensemble", "detecting label errors")
    forest = ensemble.ExtraTreesClassifier(
        _FOREST, bootstrap=True, oob_score=True, min_samples_leaf=2, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a row that every tree drew
        forest.fit(rows, truth)
    found = np.full((len(rows), classes), _FEW)
    found[:, forest.classes_] += np.nan_to_num(forest.oob_decision_function_)
    return np.asarray(found / found.sum(axis=1, keepdims=True))
