"""What a radius means: units, limits, and which points count as near."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import model_samples as samples
from modelkeep.assess.radius import Space, space_of
from modelkeep.core import InputError
from modelkeep.models import Column, Dataset

COUNTED = np.arange(101.0)  # 1-99 % range: 1 to 99
COLUMNS = (Column("amount"), Column("city", ("Bonn", "Ulm")), Column("fixed"))
TRAIN = samples.table(
    np.stack([COUNTED, COUNTED % 2, np.full(101, 7.0)], axis=1), ["a"] * 101, *COLUMNS
)


def space() -> Space:
    return space_of(TRAIN, TRAIN)


def row(amount: float, city: float = 0.0) -> np.ndarray:
    return np.array([[amount, city, 7.0]], dtype=np.float32)


def test_a_radius_is_a_share_of_the_training_range_of_each_feature() -> None:
    low, high = space().box(row(50), 0.1)
    assert low[0] == pytest.approx([50 - 9.8, 0, 7])
    assert high[0] == pytest.approx([50 + 9.8, 0, 7])
    assert "1-99 %" in space().unit


def test_categories_and_constant_features_are_not_touched() -> None:
    assert space().scale.tolist() == pytest.approx([98, 0, 0])
    assert not space().contains(row(50), row(50, city=1), 0.5)[0]


def test_points_stay_within_the_values_seen_in_training() -> None:
    low, high = space().box(row(98), 0.1)
    assert (low[0, 0], high[0, 0]) == pytest.approx((88.2, 100))


def test_a_row_outside_the_training_values_may_stay_where_it_is() -> None:
    for amount, expected in ((120, (110.2, 120)), (-20, (-20, -10.2))):
        low, high = space().box(row(amount), 0.1)
        assert (low[0, 0], high[0, 0]) == pytest.approx(expected)
        assert space().contains(row(amount), row(amount), 0.1)[0]


@given(st.floats(0, 100), st.floats(0, 0.5), st.floats(-1, 1), st.floats(1.01, 3))
def test_points_within_the_radius_count_and_points_beyond_do_not(
    amount: float, radius: float, share: float, beyond: float
) -> None:
    step = 98 * radius
    inside = np.clip(amount + share * step, 0, 100)
    assert space().contains(row(amount), row(inside), radius)[0]
    outside = amount + (beyond * step + 0.1) * (1 if amount < 50 else -1)
    assert not space().contains(row(amount), row(outside), radius)[0]


def test_a_point_that_is_no_number_does_not_count() -> None:
    assert not space().contains(row(50), row(np.nan), 0.5)[0]


def test_pixels_are_limited_to_zero_and_one() -> None:
    rows = np.array([[[[0.0, 0.5], [0.98, 1.0]]]], dtype=np.float32)
    images = Dataset(samples.ANY_SUBJECT, rows, np.array(["a"]), (), "image")
    low, high = space_of(None, images).box(rows, 0.03)
    assert low[0, 0] == pytest.approx(np.array([[0, 0.47], [0.95, 0.97]]))
    assert high[0, 0] == pytest.approx(np.array([[0.03, 0.53], [1, 1]]))


def test_a_table_needs_its_training_rows() -> None:
    with pytest.raises(InputError, match="needs the training rows") as caught:
        space_of(None, TRAIN)
    assert "--data" in caught.value.hint
