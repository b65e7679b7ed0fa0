"""One handle on a data set: rows, labels, column types, digest.

Rows are an array of numbers. A categorical column holds the code of its category
(its place in ``Column.categories``); ``decode`` gives the texts back to models and
steps that want them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from modelkeep.core import InputError, Subject

Kind = Literal["tabular", "image", "text"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; ``categories`` is empty for a numeric one."""

    name: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set in memory.

    Attributes:
        subject: name and digest of the file or folder.
        rows: shape ``(n, features)`` for a table, ``(n, channels, height, width)``
            in [0, 1] for images, both float32; shape ``(n,)`` of ``str`` for texts.
        labels: shape ``(n,)``, text.
        columns: of a table; empty for images and texts.
        kind: table, images or texts.
        names: labels that occur in this and the other data set of a check, in
            order; a part of the rows keeps them. Empty: those in ``labels``.

    Raises:
        InputError: there are not as many labels as rows.
    """

    subject: Subject
    rows: np.ndarray
    labels: np.ndarray
    columns: tuple[Column, ...] = ()
    kind: Kind = "tabular"
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse labels that belong to other rows."""
        if len(self.rows) != len(self.labels):
            raise InputError(
                f"{self.subject.name}: {len(self.rows)} rows and {len(self.labels)} labels",
                "Give every row its label.",
            )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def numeric(self) -> np.ndarray:
        """Which features are numeric; boolean of the shape of one row."""
        if not self.columns:
            return np.ones(self.rows.shape[1:], dtype=bool)
        return np.array([not column.categories for column in self.columns])

    def decode(self, rows: np.ndarray) -> np.ndarray:
        """Rows with category texts restored; unchanged where all columns are numeric."""
        if all(not column.categories for column in self.columns):
            return rows
        out = rows.astype(object)
        for index, column in enumerate(self.columns):
            if column.categories:
                names = np.array(column.categories, dtype=object)
                out[:, index] = names[rows[:, index].astype(int)]
        return out

    def label_names(self) -> tuple[str, ...]:
        """The labels there are, in order: numbers by value, then texts."""
        return self.names or tuple(sorted(set(self.labels.tolist()), key=label_order))

    def take(self, chosen: np.ndarray) -> Dataset:
        """Some rows; what the labels mean stays."""
        names = self.label_names()
        return replace(self, rows=self.rows[chosen], labels=self.labels[chosen], names=names)

    def together_with(self, other: Dataset | None) -> Dataset:
        """The same rows, knowing the labels of ``other`` besides its own."""
        theirs = other.label_names() if other is not None else ()
        names = tuple(sorted({*self.label_names(), *theirs}, key=label_order))
        return replace(self, names=names)

    def class_indices(self, classes: tuple[str, ...]) -> np.ndarray:
        """Labels as places in a model's classes, shape ``(n,)``.

        Labels are matched by name; where the model only numbers its classes and
        the names differ, in sorted order.

        Raises:
            InputError: they cannot be matched.
        """
        places = {name: index for index, name in enumerate(classes)}
        present = self.label_names()
        if any(label not in places for label in present):
            numbered = classes == tuple(str(index) for index in range(len(classes)))
            if not numbered or len(present) != len(classes):
                raise InputError(
                    f"{self.subject.name}: labels {list(present[:5])} do not match "
                    f"the model's {len(classes)} classes {list(classes[:5])}",
                    "Name the label column with --label.",
                )
            places = {label: index for index, label in enumerate(present)}
        return np.array([places[label] for label in self.labels.tolist()])


def label_order(label: str) -> tuple[int, float, str]:
    """Sort key of labels: numbers by value, then texts."""
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)
