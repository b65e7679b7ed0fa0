"""Marshalled Python objects read as data: constants, and code objects that nobody runs.

CPython stores compiled code in this form, in ``.pyc`` files and wherever ``marshal.dumps``
was used: Keras Lambda layers, pickles of functions. The layout of a code object differs
between versions; it is told apart by the shape of its fields.

Sources: CPython ``Python/marshal.c``, versions 2.7 and 3.0 to 3.14.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import (
    Budget,
    Format,
    MemorySource,
    Part,
    Reading,
    Source,
    part,
)

LONGEST: Final = 32 * 2**20
_DEEPEST: Final = 60
_WORTH_READING: Final = 16
_ADDRESS: Final = re.compile(rb"[a-z][a-z\d+.-]*://[!-~]*")
_REF: Final = 0x80
_SINGLE: Final = {ord("N"): None, ord("T"): True, ord("F"): False, ord("."): ..., ord("S"): ...}
_TEXTS: Final = b"uaAzZt"
_SEQUENCES: Final = b"()[<>"
# Integers in front of the byte code, for each layout of a code object; the newest first.
_LAYOUTS: Final = (5, 6, 4)


@dataclass(frozen=True, slots=True)
class CodeObject:
    """What is in a code object.

    Attributes:
        name: of the function or module.
        names: global names, attributes and imports it uses.
        constants: its constants, code objects among them.
        filename: where its source was.
        size: how many bytes its byte code has.
    """

    name: str
    names: tuple[str, ...]
    constants: tuple[object, ...]
    filename: str
    size: int

    def walk(self) -> Iterator[CodeObject]:
        """This code object and all within it."""
        waiting: list[object] = [self]
        seen = 0
        while waiting and seen < 100_000:
            item = waiting.pop()
            seen += 1
            if isinstance(item, CodeObject):
                yield item
                waiting += reversed(item.constants)
            elif isinstance(item, tuple):
                waiting += reversed(item)


@dataclass(slots=True)
class _Reader:
    data: bytes
    budget: Budget
    layout: int
    at: int = 0
    refs: list[object] = field(default_factory=list[object])
    strings: list[object] = field(default_factory=list[object])
    depth: int = 0

    def take(self, length: int) -> bytes:
        if length < 0 or self.at + length > len(self.data):
            raise MalformedArtifactError(f"marshalled data ends at {len(self.data):#x}")
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self) -> int:
        return int(struct.unpack("<i", self.take(4))[0])

    def count(self) -> int:
        count = self.number()
        if count < 0 or count > len(self.data) - self.at:
            raise MalformedArtifactError(f"{count} marshalled items at {self.at:#x}")
        return count

    def read(self) -> object:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise LimitExceededError(f"marshalled data nested deeper than {_DEEPEST}")
        self.budget.operations(1)
        byte = self.take(1)[0]
        kind = byte & ~_REF
        place = -1
        if byte & _REF:
            place = len(self.refs)
            self.refs.append(None)
        value = self._value(kind)
        if place >= 0:
            self.refs[place] = value
        self.depth -= 1
        return value

    def _value(self, kind: int) -> object:
        if kind in _SINGLE:
            return _SINGLE[kind]
        if kind in _TEXTS:
            return self._text(kind)
        if kind in _SEQUENCES:
            count = self.take(1)[0] if kind == ord(")") else self.count()
            return tuple(self.read() for _ in range(count))
        if kind in b"rR":
            return self._reference(kind)
        return self._numeric(kind) if kind in b"iIgylfx" else self._compound(kind)

    def _compound(self, kind: int) -> object:
        if kind == ord("s"):
            return self.take(self.count())
        if kind == ord("c"):
            return self._code()
        if kind == ord("{"):
            return self._map()
        if kind == ord(":"):
            return tuple(self.read() for _ in range(3))
        raise MalformedArtifactError(f"unknown marshalled type {kind:#x} at {self.at - 1:#x}")

    def _reference(self, kind: int) -> object:
        place = self.number()
        table = self.strings if kind == ord("R") else self.refs
        if not 0 <= place < len(table):
            raise MalformedArtifactError(f"marshalled reference {place} leads nowhere")
        return table[place]

    def _numeric(self, kind: int) -> object:
        """A number; only its bytes are stepped over where nobody asks for it."""
        if kind == ord("i"):
            return self.number()
        if kind == ord("l"):
            self.take(2 * abs(self.number()))
            return 0
        if kind in b"fx":
            for _ in range(1 if kind == ord("f") else 2):
                self.take(self.take(1)[0])
            return 0.0
        if kind == ord("y"):
            return complex(*struct.unpack("<dd", self.take(16)))
        return struct.unpack("<d" if kind == ord("g") else "<q", self.take(8))[0]

    def _text(self, kind: int) -> str:
        count = self.take(1)[0] if kind in b"zZ" else self.count()
        raw = self.take(count)
        text = raw.decode("utf-8" if kind in b"ut" else "latin-1", "replace")
        if kind == ord("t"):
            self.strings.append(text)
        return text

    def _map(self) -> tuple[object, ...]:
        items: list[object] = []
        while self.at < len(self.data) and self.data[self.at] != ord("0"):
            items += [self.read(), self.read()]
        self.take(1)
        return tuple(items)

    def _code(self) -> CodeObject:
        for _ in range(self.layout):
            self.number()
        body, constants, names = self.read(), self.read(), self.read()
        if not isinstance(body, bytes) or not isinstance(constants, tuple):
            raise MalformedArtifactError("a code object of another layout")
        if not isinstance(names, tuple):
            raise MalformedArtifactError("a code object of another layout")
        rest = [self.read(), self.read()]
        newer = isinstance(rest[1], bytes) and self.layout == _LAYOUTS[0]
        rest += [self.read() for _ in range(2 if newer else 3)]
        if newer:  # 3.11 and later: a qualified name, and a table of handlers at the end
            self.read()
            self.number()
            self.read()
        else:
            self.number()
        self.read()
        used = tuple(_text_of(name) for name in names)
        return CodeObject(_text_of(rest[-1]), used, constants, _text_of(rest[-2]), len(body))


def _text_of(value: object) -> str:
    """A name, which Python 2 stored as bytes."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def read_marshal(data: bytes, budget: Budget) -> object:
    """Read one marshalled object.

    Raises:
        MalformedArtifactError: not marshalled data of a known version.
        LimitExceededError: too long or nested too deep.
    """
    if len(data) > LONGEST:
        raise LimitExceededError(f"marshalled data of {len(data)} bytes")
    problem: MalformedArtifactError | None = None
    for layout in _LAYOUTS:
        try:
            return _Reader(data, budget, layout).read()
        except MalformedArtifactError as error:
            problem = problem or error
    raise problem or MalformedArtifactError("no marshalled data")


def looks_like(source: Source) -> bool:
    """Whether the bytes are a marshalled code object."""
    if source.size > LONGEST or source.read(0, 1) not in {b"c", b"\xe3"}:
        return False
    if source.read(1, 4)[2:] != b"\0\0":  # a function of 65,536 arguments
        return False
    try:
        found = read_marshal(source.read(0, source.size), Budget())
    except MalformedArtifactError:
        return False
    return isinstance(found, CodeObject)


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``CodeObject``; bytes among its constants are its parts."""
    found = read_marshal(source.read(0, min(source.size, LONGEST + 1)), budget)
    if not isinstance(found, CodeObject):
        raise MalformedArtifactError("marshalled data that is no code")
    reading.document = found
    reading.parts += constants_of(found)


def constants_of(code: CodeObject) -> list[Part]:
    """Long byte strings of a code object, each to be read as what it is."""
    held = (item for inner in code.walk() for item in inner.constants)
    long = [item for item in held if isinstance(item, bytes) and _worth_reading(item)]
    return [part(MemorySource(item), f"constant {place}") for place, item in enumerate(long)]


def _worth_reading(item: bytes) -> bool:
    """Whether it is long enough to hold something, and more than an address by itself."""
    return len(item) >= _WORTH_READING and not _ADDRESS.fullmatch(item)


FORMAT: Final = Format("marshal", looks_like, read, first=b"c\xe3")
