"""Protocol buffers: every field in place, nothing read beyond its message."""

from __future__ import annotations

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource
from modelkeep.formats.protobuf import Field, fields, outline
from samples import block, mutants, number, prefixes, varint


def read(data: bytes) -> list[Field]:
    return list(fields(MemorySource(data)))


numbers = st.integers(1, (1 << 29) - 1)
field = st.tuples(numbers, st.integers(0, (1 << 64) - 1) | st.binary(max_size=300))


@given(st.lists(field, max_size=8))
def test_fields_come_back_in_order_with_their_values(
    written: list[tuple[int, int | bytes]],
) -> None:
    data = b"".join(number(n, v) if isinstance(v, int) else block(n, v) for n, v in written)
    assert [
        (f.number, f.value if f.body is None else f.body.read(0, f.body.size))
        for f in read(data)
    ] == written


def test_fixed_numbers_are_little_endian() -> None:
    data = varint(1 << 3 | 1) + struct.pack("<Q", 7) + varint(2 << 3 | 5) + struct.pack("<I", 9)
    assert [(f.number, f.offset, f.value) for f in read(data)] == [(1, 0, 7), (2, 9, 9)]


def test_nested_messages_are_slices_that_count_from_the_outermost_source() -> None:
    (outer,) = read(block(1, number(3, 1) + block(2, b"deep")))
    assert outer.body is not None
    number_field, inner = fields(outer.body)
    assert (number_field.offset, inner.offset) == (0, 2)
    assert inner.body is not None
    assert (inner.body.start, inner.text()) == (6, "deep")


def test_text_is_cut_and_never_undecodable() -> None:
    (found,) = read(block(1, b"ab\xffcd"))
    assert (found.text(), found.text(2), Field(1, 0, 5).text()) == ("ab\\xffcd", "ab", "")


def test_a_message_cut_short_within_a_field_is_malformed() -> None:
    data = (
        block(1, b"x" * 200) + varint(5 << 3 | 5) + b"1234" + varint(6 << 3 | 1) + b"12345678"
    )
    whole = {0, 203, 208}
    for text in prefixes(data):
        if len(text) not in whole:
            with pytest.raises(MalformedArtifactError):
                read(text)


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00",
        b"\x0b",
        b"\x0c",
        b"\x0e",
        b"\x0f",
        b"\xff" * 11,
        b"\x08" + b"\x80" * 10 + b"\x01",
        block(1, b"")[:1] + b"\xff" * 9 + b"\x7f",
    ],
    ids=["field 0", "group", "end group", "wire 6", "wire 7", "tag", "number", "length"],
)
def test_what_the_format_does_not_allow_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedArtifactError):
        read(data)


@given(st.binary(max_size=200) | mutants("onnx"))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = read(data)
    except ModelkeepError:
        return
    for item in found:
        assert item.body is None or item.body.start + item.body.size <= len(data)


SMALL = st.sampled_from(
    [number(9, 300), block(3, b"x" * 15), b"\x0d1234", b"\x81\x0112345678", b"\x4b\x08\1\x4c"]
)


@given(st.lists(SMALL, max_size=200), st.lists(SMALL, max_size=200))
def test_an_outline_has_what_is_large_behind_any_run_of_small_fields(
    before: list[bytes], behind: list[bytes]
) -> None:
    data = b"".join(before) + block(7, b"y" * 16) + b"".join(behind) + block(8, b"z" * 300)
    found = outline(MemorySource(data))
    assert [f.body.size for n in (7, 8) for f in found.fields if f.body and f.number == n] == [
        16,
        300,
    ]
    assert not found.broken


def test_an_outline_has_every_field_of_an_ordinary_message() -> None:
    data = number(1, 8) + block(2, b"") + block(3, b"abc") * 50
    assert outline(MemorySource(data)).fields == read(data)


def test_an_outline_says_what_is_broken_or_cut_short() -> None:
    cut = outline(MemorySource(number(1, 1) + block(7, b"x" * 40)[:-1]))
    wrong = outline(MemorySource(number(1, 1) + b"\x0e"))
    assert (cut.broken, cut.cut_short, wrong.broken, wrong.cut_short) == (True, 7, True, 0)
    assert outline(MemorySource(b"\x80\4N.")).broken


@pytest.mark.parametrize("text", [b"curl ", b"1", b"[", b" ", b"\x12\0", b"\x0a\x02\x0a\0"])
def test_an_outline_of_a_long_text_is_short_and_soon_made(text: bytes) -> None:
    start = time.process_time()
    found = outline(MemorySource(text * 800_000))
    assert len(found.fields) <= 2048
    assert time.process_time() - start < 2
