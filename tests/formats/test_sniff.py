"""Formats by content, never by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.formats import MemorySource, formats, sniff
from samples import VALID, mutants, raw_zip

FORMATS = tuple(formats())
_FORTRAN = """module foo
  type bar
    character(len = 4) :: text
  end type bar
  type(bar), parameter :: abar = bar('abar')
end module foo
"""


def kind(data: bytes) -> str:
    return sniff(MemorySource(data))[0]


@pytest.mark.parametrize("name", VALID)
def test_every_sample_is_recognised(name: str) -> None:
    assert kind(VALID[name]) == next(f for f in FORMATS if name.startswith(f))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"tjgg\3", "GGML (before GGUF)"),
        (b"PAR1", "Parquet"),
        (b"ARROW1\0\0", "Arrow"),
        (b"Rar!\x1a\x07\x01\0", "RAR"),
        (b"MSCF\0\0\0\0", "cabinet"),
        (b"0707010000", "cpio archive"),
        (b"hsqs\2\0", "squashfs image"),
        (b"SQLite format 3\0", "SQLite database"),
        (b"MZ\x90", "Windows program"),
        (b"MATLAB 5.0 MAT-file, Platform: GLNX86" + bytes(90), "MATLAB data"),
        (b"ORC\x0a\0\0", "ORC"),
        (b"\xde\x12\x04\x95\0\0\0\0\x7b\0\0\0\x1c\0\0\0", "message catalogue"),
        (b"\0\1\0\0\0\x12\1\0", "font"),
        (b"\x1c\0\0\0PTMF\0\0", "PyTorch mobile model"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "sound or picture (RIFF)"),
        (b"\x01\x02\x03\x04", "unknown binary content"),
        (b"text\0with nothing", "unknown binary content"),
        (b"\xff\xfeU\0", "unknown binary content"),
    ],
)
def test_what_has_no_reader_is_named(data: bytes, name: str) -> None:
    assert kind(data) == f"unread:{name}"


@pytest.mark.parametrize(
    "text",
    [
        "# Model card\n",
        "import of goods rose\n",
        "Größe 5 µm",
        "é" * 4000,
        "x" + "é" * 4000,
        "0.5,1.0\n2.5,3.0\n",
        "1.2.3\n",
        "2.0\n",
        ".. title::\n",
        ".DS_Store\n",
        "FORM 10-K of the year\n",
        "ORC is a format for columns\n",
        # Letters of a text that pass for the tags and lengths of a model.
        pytest.param(_FORTRAN, id="Fortran"),
        "curl x\n" * 90_000,
        "cat\ndog\n",
    ],
    ids=lambda text: text[:12],
)
def test_text_is_text(text: str) -> None:
    assert kind(text.encode()) == "text"


@pytest.mark.parametrize("text", ["The fox. ", "Behold: ", "X marks ", "BZh91AY "])
def test_a_long_text_is_no_pickle_though_its_first_letters_are_a_length(text: str) -> None:
    assert kind(text.encode() * 40_000) != "pickle"


def test_a_model_behind_many_fields_that_nobody_knows_is_found() -> None:
    junk = b"\x58\1" * 100_000 + b"\x5a\x0f" + b"x" * 15
    assert kind(junk + VALID["onnx"]) == "onnx"


def test_a_text_without_lines_is_no_pickle_though_it_begins_as_an_import() -> None:
    assert kind(b"curl " * 300_000) == "text"


def test_nothing_is_empty() -> None:
    assert kind(b"") == "empty"


def test_an_archive_behind_a_script_is_an_archive() -> None:
    assert kind(b"#!/bin/sh\n" + raw_zip()) == "zip"


@given(st.binary(max_size=100) | mutants("pickle", "zip", "tar", "s", "n", "o", "j", "u"))
def test_any_bytes_have_a_format(data: bytes) -> None:
    found = kind(data)
    assert found in {*formats(), "text", "empty"} or found.startswith("unread:")
