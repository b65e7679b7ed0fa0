"""Trees of an XGBoost model, from its JSON document.

A row goes left where its value is *less* than the split condition, compared in float32.
Missing values do not occur in data sets here, so default directions play no part.

Source: XGBoost documentation, "Introduction to Model IO" and its JSON schema.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from modelkeep.core import InputError
from modelkeep.models.trees.ensemble import LEAF, TreeEnsemble, below, joined


def read(document: Mapping[str, Any]) -> TreeEnsemble:
    """Read the trees of a JSON document that XGBoost itself has loaded and written.

    Raises:
        InputError: linear boosters, categorical splits or leaves of several outputs.
    """
    learner = document["learner"]
    booster = learner["gradient_booster"]
    name = booster.get("name")
    if name not in ("gbtree", "dart"):
        raise InputError(f"the booster {name} is not made of trees")
    inner = booster["gbtree"] if name == "dart" else booster
    model = inner["model"]
    weights = booster.get("weight_drop") or [1.0] * len(model["trees"])
    count = max(1, int(learner["learner_model_param"]["num_class"]))
    classes = max(2, count)
    trees = [
        _tree(tree, float(weight), 1 if count == 1 else int(label), classes)
        for tree, weight, label in zip(model["trees"], weights, model["tree_info"], strict=True)
    ]
    width = int(learner["learner_model_param"]["num_feature"])
    return joined(trees, _start(learner, classes), width)


def _start(learner: Mapping[str, Any], classes: int) -> np.ndarray:
    """The base score as margins; of several classes it is the same or one for each."""
    text = str(learner["learner_model_param"]["base_score"]).strip("[]")
    given = np.array([float(part) for part in text.split(",")])
    if str(learner["objective"]["name"]).startswith("multi:"):
        return np.broadcast_to(given, (classes,)).astype(np.float64)
    share = float(given[0])
    logits = learner["objective"]["name"] != "binary:logistic"
    return np.array([0.0, share if logits else math.log(share / (1 - share))])


def _tree(
    tree: Mapping[str, Any], weight: float, label: int, classes: int
) -> Mapping[str, np.ndarray]:
    if any(tree.get("split_type", ())) or tree.get("categories"):
        raise InputError("the trees split on categories, which no bound here covers")
    left = np.array(tree["left_children"])
    condition = np.array(tree["split_conditions"], dtype=np.float32)
    if int(tree["tree_param"].get("size_leaf_vector", 1)) > 1:
        raise InputError("the trees have leaves of several outputs")
    leaf = left == -1
    value = np.zeros((len(left), classes))
    value[leaf, label] = weight * condition[leaf]
    return {
        "feature": np.where(leaf, LEAF, np.array(tree["split_indices"])),
        "threshold": below(condition),
        "left": left,
        "right": np.array(tree["right_children"]),
        "value": value,
    }
