"""One form for all trees: the same answers, and no node that points nowhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import InputError
from modelkeep.models.trees.ensemble import LEAF, at_most, below, joined, two_sided

ANY32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
ANY64 = st.floats(min_value=-3e38, max_value=3e38, allow_nan=False)


@given(ANY32, ANY64)
def test_a_threshold_in_float32_means_the_same_for_every_float32(
    value: float, threshold: float
) -> None:
    row = np.float32(value)
    assert (row <= at_most(np.array([threshold]))[0]) == (float(row) <= threshold)
    assert (row <= below(np.array([threshold]))[0]) == (float(row) < threshold)


@given(ANY32)
def test_a_value_at_the_threshold_itself(value: float) -> None:
    row = np.float32(value)
    assert row <= at_most(np.array([row]))[0]
    assert not row <= below(np.array([row]))[0]


def stump(**change: object) -> dict[str, np.ndarray]:
    return {
        "feature": np.array([1, LEAF, LEAF]),
        "threshold": np.array([0.5, 0, 0]),
        "left": np.array([1, 0, 0]),
        "right": np.array([2, 0, 0]),
        "value": two_sided(np.array([0.0, -1.0, 2.0])),
    } | {name: np.array(value) for name, value in change.items()}


def test_leaves_add_up() -> None:
    both = joined([stump(), stump(feature=[0, LEAF, LEAF])], np.array([0.0, 0.25]), 2)
    rows = np.array([[0, 0], [1, 0], [1, 1]])
    assert both.scores(rows)[:, 1].tolist() == [-1.75, 1.25, 4.25]


@pytest.mark.parametrize(
    "change",
    [
        {"left": [3, 0, 0]},
        {"right": [0, 0, 0]},
        {"left": [-1, 0, 0]},
        {"feature": [2, LEAF, LEAF]},
        {"feature": [-7, LEAF, LEAF]},
        {"value": [[0, np.nan]] * 3},
    ],
)
def test_trees_that_point_nowhere_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(InputError):
        joined([stump(**change)], np.zeros(2), 2)
    with pytest.raises(InputError, match="no trees"):
        joined([], np.zeros(2), 2)
