"""Names of columns."""

from __future__ import annotations

from check_columns import bad, view
from modelkeep.data.checks import ColumnRules, ColumnsCheck, Schema

SCHEMA = Schema(1, columns={"a": ColumnRules(), "b": ColumnRules(optional=True)})


def test_missing_and_new_columns_are_named_and_optional_ones_are_not() -> None:
    check = ColumnsCheck(SCHEMA)
    assert bad(check, view(c=[1])) == []
    assert check.wrong == "'a' is missing; 'c' is not in the schema"
    fine = ColumnsCheck(SCHEMA)
    assert bad(fine, view(a=[1])) == []
    assert fine.wrong == ""
