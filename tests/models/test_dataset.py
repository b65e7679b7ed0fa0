"""One handle on rows, labels and columns."""

from __future__ import annotations

import numpy as np
import pytest

import model_samples as samples
from modelkeep.core import InputError
from modelkeep.models import Column, Dataset

CITY = Column("city", ("Bonn", "Ulm"))
MIXED = samples.table(np.array([[5.0, 1.0], [6.0, 0.0]]), "ab", Column("age"), CITY)


def test_categories_get_their_texts_back_and_numbers_stay() -> None:
    assert MIXED.decode(MIXED.rows).tolist() == [[5.0, "Ulm"], [6.0, "Bonn"]]
    numbers = samples.table(np.ones((2, 2)), "ab")
    assert numbers.decode(numbers.rows) is numbers.rows


def test_numeric_features_are_told_from_categories() -> None:
    assert MIXED.numeric.tolist() == [True, False]
    images = Dataset(samples.ANY_SUBJECT, np.zeros((1, 1, 2, 2)), np.array(["a"]), (), "image")
    assert images.numeric.shape == (1, 2, 2)
    assert images.numeric.all()


def test_some_rows_keep_their_labels_and_columns() -> None:
    part = MIXED.take(np.array([1]))
    assert (len(part), part.rows.tolist(), part.labels.tolist()) == (1, [[6.0, 0.0]], ["b"])
    assert part.columns == MIXED.columns


@pytest.mark.parametrize(
    ("labels", "classes", "places"),
    [
        ("b a b", "a b", [1, 0, 1]),
        ("b b", "a b c", [1, 1]),  # by name, although others are missing
        ("benign malign", "0 1", [0, 1]),  # in sorted order
        ("10 2 1", "0 1 2", [2, 1, 0]),  # sorted as numbers
        ("0.0 1.0", "0 1", [0, 1]),
    ],
)
def test_labels_are_matched_by_name_or_else_in_order(
    labels: str, classes: str, places: list[int]
) -> None:
    names = labels.split()
    data = samples.table(np.zeros((len(names), 1)), names)
    assert data.class_indices(tuple(classes.split())).tolist() == places


@pytest.mark.parametrize(
    ("labels", "classes"),
    [("a b", "x y"), ("a b c", "0 1"), ("a a", "0 1"), ("a 0", "0 1 2")],
)
def test_labels_that_cannot_be_matched_are_refused(labels: str, classes: str) -> None:
    names = labels.split()
    data = samples.table(np.zeros((len(names), 1)), names)
    with pytest.raises(InputError, match="do not match the model's") as caught:
        data.class_indices(tuple(classes.split()))
    assert "--label" in caught.value.hint


def test_labels_of_other_rows_are_refused() -> None:
    with pytest.raises(InputError) as error:
        Dataset(samples.ANY_SUBJECT, np.zeros((5, 2)), np.array(["a"] * 4))
    assert error.value.message == "rows: 5 rows and 4 labels"
    assert error.value.hint == "Give every row its label."
