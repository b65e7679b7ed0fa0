"""Marshalled code: every constant is read, whatever version wrote it, and nothing is run."""

from __future__ import annotations

import marshal
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.marshal_data import CodeObject, looks_like, read, read_marshal
from samples import VALID, budget

SOURCE = '''
import os
class A:
    """Doc."""
    def f(self, x, *, y=1.5):
        return [os.system("true") for _ in (1, 2**80, 3j, b"bytes that are long", None, ...)]
'''
CODE = marshal.dumps(compile(SOURCE, "modeling.py", "exec"))


def text27(value: bytes) -> bytes:
    return b"s" + struct.pack("<i", len(value)) + value


def old_code(ints: int) -> bytes:
    """A code object as Python 2.7 (4 integers) or 3.8 (6 integers) lays it out."""
    names = (
        b"("
        + struct.pack("<i", 2)
        + b"t"
        + struct.pack("<i", 2)
        + b"os"
        + (b"t" + struct.pack("<i", 6) + b"system")
    )
    empty = b"(" + struct.pack("<i", 0)
    words = text27 if ints == 4 else lambda raw: b"z" + bytes([len(raw)]) + raw
    return (
        b"c" + struct.pack("<i", 0) * ints + text27(b"d\0") + empty + names + empty * 3
        + words(b"m.py") + words(b"<module>") + struct.pack("<i", 97) + text27(b"")
    )  # fmt: skip


def test_code_of_this_python_is_read_whole() -> None:
    found = read_marshal(CODE, budget())
    assert isinstance(found, CodeObject)
    assert (found.name, found.filename) == ("<module>", "modeling.py")
    inner = {code.name: code for code in found.walk()}
    assert {"<module>", "A", "f"} <= set(inner)
    every = [name for code in inner.values() for name in code.names]
    assert {"os", "system"} <= set(every)


@pytest.mark.parametrize("version", range(5))
def test_every_version_of_the_format_is_read(version: int) -> None:
    value = (1, 2.5, "text", "ä" * 300, b"b" * 300, None, True, [1], {"k": (2,)}, 1 << 99, 2j)
    found = read_marshal(marshal.dumps(value, version), budget())
    assert isinstance(found, tuple)
    assert found[2:7] == value[2:7]  # of old floats only the place is known


@pytest.mark.parametrize("ints", [4, 6])
def test_code_of_older_pythons_is_read(ints: int) -> None:
    found = read_marshal(old_code(ints), budget())
    assert isinstance(found, CodeObject)
    assert found.names == ("os", "system")


def test_code_is_recognised_by_its_content() -> None:
    assert looks_like(MemorySource(CODE))
    assert sniff(MemorySource(CODE)) == ("marshal",)
    for data in (*VALID.values(), b"cos\nsystem\n(S'true'\ntR.", b"c", b"", b"csv,x\n"):
        assert not looks_like(MemorySource(data))


def test_long_constants_are_parts() -> None:
    reading = Reading()
    read(MemorySource(CODE), budget(), reading)
    assert [bytes(p.open().read(0, 99)) for p in reading.parts] == [b"bytes that are long"]


def test_an_address_by_itself_is_no_part() -> None:
    code = marshal.dumps(compile("a = b'http://example.com/long/enough'", "m", "exec"))
    reading = Reading()
    read(MemorySource(code), budget(), reading)
    assert not reading.parts


def test_every_beginning_is_malformed() -> None:
    for length in range(len(CODE)):
        with pytest.raises(MalformedArtifactError):
            read_marshal(CODE[:length], budget())


@pytest.mark.parametrize("data", [b"(\1\0\0\0" * 10_000, b")\1" * 10_000])
def test_nesting_is_bounded(data: bytes) -> None:
    with pytest.raises(LimitExceededError, match="nested deeper"):
        read_marshal(data, budget())


def test_a_count_is_not_believed() -> None:
    with pytest.raises(MalformedArtifactError):
        read_marshal(b"(\xff\xff\xff\x7f", budget())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=64), st.integers(0, len(CODE)), st.binary(max_size=4))
def test_any_bytes_are_read_or_refused(junk: bytes, at: int, edit: bytes) -> None:
    for data in (junk, b"\xe3" + junk, CODE[:at] + edit + CODE[at + len(edit) :]):
        looks_like(MemorySource(data))
        try:
            read_marshal(data, budget())
        except MalformedArtifactError:
            continue
