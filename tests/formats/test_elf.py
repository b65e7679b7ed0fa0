"""ELF: what kind of native code."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.elf import looks_like, read
from modelkeep.formats.native_program import NativeProgram
from samples import VALID, budget, prefixes


def elf(kind: int, order: str = "<") -> bytes:
    """The beginning of an ELF file."""
    ident = b"\x7fELF\x02" + (b"\1" if order == "<" else b"\2") + b"\1" + b"\0" * 9
    return ident + struct.pack(f"{order}HHI", kind, 62, 1) + b"\0" * 40


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "name"), [(2, "program"), (3, "shared library"), (9, "file")])
def test_its_kind_is_named(kind: int, name: str, order: str) -> None:
    reading = Reading()
    read(MemorySource(elf(kind, order)), budget(), reading)
    assert reading.document == NativeProgram(f"ELF {name}")
    assert sniff(MemorySource(elf(kind, order))) == ("elf",)


def test_one_cut_short_is_still_named() -> None:
    for text in prefixes(elf(3)[:20])[4:]:
        reading = Reading()
        assert looks_like(MemorySource(text))
        with pytest.raises(MalformedArtifactError):
            read(MemorySource(text), budget(), reading)
        assert reading.document == NativeProgram("ELF file")


@pytest.mark.parametrize("data", [*VALID.values(), b"", b"\x7fELG"])
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        read(MemorySource(data), budget(), Reading())
    except ModelkeepError:
        return
