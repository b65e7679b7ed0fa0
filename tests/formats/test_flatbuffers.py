"""FlatBuffers: what is written comes back, and no offset leads outside."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_samples import flatbuffer
from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource
from modelkeep.formats.flatbuffers import Table, overlaps, root
from samples import budget, damage, prefixes

DATA = flatbuffer({0: ("I", 7), 1: "name", 3: [{0: ("b", -1)}, {}], 4: [1, -2], 5: {0: "x"}})


def read_all(data: bytes) -> list[object]:
    table = root(MemorySource(data))
    inner = table.table(5)
    return [
        table.scalar(0, "I"),
        table.text(1),
        [item.scalar(0, "b", 5) for item in table.tables(3, budget())],
        list(table.numbers(4, budget())),
        inner.text(0) if inner is not None else None,
    ]


def test_what_is_written_comes_back() -> None:
    assert read_all(DATA) == [7, "name", [-1, 5], [1, -2], "x"]


def test_a_field_that_is_not_there_has_its_default() -> None:
    table = root(MemorySource(DATA))
    assert (table.scalar(2, "I", 9), table.text(99), table.table(2)) == (9, "", None)
    assert (table.bytes(2), list(table.tables(9, budget()))) == (None, [])


def test_every_prefix_is_refused() -> None:
    for text in prefixes(DATA[:-8]):
        with pytest.raises(MalformedArtifactError):
            read_all(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xff\xff\xff",
        struct.pack("<Ii", 4, 100),  # its vtable lies before the file
        struct.pack("<Ii", 4, -100),  # its vtable lies behind the file
        struct.pack("<I4sHHHHiI", 16, b"", 6, 8, 4, 0, 8, 0xFFFFFFFF),
    ],
)
def test_an_offset_outside_the_file_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedArtifactError):
        list(root(MemorySource(data)).tables(0, budget()))


def test_a_vector_longer_than_the_file_is_refused_before_it_is_read() -> None:
    data = bytearray(flatbuffer({0: [1, 2]}))
    at = data.index(struct.pack("<Iii", 2, 1, 2))
    data[at : at + 4] = b"\xff\xff\xff\x7f"
    with pytest.raises(MalformedArtifactError, match="ends behind the file"):
        list(root(MemorySource(bytes(data))).numbers(0, budget()))


def test_elements_are_counted() -> None:
    table = root(MemorySource(flatbuffer({0: [{}] * 9})))
    with pytest.raises(LimitExceededError):
        list(table.tables(0, budget(operations=5)))


def test_overlaps_are_found_and_shared_ranges_are_none() -> None:
    assert overlaps([(0, 4), (4, 8), (0, 4), (8, 8)]) is None
    assert overlaps([(0, 4), (3, 8)]) == 3
    assert overlaps([(0, 9), (2, 3)]) == 2


def test_a_table_that_leads_to_itself_can_be_read() -> None:
    table = Table(MemorySource(struct.pack("<HHHHiI", 6, 8, 4, 0, 8, 0)), 8)
    assert table.scalar(0, "I") == 0


_EDITS = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 9), st.binary(max_size=6)), max_size=4
)


@given(st.binary(max_size=100) | st.builds(damage, st.just(DATA), _EDITS))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_all(data)
    except ModelkeepError:
        return
