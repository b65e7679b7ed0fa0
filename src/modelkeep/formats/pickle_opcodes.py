"""Pickle opcodes, decoded one by one from a source that is never held whole.

Arguments are decoded as the unpickler decodes them, not as ``pickletools`` does: it
takes integers in any base and memo keys with leading zeros, on which ``pickletools``
stops. Bytes and long texts are skipped, because no name is that long.

Source: CPython ``Lib/pickletools.py`` (opcode table), ``Modules/_pickle.c`` (arguments).
"""

from __future__ import annotations

import codecs
import pickletools
import struct
import warnings
from collections.abc import Iterator
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Source

LINE_LIMIT: Final = 1 << 20  # bytes of one newline-terminated argument
_NAME_LIMIT: Final = 1 << 16  # longest text that is read
_WINDOW: Final = 1 << 16
_LINE: Final = pickletools.UP_TO_NEWLINE
_PREFIX: Final = {
    pickletools.TAKEN_FROM_ARGUMENT1: struct.Struct("<B"),
    pickletools.TAKEN_FROM_ARGUMENT4: struct.Struct("<i"),
    pickletools.TAKEN_FROM_ARGUMENT4U: struct.Struct("<I"),
    pickletools.TAKEN_FROM_ARGUMENT8U: struct.Struct("<Q"),
}
# Per opcode byte: name and the shape of its argument (length, or one of the markers above).
_TABLE: Final = {
    ord(info.code): (info.name, 0 if info.arg is None else info.arg.n)
    for info in pickletools.opcodes
}
_TEXT: Final = frozenset({"BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"})
_BYTE_TEXT: Final = frozenset({"BINSTRING", "SHORT_BINSTRING"})
_HIGHEST_PROTOCOL: Final = 5


class _Window:
    """A source read in windows, with a position."""

    __slots__ = ("_at", "_buffer", "_source", "_start")

    def __init__(self, source: Source, start: int) -> None:
        self._source = source
        self._buffer = b""
        self._start = self._at = start

    @property
    def at(self) -> int:
        return self._at

    def take(self, length: int) -> bytes:
        begin = self._at - self._start
        data = self._buffer[begin : begin + length]
        if len(data) < length:
            self._start = self._at
            self._buffer = self._source.read(self._at, max(length, _WINDOW))
            data = self._buffer[:length]
        if len(data) < length:
            raise MalformedArtifactError("broken pickle: it ends before its STOP")
        self._at += length
        return data

    def skip(self, length: int) -> None:
        if length < 0 or self._at + length > self._source.size:
            raise MalformedArtifactError("broken pickle: it ends before its STOP")
        self._at += length

    def line(self) -> bytes:
        begin = self._at - self._start
        end = self._buffer.find(b"\n", begin) if 0 <= begin <= len(self._buffer) else -1
        if end < 0:
            self._start = self._at
            begin = 0
            self._buffer = self._source.read(self._at, _WINDOW)
            end = self._buffer.find(b"\n")
        if end < 0:
            self._buffer = self._source.read(self._at, LINE_LIMIT + 1)
            end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > LINE_LIMIT:
                raise LimitExceededError(f"pickle line longer than {LINE_LIMIT} bytes")
            raise MalformedArtifactError("broken pickle: a line does not end")
        data = self._buffer[begin:end]
        self._at += len(data) + 1
        return data

    def skip_to(self, at: int) -> None:
        begin = at - self._start
        if not 0 <= begin <= len(self._buffer):
            self._start = at
            self._buffer = b""
        self._at = at


def opcodes(source: Source, start: int) -> Iterator[tuple[str, object, int]]:
    """Yield name, argument and offset of every opcode up to and including STOP.

    The argument is text where the unpickler pushes text, a number for memo keys and
    extension codes, ``(module, name)`` for imports, else ``None``. STOP's argument
    is the offset behind it.

    Raises:
        MalformedArtifactError: an opcode or argument the unpickler would refuse.
        LimitExceededError: a line longer than 1 MiB.
    """
    window = _Window(source, start)
    while True:
        offset = window.at
        code = window.take(1)[0]
        if code not in _TABLE:
            raise MalformedArtifactError(f"broken pickle: no opcode {code:#04x} at {offset:#x}")
        name, shape = _TABLE[code]
        if shape == 0:
            if name == "STOP":
                yield name, window.at, offset
                return
            yield name, None, offset
        elif shape == _LINE:
            yield name, _line_argument(name, window), offset
        elif shape > 0:
            yield name, _fixed_argument(name, window.take(shape)), offset
        else:
            yield name, _sized_argument(name, window, _PREFIX[shape]), offset


def _fixed_argument(name: str, data: bytes) -> object:
    if name == "PROTO":
        if data[0] > _HIGHEST_PROTOCOL:
            raise MalformedArtifactError(f"broken pickle: protocol {data[0]}")
        return None
    return int.from_bytes(data, "little")


def _sized_argument(name: str, window: _Window, prefix: struct.Struct) -> object:
    (length,) = prefix.unpack(window.take(prefix.size))
    wanted = (name in _TEXT or name in _BYTE_TEXT) and length <= _NAME_LIMIT
    if not wanted:
        window.skip(length)
        window.skip_to(window.at)
        return None
    data = window.take(length)
    if name in _BYTE_TEXT:
        return data.decode("latin-1")
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise MalformedArtifactError(f"broken pickle: {error}") from error


def _line_argument(name: str, window: _Window) -> object:
    line = window.line()
    try:
        if name in {"GLOBAL", "INST"}:
            return line.decode("utf-8"), window.line().decode("utf-8")
        if name in {"GET", "PUT"}:
            return int(line)
        if name == "STRING":
            return _string(line)
        if name == "UNICODE":
            return line.decode("raw-unicode-escape")
        _check_number(name, line)
    except ValueError as error:
        raise MalformedArtifactError(f"broken pickle: {name} {error}") from error
    return None


def _check_number(name: str, line: bytes) -> None:
    if name == "FLOAT":
        float(line)
    elif name == "INT" and line not in (b"00", b"01"):
        int(line, 0)
    elif name == "LONG":
        int(line.removesuffix(b"L") or b"0", 0)


def _string(line: bytes) -> str:
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        raise ValueError("argument is not quoted")
    inner = line[1:-1]
    if b"\\" not in inner:
        return inner.decode("latin-1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unknown escape is kept as it stands
        decoded = codecs.escape_decode(inner)[0]
    return bytes(decoded).decode("latin-1")
