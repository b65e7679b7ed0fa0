"""Ranges: the same bytes as from a file, few of them, and never more than allowed."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.sources import RangeSource
from modelkeep.sources.ranges import BLOCK

DATA = random.Random(0).randbytes(5 * BLOCK + 123)


class Elsewhere:
    """Bytes that count how they are fetched."""

    def __init__(self, data: bytes = DATA) -> None:
        self.data = data
        self.asked: list[tuple[int, int]] = []

    def __call__(self, start: int, stop: int) -> bytes:
        self.asked.append((start, stop))
        return self.data[start:stop]


def source(elsewhere: Elsewhere, **more: int) -> RangeSource:
    return RangeSource(len(elsewhere.data), elsewhere, **more)


@given(
    st.lists(st.tuples(st.integers(-5, len(DATA) + 5), st.integers(-5, 3 * BLOCK)), max_size=6)
)
def test_it_reads_like_the_bytes_it_shows(places: list[tuple[int, int]]) -> None:
    found = source(Elsewhere())
    for offset, length in places:
        expected = DATA[offset : offset + length] if offset >= 0 < length else b""
        assert found.read(offset, length) == expected


def test_a_header_costs_one_block_and_is_kept() -> None:
    elsewhere = Elsewhere()
    found = source(elsewhere)
    for _ in range(3):
        assert found.read(8, 100) == DATA[8:108]
    assert elsewhere.asked == [(0, BLOCK)]
    assert found.fetched == BLOCK


def test_reading_straight_on_fetches_more_and_more_at_once() -> None:
    data = bytes(40 * BLOCK)
    elsewhere = Elsewhere(data)
    found = source(elsewhere)
    for offset in range(0, len(data), 10_000):
        found.read(offset, 10_000)
    assert len(elsewhere.asked) < 10
    assert found.fetched == len(data), "nothing is fetched twice"


def test_a_long_read_is_one_request() -> None:
    elsewhere = Elsewhere()
    assert source(elsewhere).read(0, len(DATA)) == DATA
    assert elsewhere.asked == [(0, len(DATA))]


def test_what_is_kept_is_bounded() -> None:
    elsewhere = Elsewhere(bytes(300 * BLOCK))
    found = source(elsewhere)
    for block in (*range(0, 300, 2), 0):
        found.read(block * BLOCK, 1)
    assert len(found._blocks) <= 256
    assert found.read(299 * BLOCK, BLOCK) == bytes(BLOCK)


def test_more_than_one_file_may_cost_is_refused() -> None:
    found = source(Elsewhere(), limit=2 * BLOCK)
    found.read(0, 2 * BLOCK)
    with pytest.raises(LimitExceededError, match="MiB"):
        found.read(3 * BLOCK, 1)


def test_bytes_that_do_not_come_are_refused() -> None:
    found = RangeSource(100, lambda start, stop: b"x" * (stop - start - 1))
    with pytest.raises(MalformedArtifactError, match="99 of 100 bytes"):
        found.read(0, 10)
