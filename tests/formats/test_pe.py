"""PE: two letters are not enough."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.native_program import NativeProgram
from modelkeep.formats.pe import looks_like, read
from samples import VALID, budget


def pe(flags: int = 0x22, at: int = 64) -> bytes:
    """The beginning of a PE file."""
    dos = b"MZ" + b"\0" * 58 + struct.pack("<I", at)
    return (
        dos.ljust(at, b"\0") + b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 0, flags)
    )


@pytest.mark.parametrize("at", [64, 0x80, 5000])
@pytest.mark.parametrize(("flags", "kind"), [(0x22, "program"), (0x2022, "library")])
def test_its_kind_is_named(flags: int, kind: str, at: int) -> None:
    reading = Reading()
    data = pe(flags, at)
    read(MemorySource(data), budget(), reading)
    assert reading.document == NativeProgram(f"Windows {kind}")
    assert sniff(MemorySource(data)) == ("pe",)


def test_one_cut_short_is_still_named() -> None:
    reading = Reading()
    data = pe()[:70]
    assert looks_like(MemorySource(data))
    with pytest.raises(MalformedArtifactError):
        read(MemorySource(data), budget(), reading)
    assert reading.document == NativeProgram("Windows program")


@pytest.mark.parametrize("data", [*VALID.values(), b"", b"MZ", b"MZ" * 60, pe()[:60]])
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(b"MZ" + data))
    try:
        read(MemorySource(b"MZ" + data), budget(), Reading())
    except ModelkeepError:
        return
