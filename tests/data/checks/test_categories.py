"""Categories."""

from __future__ import annotations

import pyarrow as pa
import pytest

from check_columns import bad, view
from modelkeep.data.checks import CannotRunError, CategoryCheck


@pytest.mark.parametrize(
    ("cells", "allowed", "rows"),
    [
        (["a", "b", "a", None, ""], ["a", "b"], []),
        (["a", "c", "a"], ["a"], [1]),
        (pa.array(["a", "c", None]).dictionary_encode(), ["a"], [1]),
        ([1, 2, 3], ["1", "2"], [2]),
        ([True, False], ["true"], [1]),
        (["A"], ["a"], [0]),
    ],
)
def test_other_values_are_named(cells: object, allowed: list[str], rows: list[int]) -> None:
    assert bad(CategoryCheck("c", allowed), view(c=cells)) == rows


def test_lists_have_no_categories() -> None:
    with pytest.raises(CannotRunError, match="no categories"):
        bad(CategoryCheck("c", ["a"]), view(c=[[1]]))
