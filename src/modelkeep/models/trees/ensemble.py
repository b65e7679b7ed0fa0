"""Trees of any library in one form: flat arrays of nodes, summed per class.

Every library compares in its own way (``<``, ``<=``, in float32 or float64). Rows here are
float32, so each comparison is written as ``value <= threshold goes left`` with the greatest
float32 threshold that means the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import numpy as np

from modelkeep.core import InputError
from modelkeep.models.interface import Model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_NODES: Final = 20_000_000
LEAF: Final = -1


@dataclass(frozen=True, slots=True)
class TreeEnsemble:
    """Trees whose leaves add up to one score for each class.

    Attributes:
        feature: column a node compares, ``LEAF`` at a leaf; shape ``(nodes,)``.
        threshold: a row goes left where its value is at most this; float32.
        left: place of the left child.
        right: place of the right child.
        value: what a leaf adds to each class, shape ``(nodes, classes)`` float64.
        roots: places of the trees' first nodes.
        start: score of each class before any tree, shape ``(classes,)``.
        features: columns of a row.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    roots: np.ndarray
    start: np.ndarray
    features: int

    def __post_init__(self) -> None:
        """Refuse nodes that point outside, or back, or compare columns that are not there."""
        inner = self.feature != LEAF
        nodes = len(self.feature)
        places = np.arange(nodes)[inner]
        for child in (self.left[inner], self.right[inner]):
            if len(child) and (child.max() >= nodes or (child <= places).any()):
                raise InputError("the trees' nodes point outside or back at themselves")
        compared = self.feature[inner]
        if len(compared) and not 0 <= compared.min() <= compared.max() < self.features:
            raise InputError(f"the trees compare columns beyond the {self.features} there are")
        if nodes > _MOST_NODES or not np.isfinite(self.value).all():
            raise InputError("the trees are too many, or their leaves hold no numbers")

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Sums of leaves, shape ``(batch, classes)``; the greatest is the answer.

        Args:
            rows: shape ``(batch, features)``, taken as float32.
        """
        rows = rows.astype(np.float32)
        total = np.tile(self.start, (len(rows), 1))
        every = np.arange(len(rows))
        for root in self.roots:
            at = np.full(len(rows), root)
            while (moving := self.feature[at] != LEAF).any():
                here = at[moving]
                goes_left = rows[every[moving], self.feature[here]] <= self.threshold[here]
                at[moving] = np.where(goes_left, self.left[here], self.right[here])
            total += self.value[at]
        return total


@runtime_checkable
class TreeModel(Model, Protocol):
    """A model that can show the trees it is made of."""

    def trees(self) -> TreeEnsemble:
        """Its trees.

        Raises:
            InputError: it has none, or some that this form cannot hold.
        """


def at_most(threshold: np.ndarray) -> np.ndarray:
    """Thresholds of ``value <= threshold`` for float32 values: the next float32 below."""
    exact = np.asarray(threshold, dtype=np.float64)
    with np.errstate(over="ignore"):
        near = exact.astype(np.float32)
        return np.where(near > exact, _before(near), near)


def below(threshold: np.ndarray) -> np.ndarray:
    """Thresholds of ``value < threshold`` for float32 values, as ``<=``."""
    exact = np.asarray(threshold, dtype=np.float64)
    near = at_most(exact)
    with np.errstate(over="ignore"):
        return np.where(near == exact, _before(near), near)


def _before(value: np.ndarray) -> np.ndarray:
    return np.asarray(np.nextafter(value, np.float32(-np.inf)))


def two_sided(positive: np.ndarray) -> np.ndarray:
    """Leaves of a score for the second class against 0 for the first, ``(nodes, 2)``."""
    return np.stack([np.zeros_like(positive), positive], axis=1)


def joined(
    trees: Sequence[Mapping[str, np.ndarray]], start: np.ndarray, width: int
) -> TreeEnsemble:
    """One ensemble from trees whose children count from the tree's own first node.

    Args:
        trees: each with ``feature``, ``threshold``, ``left``, ``right`` and ``value``.
        start: score of each class before any tree.
        width: columns of a row.

    Raises:
        InputError: there are no trees, or nodes that point nowhere.
    """
    if not trees:
        raise InputError("the model holds no trees")
    sizes = np.array([len(tree["feature"]) for tree in trees])
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])

    def column(name: str) -> np.ndarray:
        return np.concatenate([tree[name] for tree in trees])

    offset = np.repeat(roots, sizes)
    return TreeEnsemble(
        feature=column("feature").astype(np.int64),
        threshold=column("threshold").astype(np.float32),
        left=column("left").astype(np.int64) + offset,
        right=column("right").astype(np.int64) + offset,
        value=column("value").astype(np.float64),
        roots=roots,
        start=np.asarray(start, dtype=np.float64),
        features=width,
    )
