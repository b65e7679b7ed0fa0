"""Fields of JSON lines as the checks see them."""

from __future__ import annotations

from check_columns import block_of
from modelkeep.data.checks import parse_schema, view_of


def test_quotes_come_off_and_null_is_missing() -> None:
    texts = ['"a"', "1.5", "null", None, '"q\\"x"', '""', '"\\u00fc"', "[1]"]
    cells = view_of(block_of(c=texts), "jsonl").column("c")
    assert cells.plain.to_pylist() == ["a", "1.5", None, None, 'q"x', "", "ü", "[1]"]


def test_other_formats_are_taken_as_they_are() -> None:
    cells = view_of(block_of(c=['"a"']), "csv").column("c")
    assert cells.plain.to_pylist() == ['"a"']


def test_texts_stand_for_numbers_where_the_schema_says_so() -> None:
    schema = parse_schema('version = 1\n[columns.a]\nlow = 0\n[columns.b]\ntype = "text"\n')
    view = view_of(block_of(a=["1"], b=["1"]), "csv", schema)
    assert [view.spelled(name) for name in "ab"] == [True, False]
