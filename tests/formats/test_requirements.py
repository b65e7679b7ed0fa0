"""Requirement files: recognised only where every line is one."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.requirements import Requirements, looks_like, read
from samples import VALID, budget

FILE = b"""# tools
numpy==1.26.4
torch>=2.0,<3 ; python_version > "3.8"
transformers[torch]~=4.40  # models
pkg @ https://host/pkg.whl
git+https://github.com/x/y@main#egg=y
--extra-index-url https://host/simple
-r other.txt
plain
"""


def test_a_file_is_recognised_and_read() -> None:
    assert sniff(MemorySource(FILE), "requirements.txt") == ("requirements",)
    reading = Reading()
    read(MemorySource(FILE), budget(), reading)
    assert isinstance(reading.document, Requirements)
    assert reading.document.lines[0] == (2, "numpy==1.26.4")
    assert reading.document.lines[2] == (4, "transformers[torch]~=4.40")
    assert reading.document.lines[4] == (6, "git+https://github.com/x/y@main#egg=y")


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\nworld\n",
        b"See https://host for more.\n",
        b"1.0.0\n",
        b"a,b\n1,2\n",
        b"numpy==1.0\nThis is a sentence of words.\n",
        b"",
        b"\xff\xfe",
        *VALID.values(),
    ],
)
def test_other_texts_are_left_alone(raw: bytes) -> None:
    assert not looks_like(MemorySource(raw))


@settings(max_examples=100)
@given(st.binary(max_size=100) | st.text("a=<>[]@:/-. ;#\n", max_size=200).map(str.encode))
def test_any_bytes_are_read(raw: bytes) -> None:
    looks_like(MemorySource(raw))
    read(MemorySource(raw), budget(), Reading())


@pytest.mark.parametrize(
    "line",
    [
        "pkg==1.0 --hash=sha256:ab \\",
        "pkg==1.0 --hash=sha256:ab --hash=sha256:cd",
        "pkg==1.0 \\",
        "pkg[a,b] >= 1.0 , < 2 ; python_version > '3'",
        "git+ssh://git@host/x.git",
        "-e ./pkg",
    ],
)
def test_ways_to_write_a_requirement(line: str) -> None:
    assert looks_like(MemorySource(f"other==1\n{line}\n".encode()))


@pytest.mark.parametrize(
    "line",
    ["a" + " " * 1990 + "!", "a=" * 990 + "!", "a" * 1900 + "[" + "a " * 40, "git" * 600],
)
def test_a_hostile_line_takes_linear_time(line: str) -> None:
    text = ("a==1\n" + f"{line}\n" * 400).encode()
    start = time.process_time()
    looks_like(MemorySource(text))
    assert time.process_time() - start < 1
