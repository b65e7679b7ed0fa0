from __future__ import annotations

import numpy as np
import pytest

import digit_networks
from model_samples import Answering, context, normal, table, two_classes
from modelkeep.assess import importance
from modelkeep.assess.explanation.replacement import COVERED, SHUFFLED
from modelkeep.models import Dataset

ROWS = normal(200, 3)
DATA = table(ROWS, (ROWS[:, 1] > 0).astype(int).tolist())


def looking_at(row: int, column: int) -> Answering:
    """Class 1 where one pixel is bright, else class 0."""
    return Answering(lambda rows: two_classes(rows[:, 0, row, column].astype(float)))


def pictures() -> Dataset:
    rows, labels = np.zeros((60, 1, 8, 8), np.float32), np.arange(60) % 2
    return Dataset(digit_networks.data().subject, rows, labels.astype(str), (), "image")


def test_columns_are_shuffled_as_importance_does() -> None:
    given = context(Answering(lambda rows: two_classes(rows[:, 1] > 0)), None, DATA)
    found = SHUFFLED.explain(given)
    assert found.effects == ("column x0", "column x1", "column x2")
    np.testing.assert_array_equal(found.values, importance.importances(given))
    assert found.values.mean(axis=1).argmax() == 1


def test_the_region_a_model_looks_at_is_found_without_a_gradient() -> None:
    found = COVERED.explain(context(looking_at(2, 5), None, pictures()))
    means = found.values.mean(axis=1)
    assert found.grid == (1, 8, 8)
    assert found.effects[int(means.argmax())] == "rows 2, columns 5"
    assert means.max() == pytest.approx(0.5, abs=0.15)
    assert (np.sort(means)[:-1] == 0).all()


def test_each_says_what_it_needs() -> None:
    table_of = context(looking_at(0, 0), None, DATA)
    picture = context(looking_at(0, 0), None, pictures())
    assert COVERED.applies(table_of) == "only pictures have regions to cover"
    assert SHUFFLED.applies(picture) == "only the columns of a table are shuffled"
    assert "--test" in (COVERED.applies(context(looking_at(0, 0), None, None)) or "")
    assert SHUFFLED.applies(table_of) is None
    assert COVERED.applies(picture) is None
