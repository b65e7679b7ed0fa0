"""Budgets and views of bytes: a spent budget stops the reader, a view stays within itself."""

from __future__ import annotations

import time

import pytest

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats import Budget, Limits, MemorySource, Slice, Source, cut, read_exactly
from modelkeep.formats.interface import Preview, once
from samples import budget

SOURCE = MemorySource(bytes(range(100)))


def test_entries_are_counted_together_and_the_last_allowed_one_passes() -> None:
    counter = budget(entries=5)
    counter.entry()
    counter.entry(4)
    with pytest.raises(LimitExceededError, match="more than 5 entries"):
        counter.entry()


def test_operations_are_counted_together() -> None:
    counter = budget(operations=5)
    counter.operations(5)
    with pytest.raises(LimitExceededError, match="more than 5 steps"):
        counter.operations(1)


def test_unpacked_bytes_are_counted_together() -> None:
    counter = budget(unpacked_bytes=5)
    counter.unpack(5)
    with pytest.raises(LimitExceededError, match="more than 5 bytes in all"):
        counter.unpack(1)


@pytest.mark.parametrize(
    "act", [Budget.tick, Budget.entry, lambda b: b.operations(1), lambda b: b.unpack(1)]
)
def test_every_account_looks_at_the_clock(act: object) -> None:
    spent = Budget(Limits(seconds=0.0))
    until = time.process_time() + 0.001
    while time.process_time() <= until:
        pass
    with pytest.raises(LimitExceededError, match="CPU time"):
        act(spent)  # type: ignore[operator]


def test_a_slice_never_shows_what_lies_around_it() -> None:
    part = Slice(SOURCE, 10, 5)
    assert part.size == 5
    assert part.read(0, 99) == bytes(range(10, 15))
    assert part.read(3, 99) == bytes([13, 14])
    assert part.read(5, 1) == part.read(50, 10) == b""


def test_cuts_of_cuts_count_from_the_outermost_source() -> None:
    inner = cut(cut(cut(SOURCE, 10, 50), 5, 20), 2, 3)
    assert inner == Slice(SOURCE, 17, 3)
    assert inner.read(0, 10) == bytes([17, 18, 19])


def test_exactly_means_all_of_it() -> None:
    assert read_exactly(SOURCE, 98, 2, "tail") == bytes([98, 99])
    assert read_exactly(SOURCE, 100, 0, "nothing") == b""


@pytest.mark.parametrize(
    ("offset", "length"), [(99, 2), (101, 0), (-1, 1), (0, -1), (1 << 70, 1)]
)
def test_bytes_that_are_not_there_are_an_error_that_names_them(
    offset: int, length: int
) -> None:
    with pytest.raises(MalformedArtifactError, match=r"tail at .* ends at 0x64"):
        read_exactly(SOURCE, offset, length, "tail")


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 9000])
def test_a_preview_reads_as_its_source_does(size: int) -> None:
    source = MemorySource(bytes(n % 251 for n in range(size)))
    preview = Preview(source)
    for offset in (-1, 0, 1, 4090, 4096, size, size + 1):
        for length in (-1, 0, 1, 7, 4096, 20_000):
            assert preview.read(offset, length) == source.read(offset, length)
    assert (preview.size, preview.head) == (size, source.read(0, 4096))


def test_what_several_ask_of_a_preview_is_made_once() -> None:
    made = []

    def length(source: Source) -> int:
        made.append(source)
        return source.size

    preview = Preview(SOURCE)
    assert [once(preview, length), once(preview, length), once(SOURCE, length)] == [100] * 3
    assert len(made) == 2
