"""Python text: recognised only where it is a program, parsed within bounds, never lost."""

from __future__ import annotations

import ast
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.python_source import PythonSource, decode, looks_like, read, recover
from samples import VALID, budget

MODULE = (
    b'"""Doc."""\n'
    b"import torch\n"
    b"\n"
    b"\n"
    b"class Net(torch.nn.Module):\n"
    b"    def forward(self, x):\n"
    b"        return x.relu()\n"
)


def document_of(raw: bytes) -> PythonSource:
    reading = Reading()
    read(MemorySource(raw), budget(), reading)
    assert isinstance(reading.document, PythonSource)
    return reading.document


@pytest.mark.parametrize(
    "raw",
    [
        MODULE,
        b"\xef\xbb\xbf" + MODULE,
        b"# -*- coding: latin-1 -*-\nimport os  # caf\xe9\n",
        b"#!/usr/bin/env python\nfrom a import b\n",
        b"__import__('os').system('true')",
        b"# c\n" * 30_000 + b"import os\nos.getcwd()\n",
    ],
    ids=["module", "mark", "cookie", "shebang", "one line", "far down"],
)
def test_a_program_is_recognised_by_its_content(raw: bytes) -> None:
    assert looks_like(MemorySource(raw))
    assert "python" in sniff(MemorySource(raw), "weights.bin")


@pytest.mark.parametrize(
    "raw",
    [
        b"import tariffs rose again in spring.\n",
        b"# Model card\n\n```python\nimport torch\n```\n",
        b"import: x\nclass: y\n",
        b"a,b\n1,2\n",
        b"class Foo;\nimport java.util.List;\n",
        b"hello\n",
        b"1.0.0\n",
        b"\0\1\2\3import os\n",
        b"{% import 'x' as y %}{{ y.call() }}",
        b"",
        b"x = 1\n",
        *VALID.values(),
    ],
)
def test_what_is_no_program_is_left_to_others(raw: bytes) -> None:
    assert not looks_like(MemorySource(raw))


def test_a_name_adds_the_reader() -> None:
    assert sniff(MemorySource(b"x = 1\n"), "config.py") == ("python",)
    assert sniff(MemorySource(b"x = 1\n"), "config.txt") == ("text",)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"# coding: latin-1\nx='\xe9'", "# coding: latin-1\nx='\xe9'"),
        (b"\xef\xbb\xbfx=1", "x=1"),
        (b"# coding: utf-7\nx='+AGE-'", "# coding: utf-7\nx='a'"),
    ],
)
def test_bytes_are_decoded_as_python_decodes_them(raw: bytes, text: str) -> None:
    assert decode(raw) == text


@pytest.mark.parametrize(
    "raw", [b"# coding: nonsense\n", b"x='\xff'", b"\xef\xbb\xbf# coding: latin-1\n"]
)
def test_bytes_python_refuses_are_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedArtifactError, match="not Python source"):
        decode(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"import os\nprint 'x'\nos.system('true')\n",
        b"os.system('true')\n)\n",
        b"x = (\nos.system('true')\n",
        b"import os\0\nos.system('true')\n",
        b"class A:\n    def f(self):\n        print 'x'\n        os.system('true')\ng()\n",
        b"def f(:\n    pass\nos.system('true')\n",
        b"# coding: nonsense\nos.system('true')\n",
        b"# coding: rot13\nbf.flfgrz('gehr')\n",
    ],
)
def test_a_broken_program_is_malformed_and_keeps_its_calls(raw: bytes) -> None:
    reading = Reading()
    with pytest.raises(MalformedArtifactError):
        read(MemorySource(raw), budget(), reading)
    assert isinstance(reading.document, PythonSource)
    assert "system" in ast.dump(reading.document.tree)


def test_a_program_of_many_errors_is_given_up_in_time() -> None:
    start = time.process_time()
    recover("def f(:\n  os.system(1)\n" * 3000)
    assert time.process_time() - start < 30  # no hang; figures are for benchmarks


@pytest.mark.parametrize(
    "raw",
    [
        b"-" * 100_000 + b"1",
        b"1" + b"+1" * 100_000,
        b"f" + b"()" * 100_000,
        b"a" + b".b" * 100_000,
        b"if x: pass\n" + b"elif x: pass\n" * 20_000,
        b"lambda: " * 20_000 + b"1",
        b"a if b else " * 50_000 + b"c",
    ],
)
def test_what_is_nested_too_deep_is_a_limit_not_a_crash(raw: bytes) -> None:
    with pytest.raises(LimitExceededError, match="nested too deep"):
        read(MemorySource(raw), budget(), Reading())


def test_a_file_too_long_is_not_parsed() -> None:
    with pytest.raises(LimitExceededError, match="bytes"):
        read(MemorySource(b"#" * (9 << 20)), budget(), Reading())


def test_every_beginning_of_a_program_is_read_or_refused() -> None:
    for length in range(len(MODULE)):
        try:
            document_of(MODULE[:length])
        except MalformedArtifactError:
            continue


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))
)
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    looks_like(MemorySource(raw))
    reading = Reading()
    try:
        read(MemorySource(raw), budget(), reading)
    except MalformedArtifactError:
        assert reading.document is not None
