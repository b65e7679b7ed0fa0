from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import model_samples as samples
from modelkeep.core import InputError
from modelkeep.models import Differentiable, OnnxModel, from_bytes
from modelkeep.models.wrappers import GroupThresholds, wrap
from wrapper_samples import around

ROWS = samples.normal(80, 4, seed=3)
INSIDE = from_bytes(samples.linear_onnx(samples.normal(4, 2, seed=2)))
shares = st.floats(0.02, 0.98)


def wrapped(column: int, cuts: tuple[float, ...], thresholds: tuple[float, ...]) -> OnnxModel:
    return around(GroupThresholds(column, cuts, thresholds), INSIDE.base(ROWS))


@settings(max_examples=25, deadline=None)
@given(column=st.integers(0, 3), thresholds=st.tuples(shares, shares, shares))
def test_each_row_is_answered_by_the_threshold_of_its_group(
    column: int, thresholds: tuple[float, float, float]
) -> None:
    cuts = (-0.5, float(np.float32(ROWS[7, column])))
    cuts = (min(cuts), max(cuts) + (cuts[0] == cuts[1]))
    limit = np.array(thresholds)[(ROWS[:, [column]] >= np.float32(cuts)).sum(axis=1)]
    positive = INSIDE.predict(ROWS)[:, 1]
    clear = np.abs(positive - limit) > 1e-5
    found = wrapped(column, cuts, thresholds).predict(ROWS)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert ((found[:, 1] >= 0.5) == (positive >= limit))[clear].all()
    by_odds = positive * (1 - limit) / (positive * (1 - limit) + (1 - positive) * limit)
    assert found[:, 1] == pytest.approx(by_odds, abs=1e-5)


def test_thresholds_of_one_half_change_nothing() -> None:
    found = wrapped(0, (0.0,), (0.5, 0.5)).predict(ROWS)
    assert found == pytest.approx(INSIDE.predict(ROWS), abs=1e-6)


def test_gradients_lead_through_and_the_file_is_what_it_says() -> None:
    model = wrapped(1, (0.25,), (0.3, 0.8))
    assert isinstance(model, Differentiable)
    assert model.wrapped is not None
    assert model.wrapped.wrapper == GroupThresholds(1, (0.25,), (0.3, 0.8))


@pytest.mark.parametrize(
    ("wrapper", "message"),
    [
        (GroupThresholds(4, (0.0,), (0.4, 0.6)), "no column 4 in rows of 4"),
        (GroupThresholds(-1, (0.0,), (0.4, 0.6)), "no column -1"),
        (GroupThresholds(0, (), (0.5,)), "cuts that rise, one at least"),
        (GroupThresholds(0, (1.0, 1.0), (0.4, 0.5, 0.6)), "cuts that rise"),
        (GroupThresholds(0, (0.0,), (0.4,)), "one more than there are cuts"),
        (GroupThresholds(0, (0.0,), (0.4, 1.0)), "between 0 and 1"),
    ],
)
def test_what_does_not_fit_is_refused(wrapper: GroupThresholds, message: str) -> None:
    with pytest.raises(InputError, match=message):
        wrap((INSIDE.base(ROWS),), wrapper)


def test_three_classes_have_no_threshold_between_two() -> None:
    three = from_bytes(samples.linear_onnx(samples.normal(4, 3)))
    with pytest.raises(InputError, match="two classes on a table"):
        wrap((three.base(ROWS),), GroupThresholds(0, (0.0,), (0.4, 0.6)))
