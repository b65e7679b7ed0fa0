"""Schemas on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import InputError
from modelkeep.data.checks import ColumnRules, RowRule, Schema, format_schema, parse_schema
from modelkeep.data.checks.schema_file import read_schema

NAMES = st.text(st.characters(codec="utf-8"), max_size=8)
BOUNDS = st.none() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | NAMES
RULES = st.builds(
    ColumnRules,
    type=st.sampled_from(["", "int", "text"]),
    nulls=st.booleans(),
    low=BOUNDS,
    high=BOUNDS,
    unique=st.booleans(),
    categories=st.none() | st.lists(NAMES, max_size=3),
    pattern=NAMES,
    optional=st.booleans(),
)
SCHEMAS = st.builds(
    Schema,
    version=st.just(1),
    closed=st.booleans(),
    unique_together=st.lists(st.lists(NAMES, max_size=2), max_size=2),
    columns=st.dictionaries(NAMES, RULES, max_size=3),
    rules=st.lists(st.builds(RowRule, name=NAMES, expression=NAMES), max_size=2),
)


@settings(deadline=None)
@given(schema=SCHEMAS)
def test_what_is_written_is_read_again(schema: Schema) -> None:
    assert parse_schema(format_schema(schema)) == schema


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version = 2",
        "version = 1\ntypo = 1",
        "version = 1\n[columns.a]\nminimum = 1",
        "version = 1\n[columns.a]\nlow = [1]",
        "version = ",
    ],
)
def test_what_is_no_schema_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_schema(text)


def test_a_file_that_is_gone_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_schema(tmp_path / "gone.toml")
    (tmp_path / "s.toml").write_bytes(b"\xff")
    with pytest.raises(InputError):
        read_schema(tmp_path / "s.toml")
