"""Types of cells, and texts that spell another type."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from check_columns import bad, view
from modelkeep.data.checks import CannotRunError, TypeCheck
from modelkeep.data.checks.types import matches


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("int", [1, None, -3]),
        ("float", [1.5, None]),
        ("float", [1, 2]),
        ("text", ["a", ""]),
        ("bool", [True, None]),
        ("moment", [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)]),
        ("other", [[1], [2]]),
        ("int", ["1", "-20", "", None, "3.0"]),
        ("float", ["1", ".5", "1e9", "nan", "-inf"]),
        ("moment", ["2026-01-31", "2026-01-31T10:00:00Z"]),
        ("int", pa.nulls(3)),
    ],
)
def test_cells_of_the_type_are_left_alone(kind: str, cells: object) -> None:
    assert bad(TypeCheck("c", kind), view(c=cells)) == []


@pytest.mark.parametrize(
    ("kind", "cells", "rows"),
    [
        ("int", ["1", "x", "", "1.5", "9" * 30], [1, 3, 4]),
        ("float", ["1", "1,5", "0x10"], [1, 2]),
        ("moment", ["2026-01-31", "31.1.2026", "2026-01-31x"], [1, 2]),
        ("int", [1.5, None], [0]),
        ("text", [1, 2], [0, 1]),
    ],
)
def test_others_are_named(kind: str, cells: object, rows: list[int]) -> None:
    assert bad(TypeCheck("c", kind), view(c=cells)) == rows
    if isinstance(cells, list) and isinstance(cells[0], str):
        coded = pa.array(cells).dictionary_encode()
        assert bad(TypeCheck("c", kind), view(c=coded)) == rows


def test_unknown_type_and_absent_column_cannot_run() -> None:
    with pytest.raises(CannotRunError, match="is no type"):
        bad(TypeCheck("c", "number"), view(c=[1]))
    with pytest.raises(CannotRunError, match="no column 'd'"):
        bad(TypeCheck("d", "int"), view(c=[1]))


def test_a_text_matches_as_a_whole_and_a_missing_one_does_not() -> None:
    cells = view(c=["ab", "abc", None, "ab\nc"]).column("c")
    assert matches(cells, "a|ab").tolist() == [True, False, False, False]
