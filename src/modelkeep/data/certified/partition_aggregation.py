"""Deep partition aggregation: predictions that no few training rows can change.

Rows are dealt to parts by a hash of what they hold, and a decision tree is trained on
each part alone. A row that is added or removed touches one part, one vote. A prediction
that leads by more than ``2 r`` votes stands whatever ``r`` rows are added or removed.
Changing a row counts as two: it leaves one part and enters another.

Nothing may depend on the rows of other parts: categories stand as a number made of their
own text, and ties are taken as lost.

Sources: Levine and Feizi, "Deep partition aggregation: provable defenses against general
poisoning attacks", ICLR 2021.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np

from modelkeep.core import InputError, Measurement, ThreatModel
from modelkeep.models import Dataset, need
from modelkeep.models.intervals import clopper_pearson

MOST_ROWS: Final = 200_000  # on by default up to here
_ROWS_A_PART: Final = 88
_RADII: Final = (0, 1, 2, 5, 10, 20, 50, 100, 200)


@dataclass(frozen=True, slots=True)
class Ensemble:
    """One tree a part; ``None`` where a part is empty.

    Attributes:
        trees: fitted trees; their classes are label texts.
        classes: all labels, in order.
    """

    trees: tuple[Any, ...]
    classes: tuple[str, ...]

    def votes(self, data: Dataset) -> np.ndarray:
        """How many trees vote for each class, shape ``(n, classes)``."""
        rows = _encode(data)
        counts = np.zeros((len(data), len(self.classes)), dtype=int)
        places = {name: place for place, name in enumerate(self.classes)}
        for tree in self.trees:
            if tree is not None:
                own = np.array([places[name] for name in tree.classes_])
                counts[np.arange(len(data)), own[_leaders(tree, rows)]] += 1
        return counts


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is certain of each prediction.

    Attributes:
        predicted: places in ``classes``, shape ``(n,)``.
        radius: rows that may be added or removed without changing it, ``(n,)``.
        accuracy: certified accuracy; its curve goes over the number of rows.
    """

    predicted: np.ndarray
    radius: np.ndarray
    accuracy: Measurement


def partition_rows(data: Dataset, parts: int) -> np.ndarray:
    """The part of each row, by the hash of its values and label, shape ``(n,)``."""
    rows = np.ascontiguousarray(_encode(data))
    hashes = (
        hashlib.blake2b(row.tobytes() + label.encode(), digest_size=8).digest()
        for row, label in zip(rows, data.labels.tolist(), strict=True)
    )
    return np.array([int.from_bytes(found, "little") % parts for found in hashes], dtype=int)


def train_ensemble(data: Dataset, *, parts: int | None = None) -> Ensemble:
    """Train a tree on each part.

    Args:
        data: a table.
        parts: how many; by default one for every 88 rows.

    Raises:
        InputError: not a table, or no parts.
    """
    if data.kind != "tabular":
        raise InputError("certificates are made for tables only")
    count = max(1, len(data) // _ROWS_A_PART) if parts is None else parts
    if count < 1:
        raise InputError(f"{count} parts, want one or more")
    trees = need("sklearn.tree", "certificates")
    rows, places = _encode(data), partition_rows(data, count)
    order = np.lexsort((data.labels, *rows.T, places))  # the order of the rows must not count
    bounds = np.searchsorted(places[order], np.arange(count + 1))
    fitted = []
    for first, last in pairwise(bounds.tolist()):
        own = order[first:last]
        tree = trees.DecisionTreeClassifier(random_state=0) if len(own) else None
        fitted.append(tree.fit(rows[own], data.labels[own]) if tree is not None else None)
    return Ensemble(tuple(fitted), data.label_names())


def certify(ensemble: Ensemble, test: Dataset) -> Certificate:
    """Predict test rows, and how many training rows each prediction withstands."""
    votes = ensemble.votes(test)
    predicted = votes.argmax(axis=1)
    ordered = np.sort(votes, axis=1)
    second = ordered[:, -2] if votes.shape[1] > 1 else np.zeros(len(votes), dtype=int)
    radius = np.maximum((ordered[:, -1] - second - 1) // 2, 0)
    right = predicted == test.class_indices(ensemble.classes)
    curve = [
        (float(rows), float((right & (radius >= rows)).mean()))
        for rows in _RADII
        if rows <= len(ensemble.trees) // 2
    ]
    low, high = clopper_pearson(int(right.sum()), len(right))
    accuracy = Measurement(
        "certified_accuracy",
        float(right.mean()),
        low,
        high,
        "fraction",
        len(right),
        attacker=ThreatModel("poisoning", "white box", "adds or removes training rows"),
        budget={"parts": len(ensemble.trees)},
        method="partition aggregation of decision trees; the curve is over rows",
        curve=tuple(curve),
    )
    return Certificate(predicted, radius, accuracy)


def _encode(data: Dataset) -> np.ndarray:
    """Rows as float32; a category as a number made of its text alone."""
    rows = data.rows.astype(np.float32)
    for index, column in enumerate(data.columns):
        if column.categories:
            codes = [_number(text) for text in column.categories]
            rows[:, index] = np.array(codes, dtype=np.float32)[rows[:, index].astype(int)]
    return rows + np.float32(0)  # -0.0 and 0.0 are one value


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=3).digest(), "little")


def _leaders(tree: Any, rows: np.ndarray) -> np.ndarray:  # noqa: ANN401 - scikit-learn has no types
    """Place of the leading class of each row, without scikit-learn's checks of the input."""
    leaves = tree.tree_.apply(rows)
    return np.asarray(tree.tree_.value[:, 0].argmax(axis=1)[leaves])
