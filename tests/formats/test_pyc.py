"""Compiled modules of every Python: recognised by their magic number."""

from __future__ import annotations

import importlib.util
import marshal
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import MalformedArtifactError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.marshal_data import CodeObject
from modelkeep.formats.pyc import looks_like, read
from samples import VALID, budget

CODE = marshal.dumps(compile("import os\nos.getcwd()\n", "m.py", "exec"))
PYC = importlib.util.MAGIC_NUMBER + bytes(12) + CODE
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
OTHERS = sorted(PYENV.glob("versions/*/bin/python"))


def document_of(data: bytes) -> object:
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    return reading.document


def test_a_module_is_read() -> None:
    assert sniff(MemorySource(PYC), "m.bin") == ("pyc",)
    code = document_of(PYC)
    assert isinstance(code, CodeObject)
    assert code.names == ("os", "getcwd")


@pytest.mark.parametrize(("magic", "header"), [(62211, 8), (3180, 8), (3230, 12), (3394, 16)])
def test_headers_grew_with_the_versions(magic: int, header: int) -> None:
    data = magic.to_bytes(2, "little") + b"\r\n" + bytes(header - 4) + CODE
    assert isinstance(document_of(data), CodeObject)


@pytest.mark.skipif(not OTHERS, reason="no other interpreters on this machine")
def test_what_other_interpreters_compile_is_read(tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text("import os\nclass A:\n    def f(self):\n        return os.getcwd()\n")
    for place, python in enumerate(OTHERS):
        out = tmp_path / f"{place}.pyc"
        script = f"import py_compile; py_compile.compile({str(source)!r}, {str(out)!r})"
        subprocess.run([python, "-c", script], check=True)
        code = document_of(out.read_bytes())
        assert isinstance(code, CodeObject)
        assert {"A", "f"} <= {inner.name for inner in code.walk()}


def test_ordinary_files_are_left_to_others() -> None:
    for data in (*VALID.values(), b"", b"ab\r\n", b"\x61\x0d\r", b"text\r\n"):
        assert not looks_like(MemorySource(data))


def test_every_beginning_is_malformed() -> None:
    for length in range(len(PYC)):
        with pytest.raises(MalformedArtifactError):
            document_of(PYC[:length])


def test_a_constant_is_no_module() -> None:
    with pytest.raises(MalformedArtifactError, match="without code"):
        document_of(PYC[:16] + marshal.dumps(1))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(junk: bytes) -> None:
    for data in (junk, PYC[:16] + junk):
        try:
            document_of(data)
        except MalformedArtifactError:
            continue
