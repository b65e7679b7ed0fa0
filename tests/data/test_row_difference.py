"""From tags to rows: changed, missing, extra, duplicated, reordered."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.data.row_difference import compare_rows

NAMES = ("changed", "missing", "extra", "duplicated", "reordered")
OLD = list(range(10, 20))


def compared(old: list[int], new: list[int]) -> dict[str, list[int]]:
    found = compare_rows(np.array(old, np.uint64), np.array(new, np.uint64))
    rows = {name: getattr(found, name).tolist() for name in NAMES}
    return {name: row for name, row in rows.items() if row}


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (OLD, {}),
        ([10, 99, *OLD[2:]], {"changed": [1]}),
        (OLD[:4] + OLD[5:], {"missing": [4]}),
        (OLD[1:], {"missing": [0]}),
        ([*OLD[:4], 99, *OLD[4:]], {"extra": [4]}),
        ([*OLD, 99], {"extra": [10]}),
        ([*OLD, 12], {"duplicated": [10]}),
        ([12, *OLD], {"duplicated": [0]}),
        ([11, 10, *OLD[2:]], {"reordered": [0, 1]}),
        ([10, 98, 12, *OLD[4:8], 99, 18, 19], {"changed": [1], "missing": [3], "extra": [7]}),
        ([10, 10, *OLD[2:8], 10, 19], {"changed": [1, 8]}),
        ([], {"missing": list(range(10))}),
    ],
)
def test_rows_are_named(new: list[int], expected: dict[str, list[int]]) -> None:
    assert compared(OLD, new) == expected


def test_changes_behind_an_insertion_keep_their_own_rows() -> None:
    new = [99, *OLD[:5], 98, *OLD[6:]]
    assert compared(OLD, new) == {"extra": [0], "changed": [6]}


def test_many_rows_are_matched_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelkeep.data.row_difference._LARGE", 10)
    old = list(range(1_000, 2_000))
    new = [7, *old[:500], *old[501:], 1_003]
    assert compared(old, new) == {"extra": [0], "missing": [500], "duplicated": [1_000]}


@given(
    old=st.lists(st.integers(0, 12), max_size=25), new=st.lists(st.integers(0, 12), max_size=25)
)
def test_counts_are_those_of_the_multisets(old: list[int], new: list[int]) -> None:
    found = compared(old, new)
    gone = sum((Counter(old) - Counter(new)).values())
    come = sum((Counter(new) - Counter(old)).values())
    changed = len(found.get("changed", []))
    assert changed + len(found.get("missing", [])) == gone
    rest = len(found.get("extra", [])) + len(found.get("duplicated", []))
    assert changed + rest == come
    assert bool(found) is (old != new)
    assert all(new[row] in old for row in found.get("duplicated", []))
    assert not any(new[row] in old for row in found.get("extra", []))
