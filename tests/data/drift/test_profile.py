"""Profiles of data sets."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from check_columns import block_of
from modelkeep.core import InputError
from modelkeep.data.drift import Profiler, profile_rows, read_profile


def test_numbers_texts_and_what_has_no_profile() -> None:
    profiler = Profiler()
    block = block_of(
        x=pa.array([1.0, 2.0, None, np.nan]),
        k=["a", "b", "a", ""],
        ids=[f"n {n}" for n in range(4)],
        lists=[[1], [2], [], None],
    )
    profiler.add("a", "parquet", block)
    many = [f"m {n}" for n in range(400)]
    more = block_of(x=[3.0] * 400, k=["a"] * 400, ids=many, lists=[[1]] * 400)
    profiler.add("a", "parquet", more)
    found = profiler.profile()
    assert (found.columns["x"].rows, found.columns["x"].missing) == (402, 2)
    assert found.columns["x"].edges == [1.0, 2.0, 3.0]
    assert found.columns["x"].shares[-1] == 1
    assert (found.columns["k"].counts, found.columns["k"].missing) == ({"a": 402, "b": 1}, 1)
    assert set(found.left_out) == {"ids", "lists"}
    assert read_profile(msgspec.json.encode(found), "p") == found


def test_what_is_no_profile_is_refused() -> None:
    with pytest.raises(InputError):
        read_profile(b"{}", "p")
    column = {"rows": 1, "missing": 0, "edges": [2.0, 1.0], "shares": [0.5, 1.0]}
    text = json.dumps({"version": 1, "rows": 1, "columns": {"a": column}})
    with pytest.raises(InputError, match="version 1"):
        read_profile(text.encode(), "p")


def test_rows_at_hand_have_the_profile_of_a_table() -> None:
    values = np.random.default_rng(2).normal(size=(500, 2))
    values[3, 1] = np.nan
    profiler = Profiler()
    profiler.add("a", "parquet", block_of(a=values[:, 0], b=values[:, 1]))
    assert profile_rows(values, ("a", "b")) == profiler.profile()
