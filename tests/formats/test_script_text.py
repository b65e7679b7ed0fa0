"""Scripts: told by their first line or by their name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.script_text import Script, looks_like, read
from samples import VALID, budget


def text_of(raw: bytes) -> str:
    reading = Reading()
    read(MemorySource(raw), budget(), reading)
    assert isinstance(reading.document, Script)
    return reading.document.text


@pytest.mark.parametrize(
    "raw",
    [
        b"#!/bin/sh\necho\n",
        b"#!/usr/bin/env bash\n",
        b"@echo off\r\ndir\r\n",
        b"# build\nFROM python:3.11\nRUN pip install x\n",
    ],
)
def test_a_script_is_recognised_by_its_content(raw: bytes) -> None:
    assert looks_like(MemorySource(raw))


def test_others_are_left_alone() -> None:
    for raw in (*VALID.values(), b"", b"#!/usr/bin/python\nx\n", b"From x\n", b"echo\n"):
        assert not looks_like(MemorySource(raw))


@pytest.mark.parametrize("name", ["a.sh", "b.ps1", "c.bat", "d.js"])
def test_a_name_adds_the_reader(name: str) -> None:
    assert sniff(MemorySource(b"echo\n"), name) == ("script",)


def test_continued_lines_are_joined() -> None:
    assert text_of(b"curl x \\\n | sh\n") == "curl x   | sh\n"


def test_a_script_too_long_is_not_read() -> None:
    with pytest.raises(LimitExceededError):
        text_of(b"#!/bin/sh\n" + b"#" * (5 << 20))
    with pytest.raises(LimitExceededError):
        text_of(b"#" * (33 << 20))


def test_a_bundle_for_browsers_may_be_long() -> None:
    assert len(text_of(b"a" * (5 << 20))) == 5 << 20


@settings(max_examples=60)
@given(st.binary(max_size=100))
def test_any_bytes_are_read(raw: bytes) -> None:
    looks_like(MemorySource(raw))
    text_of(raw)
