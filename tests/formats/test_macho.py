"""Mach-O: thin and universal, and never a Java class."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.macho import looks_like, read
from modelkeep.formats.native_program import NativeProgram
from samples import VALID, budget


def macho(kind: int, order: str = "<", magic: int = 0xFEEDFACF) -> bytes:
    """The beginning of a Mach-O file."""
    return struct.pack(f"{order}4I", magic, 0x0100000C, 0, kind) + b"\0" * 16


UNIVERSAL = struct.pack(">2I", 0xCAFEBABE, 2) + b"\0" * 40
JAVA = struct.pack(">IHH", 0xCAFEBABE, 0, 52) + b"\0" * 40


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "name"), [(2, "program"), (6, "library"), (99, "file")])
def test_its_kind_is_named(kind: int, name: str, order: str) -> None:
    reading = Reading()
    read(MemorySource(macho(kind, order)), budget(), reading)
    assert reading.document == NativeProgram(f"Mach-O {name}")
    assert sniff(MemorySource(macho(kind, order))) == ("macho",)


def test_a_universal_binary_is_named() -> None:
    reading = Reading()
    read(MemorySource(UNIVERSAL), budget(), reading)
    assert reading.document == NativeProgram("Mach-O universal binary")
    assert sniff(MemorySource(UNIVERSAL)) == ("macho",)


def test_one_cut_short_is_still_named() -> None:
    reading = Reading()
    data = macho(6)[:10]
    assert looks_like(MemorySource(data))
    with pytest.raises(MalformedArtifactError):
        read(MemorySource(data), budget(), reading)
    assert reading.document == NativeProgram("Mach-O file")


@pytest.mark.parametrize("data", [*VALID.values(), b"", JAVA, b"\xcf\xfa\xed\xff", b"\xce" * 9])
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        read(MemorySource(data), budget(), Reading())
    except ModelkeepError:
        return
