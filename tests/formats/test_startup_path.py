"""Path files: lines of code among lines of paths; weights of the same suffix are none."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.startup_path import PathFile, looks_like, read
from samples import budget


def test_lines_that_import_are_code() -> None:
    raw = b"/some/path\nimport os; os.getcwd()\nimportant\nimport\tx\n# import y\n"
    reading = Reading()
    read(MemorySource(raw), budget(), reading)
    assert reading.document == PathFile(((2, "import os; os.getcwd()"), (4, "import\tx")))
    (code,) = reading.parts
    assert code.open().read(0, 99) == b"import os; os.getcwd()\nimport\tx"


def test_the_name_of_a_text_tells() -> None:
    assert "path file" in sniff(MemorySource(b"/a/path\n"), "a.pth")
    assert "path file" not in sniff(MemorySource(pickle.dumps([1], 4)), "w.pth")
    assert not looks_like(MemorySource(b"import os\n"))


def test_a_file_too_long_is_not_read() -> None:
    with pytest.raises(LimitExceededError):
        read(MemorySource(b"x" * (2 << 20)), budget(), Reading())


@settings(max_examples=60)
@given(st.binary(max_size=80))
def test_any_bytes_are_read(raw: bytes) -> None:
    read(MemorySource(raw), budget(), Reading())
