"""Trees of fitted scikit-learn estimators, as plain arrays that cross a pipe.

Covers decision trees, extra trees, random forests, gradient boosting and histogram gradient
boosting. A pipeline's trees compare what its earlier steps made of a row, so they are not
taken. This side runs in the confined child and reads attributes only.

Source: scikit-learn, ``sklearn.tree._tree.Tree`` and ``_hist_gradient_boosting.predictor``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from modelkeep.core import InputError
from modelkeep.models.trees.ensemble import LEAF, TreeEnsemble, at_most, joined, two_sided

_PREFIX: Final = "trees."
_FIELDS: Final = ("feature", "threshold", "left", "right", "value", "roots", "start")


def arrays_of(estimator: Any) -> dict[str, np.ndarray]:  # noqa: ANN401 - any estimator
    """An estimator's trees by array name; empty if it has none that can be taken."""
    kind = type(estimator).__name__
    if not type(estimator).__module__.startswith("sklearn."):
        return {}
    try:
        if kind in ("DecisionTreeClassifier", "ExtraTreeClassifier"):
            found = _forest(estimator, [estimator])
        elif kind in ("RandomForestClassifier", "ExtraTreesClassifier"):
            found = _forest(estimator, estimator.estimators_)
        elif kind == "GradientBoostingClassifier":
            found = _boosted(estimator)
        elif kind == "HistGradientBoostingClassifier":
            found = _histogram(estimator)
        else:
            return {}
    except InputError:
        return {}
    return {f"{_PREFIX}{name}": getattr(found, name) for name in _FIELDS}


def read(arrays: Mapping[str, np.ndarray], features: int) -> TreeEnsemble:
    """The trees again, on the parent's side.

    Raises:
        InputError: no trees came along, or they point outside.
    """
    if f"{_PREFIX}feature" not in arrays:
        raise InputError("the model does not show trees whose columns are those of its rows")
    return TreeEnsemble(
        **{name: arrays[f"{_PREFIX}{name}"] for name in _FIELDS}, features=features
    )


def _nodes(tree: Any, value: np.ndarray) -> dict[str, np.ndarray]:  # noqa: ANN401
    leaf = tree.children_left == -1
    return {
        "feature": np.where(leaf, LEAF, tree.feature),
        "threshold": at_most(np.where(leaf, 0.0, tree.threshold)),
        "left": np.where(leaf, 0, tree.children_left),
        "right": np.where(leaf, 0, tree.children_right),
        "value": np.where(leaf[:, None], value, 0.0),
    }


def _forest(estimator: Any, members: Any) -> TreeEnsemble:  # noqa: ANN401
    """Averages of the classes' shares at the leaves."""
    if getattr(estimator, "n_outputs_", 1) != 1:
        raise InputError("several outputs")
    trees = []
    for member in members:
        share = member.tree_.value[:, 0, :]
        share = share / np.maximum(share.sum(axis=1, keepdims=True), 1e-300)
        trees.append(_nodes(member.tree_, share / len(members)))
    return joined(trees, np.zeros(len(estimator.classes_)), estimator.n_features_in_)


def _boosted(estimator: Any) -> TreeEnsemble:  # noqa: ANN401
    """Sums of the stages' trees over the prior of the training labels."""
    count, members = len(estimator.classes_), estimator.estimators_
    if type(estimator.init_).__name__ not in ("DummyClassifier", "str"):
        raise InputError("a start that depends on the row")
    start = np.ravel(estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_))))  # noqa: SLF001 - scikit-learn gives no other way to its start
    trees = []
    for stage in members:
        for label, member in enumerate(stage):
            step = estimator.learning_rate * member.tree_.value[:, 0, 0]
            value = _one_class(step, label, count)
            trees.append(_nodes(member.tree_, value))
    start = start if len(start) == count else np.array([0.0, start[0]])
    return joined(trees, start, estimator.n_features_in_)


def _one_class(step: np.ndarray, label: int, count: int) -> np.ndarray:
    if count == 2:  # noqa: PLR2004 - one tree a stage decides between two classes
        return two_sided(step)
    value = np.zeros((len(step), count))
    value[:, label] = step
    return value


def _histogram(estimator: Any) -> TreeEnsemble:  # noqa: ANN401
    """Like boosting; each tree is a table of nodes."""
    if getattr(estimator, "is_categorical_", None) is not None:
        raise InputError("splits on categories")
    count = len(estimator.classes_)
    trees = []
    for stage in estimator._predictors:  # noqa: SLF001 - scikit-learn shows its trees nowhere else
        for label, member in enumerate(stage):
            nodes = member.nodes
            leaf = nodes["is_leaf"].astype(bool)
            trees.append(
                {
                    "feature": np.where(leaf, LEAF, nodes["feature_idx"].astype(np.int64)),
                    "threshold": at_most(np.where(leaf, 0.0, nodes["num_threshold"])),
                    "left": np.where(leaf, 0, nodes["left"].astype(np.int64)),
                    "right": np.where(leaf, 0, nodes["right"].astype(np.int64)),
                    "value": np.where(
                        leaf[:, None], _one_class(nodes["value"], label, count), 0.0
                    ),
                }
            )
    start = np.ravel(estimator._baseline_prediction)  # noqa: SLF001 - as above
    start = start if len(start) == count else np.array([0.0, start[0]])
    return joined(trees, start, estimator.n_features_in_)
