"""Missing cells: null, empty text, NaN."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from check_columns import bad, view
from modelkeep.data.checks import NullCheck


@pytest.mark.parametrize(
    ("cells", "rows"),
    [
        ([1, 2], []),
        ([1, None, 3], [1]),
        ([1.0, math.nan, None], [1, 2]),
        (["a", "", None], [1, 2]),
        (["a", " "], []),
        (pa.array(["a", "", None]).dictionary_encode(), [1, 2]),
        (pa.nulls(2), [0, 1]),
        ([[1], None], [1]),
    ],
)
def test_missing_cells_are_named(cells: object, rows: list[int]) -> None:
    assert bad(NullCheck("c"), view(c=cells)) == rows
