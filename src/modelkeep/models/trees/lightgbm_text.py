"""Trees of a LightGBM model, from its text.

A row goes left where its value is at most the threshold, compared in float64. Children
below zero are leaves, ``-1`` the first. Bits of ``decision_type`` say whether a split is on
categories and whether zeros count as missing; neither can be written as one comparison.

Source: LightGBM ``tree.h`` (``decision_type``) and ``gbdt_model_text.cpp``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from modelkeep.core import InputError
from modelkeep.models.trees.ensemble import LEAF, TreeEnsemble, at_most, joined, two_sided

_CATEGORICAL: Final = 1
_MISSING: Final = 0b1100  # where the kind of missing value stands
_ZERO_IS_MISSING: Final = 0b0100


def read(text: str) -> TreeEnsemble:
    """Read the trees of a model text that LightGBM itself has loaded.

    Raises:
        InputError: splits on categories, zeros as missing values, or linear leaves.
    """
    head, *blocks = text.split("\n\nend of trees", maxsplit=1)[0].split("\nTree=")
    about = dict(_pairs(head))
    classes = int(about["num_class"])
    averaged = len(blocks) // max(1, int(about["num_tree_per_iteration"]))
    share = 1 / averaged if "\naverage_output" in head else 1.0
    if "sigmoid:" in about.get("objective", ""):
        share *= float(about["objective"].split("sigmoid:")[1].split()[0])
    trees = []
    for number, block in enumerate(blocks):
        tree = _tree(dict(_pairs(block)))
        leaves = share * tree["leaf"]
        value = np.zeros((len(leaves), max(2, classes)))
        if classes == 1:
            value = two_sided(leaves)
        else:
            value[:, number % classes] = leaves
        trees.append({**tree, "value": value})
    width = int(about["max_feature_idx"]) + 1
    return joined(trees, np.zeros(max(2, classes)), width)


def _pairs(block: str) -> Iterator[tuple[str, str]]:
    for line in block.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            yield name, value


def _tree(about: Mapping[str, str]) -> dict[str, np.ndarray]:
    """One tree: its splits first, then its leaves."""
    if about.get("is_linear", "0") != "0":
        raise InputError("the trees have linear models at their leaves")
    leaves = _numbers(about, "leaf_value", float)
    splits = len(leaves) - 1
    kind = _numbers(about, "decision_type", int) if splits else np.zeros(0, dtype=int)
    if (kind & _CATEGORICAL).any():
        raise InputError("the trees split on categories, which no bound here covers")
    if ((kind & _MISSING) == _ZERO_IS_MISSING).any():
        raise InputError("the trees take zeros for missing values")
    nothing = np.zeros(len(leaves), dtype=int)

    def nodes(name: str, fill: int) -> np.ndarray:
        inner = _numbers(about, name, int) if splits else np.zeros(0, dtype=int)
        return np.concatenate([inner, nothing + fill])

    def children(name: str) -> np.ndarray:
        child = nodes(name, 0)
        return np.where(child < 0, splits + ~child, child)

    cut = _numbers(about, "threshold", float) if splits else np.zeros(0)
    return {
        "feature": nodes("split_feature", LEAF),
        "threshold": at_most(np.concatenate([cut, nothing])),
        "left": children("left_child"),
        "right": children("right_child"),
        "leaf": np.concatenate([np.zeros(splits), leaves]),
    }


def _numbers(about: Mapping[str, str], name: str, kind: type) -> np.ndarray:
    try:
        return np.array([kind(part) for part in about[name].split()])
    except (KeyError, ValueError) as error:
        raise InputError(f"a tree without a readable {name}") from error
