"""Llamafiles: programs that carry a model in a zip behind them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gguf_samples import PLAIN, gguf_of
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.llamafile import Program, looks_like, read
from samples import budget, prefixes, read_streams, zip_of

ZIP = zip_of({"model.gguf": gguf_of(PLAIN), ".args": b"-m\nmodel.gguf\n"})
PORTABLE = b"MZqFpD='\n" + b"\0" * 200


def program_of(data: bytes) -> Program:
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    assert isinstance(reading.document, Program)
    return reading.document


@pytest.mark.parametrize(
    "head", [PORTABLE, b"jartsr='\n", b"\x7fELF\2\1", b"MZ\x90", b"#!/bin/sh\n"]
)
def test_a_program_with_a_model_is_recognised(head: bytes) -> None:
    assert looks_like(MemorySource(head + ZIP))
    assert program_of(head + ZIP).models == ("model.gguf",)


def test_its_members_are_read_as_those_of_the_zip() -> None:
    formats = {(s.location.member, s.format) for s in read_streams(PORTABLE + ZIP)}
    assert {("model.gguf", "gguf"), (None, "llamafile")} <= formats


def test_a_portable_program_is_recognised_alone_and_others_are_not() -> None:
    assert looks_like(MemorySource(PORTABLE))
    assert program_of(PORTABLE) == Program(portable=True, models=())
    plain = zip_of({"a.txt": b"model.gguf"})
    for data in (b"MZ\x90" + plain, b"\x7fELF\2", ZIP, b"#!/bin/sh\necho model.gguf", b"MZ"):
        assert not looks_like(MemorySource(data))


def test_any_beginning_is_read() -> None:
    for data in prefixes(PORTABLE + ZIP)[::9]:
        looks_like(MemorySource(data))
        program_of(data)


@given(st.binary(max_size=200).map(lambda tail: b"MZqFpD='" + tail))
def test_any_bytes_are_read(data: bytes) -> None:
    assert program_of(data).portable
