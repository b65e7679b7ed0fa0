"""Rules over several columns."""

from __future__ import annotations

import pytest

from check_columns import bad, view
from modelkeep.data.checks import CannotRunError, RowCheck


def test_rows_that_break_it_are_named_and_its_columns_known() -> None:
    check = RowCheck("order", "low <= high")
    assert check.columns == ("low", "high")
    assert bad(check, view(low=[1, 3], high=[2, 2])) == [1]


def test_a_rule_that_is_none_cannot_run() -> None:
    check = RowCheck("order", "low <=> high")
    assert check.columns == ()
    with pytest.raises(CannotRunError):
        bad(check, view(low=[1], high=[2]))
