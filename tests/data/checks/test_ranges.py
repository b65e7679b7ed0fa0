"""Ranges of numbers and moments."""

from __future__ import annotations

import datetime as dt
import math

import pyarrow as pa
import pytest

from check_columns import bad, view
from modelkeep.data.checks import CannotRunError, RangeCheck

BIG = 2**53


@pytest.mark.parametrize(
    ("cells", "low", "high", "rows"),
    [
        ([1, 5, 9], 1, 9, []),
        ([1, 5, 9, None], 2, 8, [0, 2]),
        ([1, 5], None, 4, [1]),
        ([1, 5], 2, None, [0]),
        ([0.5, math.nan, 2.0, math.inf], 0, 1, [2, 3]),
        ([BIG, BIG + 1], None, BIG, [1]),
        (["1", "x", "", "30"], 0, 10, [1, 3]),
        (["1", "30"], 0, 10, [1]),
        (pa.nulls(2), 0, 1, []),
        ([None, 3], 0, 1, [1]),
    ],
)
def test_values_out_of_range_are_named(
    cells: object, low: float | None, high: float | None, rows: list[int]
) -> None:
    assert bad(RangeCheck("c", low, high), view(c=cells)) == rows


def test_moments_are_bounded_by_texts() -> None:
    moments = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (1, 2, 3)]
    check = RangeCheck("c", "2026-01-02T00:00:00Z", None)
    assert bad(check, view(c=pa.array(moments))) == [0]


@pytest.mark.parametrize(("cells", "low"), [([True], 0), ([[1]], 0), ([1], "2026-01-01")])
def test_what_has_no_such_order_cannot_run(cells: object, low: float | str) -> None:
    with pytest.raises(CannotRunError):
        bad(RangeCheck("c", low, None), view(c=cells))


def test_a_bound_that_is_no_moment_cannot_run() -> None:
    moments = pa.array([dt.date(2026, 1, 1)])
    with pytest.raises(CannotRunError, match="is no date32"):
        bad(RangeCheck("c", "tomorrow", None), view(c=moments))
