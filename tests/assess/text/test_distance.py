"""The banded distance says what the whole table says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.assess.text.distance import is_within

TEXTS = st.text("ab ", max_size=9)


def whole(one: str, other: str) -> int:
    """The textbook table, with nothing left out."""
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for at, theirs in enumerate(other, 1):
            step = min(above[at], current[-1]) + 1
            current.append(min(step, above[at - 1] + (letter != theirs)))
        above = current
    return above[-1]


@given(TEXTS, TEXTS, st.integers(0, 9))
def test_it_agrees_with_the_whole_table(one: str, other: str, most: int) -> None:
    assert is_within(one, other, most) == (whole(one, other) <= most)


@pytest.mark.parametrize(
    ("one", "other", "most", "near"),
    [
        ("", "", 0, True),
        ("word", "wrod", 1, False),
        ("word", "wrod", 2, True),
        ("a" * 5000 + "b", "a" * 5000 + "c", 1, True),
        ("a" * 5000, "b" * 5000, 3, False),
    ],
)
def test_edges(one: str, other: str, most: int, *, near: bool) -> None:
    assert is_within(one, other, most) is near
