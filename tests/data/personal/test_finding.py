"""One pass: found with row and span, masked, put aside when chance would give as many."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modelkeep.data import read_blocks
from modelkeep.data.personal import KINDS, Finder, Held


def held(tmp_path: Path, **columns: object) -> list[Held]:
    path = tmp_path / "d.parquet"
    pq.write_table(pa.table(columns), path)
    finder = Finder()
    for block in read_blocks(path, "parquet"):
        finder.add("d", "parquet", block)
    return finder.held()


def test_kind_row_span_and_mask_are_told(tmp_path: Path) -> None:
    (found,) = held(tmp_path, note=["none", None, "to ann@acme.io now"], n=[1, 2, 3])
    assert (found.column, found.kind, found.count) == ("note", "email address", 1)
    (span,) = found.spans
    assert (span.row, span.start, span.end, span.masked) == (2, 3, 14, "a**@****.*o")


def test_numbers_are_looked_at_as_texts(tmp_path: Path) -> None:
    (found,) = held(tmp_path, card=[4111111111111111, 5])
    assert (found.kind, found.spans[0].masked) == ("payment card", "4**************1")


def test_dictionary_columns_and_rows_of_later_blocks(tmp_path: Path) -> None:
    texts = ["x"] * 70_000 + ["DE89370400440532013000"]
    (found,) = held(tmp_path, a=pa.array(texts).dictionary_encode())
    assert (found.kind, found.spans[0].row) == ("bank account (IBAN)", 70_000)


def test_random_numbers_are_put_aside_and_cards_are_not(tmp_path: Path) -> None:
    seed = np.random.default_rng(3)
    numbers = seed.integers(10**15, 10**16, 5_000)
    assert [found.by_chance for found in held(tmp_path, n=numbers)] == [True]
    cards = [4111111111111111, 5555555555554444] * 100
    assert [found.by_chance for found in held(tmp_path, n=cards)] == [False]


def test_clean_columns_hold_nothing(tmp_path: Path) -> None:
    texts = ["42", "2026-11-24 12:30:45", "1.2.3", "10.0.0.1", "a @ b", "+1", ""]
    assert held(tmp_path, t=texts, x=[0.5] * 7, b=[True] * 7) == []


@pytest.mark.parametrize("unit", ["1", "1 ", "a.", "a@", "a.a@", "1.1.", "a:", "+1(", "DE12"])
def test_time_grows_with_the_length_only(unit: str) -> None:
    finder = Finder()
    started = time.process_time()
    finder.add_text("t", unit * (200_000 // len(unit)))
    assert time.process_time() - started < 2.5
    assert len(KINDS) == 6
