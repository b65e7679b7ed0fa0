"""Schemas drafted from a sample."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from check_columns import block_of
from modelkeep.data.checks import Checker, ColumnRules, Drafter


def test_a_draft_says_what_the_sample_shows_and_passes_it() -> None:
    rows = 400
    block = block_of(
        id=np.arange(rows),
        age=pa.array([20 + n % 51 for n in range(rows)]),
        ratio=np.linspace(-1, 1, rows),
        kind=[("a", "b")[n % 2] for n in range(rows)],
        text=[f"t {n % 300}" for n in range(rows)],
        hole=pa.array([None if n % 7 == 0 else n % 3 for n in range(rows)]),
        flag=np.arange(rows) % 2 == 0,
        gone=pa.nulls(rows),
    )
    drafter = Drafter()
    drafter.add("a", "parquet", block)
    schema = drafter.schema()
    columns = schema.columns
    assert columns["id"] == ColumnRules(type="int", nulls=False, low=0, high=439, unique=True)
    assert columns["age"] == ColumnRules(type="int", nulls=False, low=15, high=75)
    assert columns["ratio"] == ColumnRules(type="float", nulls=False, low=-1.2, high=1.2)
    assert columns["kind"] == ColumnRules(type="text", nulls=False, categories=["a", "b"])
    assert columns["text"] == ColumnRules(type="text", nulls=False)
    assert columns["hole"].nulls
    assert columns["flag"].type == "bool"
    assert columns["gone"] == ColumnRules()
    checker = Checker(schema)
    checker.add("a", "parquet", block)
    assert {result.verdict for result in checker.results()} == {"pass"}


def test_texts_that_spell_numbers_are_numbers_and_wider_where_they_differ() -> None:
    drafter = Drafter()
    drafter.add("a.csv", "csv", block_of(n=["1", "2"], m=["1", "2"], w=["1", ""]))
    drafter.add("b.csv", "csv", block_of(n=["1.5", "2"], m=["x", "2"], w=["", ""]))
    columns = drafter.schema().columns
    assert [columns[name].type for name in "nmw"] == ["float", "text", "int"]


def test_a_column_some_files_lack_is_optional() -> None:
    drafter = Drafter()
    drafter.add("a", "parquet", block_of(a=[1, 2], b=[1, 1]))
    drafter.add("b", "parquet", block_of(a=[3, 4], c=[1, 1]))
    columns = drafter.schema().columns
    assert [columns[name].optional for name in "abc"] == [False, True, True]
