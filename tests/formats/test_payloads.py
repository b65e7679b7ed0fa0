"""Which values are streams of their own."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelkeep.formats.embedded import is_stream

from modelkeep.formats import MemorySource
from samples import PROTOCOLS, bomb, zip_of

PE = b"MZ" + b"\0" * 58 + struct.pack("<I", 64) + b"PE\0\0"


@pytest.mark.parametrize(
    "data",
    [
        *(bomb(protocol) for protocol in PROTOCOLS if protocol >= 2),
        b"cposix\nsystem\n(S'true'\ntR.",
        bomb(4)[:-1],
        zip_of({"a": b"b"}),
        b"\x7fELF\x02\x01\x01" + b"\0" * 9,
        PE,
        b"\x1f\x8b\x08" + b"\0" * 20,
    ],
)
def test_a_stream_is_one(data: bytes) -> None:
    assert is_stream(MemorySource(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04.",
        b"\x80\x03" + b"\0" * 20,
        b"MZ" + b"\0" * 70,
        b"MZ" * 40,
        b"cat\nsat on the\nmat.",
        b"can be read.\nyes.",
        b"words of a vocabulary",
        struct.pack("<8f", *range(8)),
    ],
)
def test_text_and_numbers_are_none(data: bytes) -> None:
    assert not is_stream(MemorySource(data))


@given(st.binary(max_size=80))
def test_any_bytes_are_judged(data: bytes) -> None:
    assert is_stream(MemorySource(data)) in (True, False)
