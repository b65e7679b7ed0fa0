"""Values that must occur once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from check_columns import bad, view
from modelkeep.data.checks import UniquenessCheck


@settings(deadline=None)
@given(parts=st.lists(st.lists(st.none() | st.integers(0, 20), min_size=1), max_size=4))
def test_every_repeat_is_named_and_nothing_else(parts: list[list[int | None]]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - as the views need it

    views = [view(c=pa.array(part, pa.int64())) for part in parts]
    seen: set[int] = set()
    expected = []
    for row, value in enumerate(value for part in parts for value in part):
        if value is not None and value in seen:
            expected.append(row)
        seen.add(value if value is not None else -1)
    assert bad(UniquenessCheck(("c",)), *views) == expected


def test_combinations_count_not_columns() -> None:
    check = UniquenessCheck(("a", "b"))
    assert bad(check, view(a=["x", "x", "y", "x"], b=[1, 2, 1, 2])) == [3]


def test_empty_texts_are_left_alone() -> None:
    assert bad(UniquenessCheck(("c",)), view(c=["", "", "a", "a"])) == [3]


@pytest.mark.parametrize("first", [0, 5])
def test_a_rising_column_is_unique_until_it_falls(first: int) -> None:
    check = UniquenessCheck(("c",))
    views = view(c=np.arange(10)), view(c=np.arange(10, 20)), view(c=[first])
    assert bad(check, *views) == [20]


def test_many_rows_are_sorted_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelkeep.data.checks.uniqueness._PART", 100)
    monkeypatch.setattr("modelkeep.data.checks.uniqueness._HELD", 50)
    values = np.random.default_rng(0).permutation(1_000)
    values[[900, 950]] = values[[3, 4]]
    views = [view(c=values[first : first + 100]) for first in range(0, 1_000, 100)]
    assert bad(UniquenessCheck(("c",)), *views) == [900, 950]
