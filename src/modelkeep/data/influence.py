"""From a bad prediction to the training rows that most support it.

Two voices are added. A kernel ridge model tells exactly how much each training row's
label moves the prediction (its part of the sum that the prediction is, the last layer of
TracIn taken to its end). A forest tells which rows share the leaves that the row falls
into. A backdoor's rows support its predictions together; ``Support.rows`` names them.

Sources: Pruthi et al., "Estimating training data influence by tracing gradient descent",
NeurIPS 2020; Yeh et al., "Representer point selection", NeurIPS 2018; Breiman 2001
(proximities of a forest).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from modelkeep.core import InputError
from modelkeep.data.poison.learners import built_in
from modelkeep.data.poison.views import encode_rows
from modelkeep.models import Dataset, need

_RIDGE: Final = 0.3
_TREES: Final = 100


@dataclass(frozen=True, slots=True)
class Support:
    """What stands behind one prediction.

    Attributes:
        predicted: the label the built-in recipe gives the row.
        rows: training rows that support it most, most first.
        shares: what each contributes of all support, in [0, 1].
    """

    predicted: str
    rows: np.ndarray
    shares: np.ndarray


def trace_prediction(
    train: Dataset, row: np.ndarray, *, predicted: str = "", most: int = 20, seed: int = 0
) -> Support:
    """The training rows behind a prediction.

    Args:
        train: what the model was trained on.
        row: one row, of the shape of a training row (a text for texts).
        predicted: the label predicted; by default the built-in recipe's.
        most: how many rows to name.
        seed: seed of every random choice.

    Raises:
        InputError: a row of another shape, or a label nobody has.
    """
    asked = np.array([row], dtype=object) if train.kind == "text" else np.asarray(row)[None]
    if asked.shape[1:] != train.rows.shape[1:]:
        raise InputError(f"a row of shape {asked.shape[1:]}, want {train.rows.shape[1:]}")
    names = train.label_names()
    if not predicted:
        said = built_in(train)(train, seed)(asked)
        predicted = names[int(said.argmax())]
    if predicted not in names:
        raise InputError(
            f"no row is labelled {predicted!r}", f"Labels: {', '.join(names[:20])}"
        )
    support = _kernel_support(train, asked, predicted, seed)
    if train.kind == "tabular":
        support = support / max(support.sum(), 1e-9)
        support = support + _shared_leaves(train, asked, seed) * (train.labels == predicted)
    total = max(float(support.sum()), 1e-9)
    order = np.argsort(-support, kind="stable")[:most]
    return Support(predicted, order, support[order] / total)


def _kernel_support(train: Dataset, asked: np.ndarray, predicted: str, seed: int) -> np.ndarray:
    """What each row that has the label adds to its score, negative parts left out."""
    both = replace(
        train,
        rows=np.concatenate([train.rows, asked]),
        labels=np.append(train.labels, predicted),
    )
    features = encode_rows(both, seed=seed)
    own, one = features[:-1], features[-1]
    gram = own.T @ own + _RIDGE * np.eye(own.shape[1], dtype=own.dtype)
    weights = own @ np.linalg.solve(gram, one)
    return np.asarray(np.maximum(weights, 0) * (train.labels == predicted))


def _shared_leaves(train: Dataset, asked: np.ndarray, seed: int) -> np.ndarray:
    """Share of the forest each row has in the leaves of the asked row, summing to 1."""
    ensemble = need("sklearn.ensemble", "tracing a prediction")
    forest = ensemble.RandomForestClassifier(_TREES, min_samples_leaf=2, random_state=seed)
    forest.fit(train.rows, train.labels)
    together = forest.apply(train.rows) == forest.apply(asked)
    weights = together / np.maximum(together.sum(axis=0), 1)
    return np.asarray(weights.mean(axis=1))
