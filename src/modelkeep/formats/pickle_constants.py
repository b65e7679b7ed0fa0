"""A constant of a pickle, read again from the opcode that pushed it.

The machine keeps places instead of values; the few values that matter are decoded
here. Arguments are decoded as the unpickler decodes them, not as ``pickletools`` does.

Source: CPython ``Lib/pickletools.py`` (argument shapes), ``Modules/_pickle.c``.
"""

from __future__ import annotations

import codecs
import pickletools
import re
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Source, cut

LINE_LIMIT: Final = 1 << 20  # bytes of one newline-terminated argument
SHORT: Final = 1 << 16  # longest constant that is decoded without being asked for more
_LONG_NUMBER: Final = re.compile(rb"\s*+[-+]?[1-9][0-9]{3999,}+\s*+")
_FIRST_LOOK: Final = 256
_CHUNK: Final = 1 << 20
_TRANSCODED: Final = 256 << 20
_PREFIX: Final = {
    pickletools.TAKEN_FROM_ARGUMENT1: struct.Struct("<B"),
    pickletools.TAKEN_FROM_ARGUMENT4: struct.Struct("<i"),
    pickletools.TAKEN_FROM_ARGUMENT4U: struct.Struct("<I"),
    pickletools.TAKEN_FROM_ARGUMENT8U: struct.Struct("<Q"),
}
_BY_CODE: Final = {ord(info.code): info for info in pickletools.opcodes}
_UTF8: Final = frozenset({"BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"})
_LATIN: Final = frozenset({"BINSTRING", "SHORT_BINSTRING"})
_BYTES: Final = frozenset({"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"})
_VALUES: Final = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}


class EndsTooSoonError(MalformedArtifactError):
    """The bytes end before the STOP of their pickle."""

    def __init__(self) -> None:
        super().__init__("broken pickle: it ends before its STOP")


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes or text too long to be decoded; still where they are."""

    source: Source


class Latin1:
    """Bytes written as text of code points below 256, as protocol 2 does; made when read."""

    def __init__(self, text: Source) -> None:
        self._text = text
        self._bytes: bytes | None = None

    def _made(self) -> bytes:
        if self._bytes is None:
            if self._text.size > _TRANSCODED:
                raise LimitExceededError(f"bytes written as a text of {self._text.size} bytes")
            try:
                text = self._text.read(0, self._text.size).decode("utf-8")
                self._bytes = text.encode("latin-1")
            except UnicodeError as error:
                raise MalformedArtifactError(f"broken pickle: {error}") from error
        return self._bytes

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self._made())

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``."""
        return self._made()[offset : offset + length] if offset >= 0 <= length else b""


@dataclass(frozen=True, slots=True)
class Other:
    """A value that is no constant: a container, or what only running would tell."""


OTHER: Final = Other()


def line_at(source: Source, at: int) -> bytes:
    """The bytes up to the next newline.

    Raises:
        EndsTooSoonError: there is none.
        LimitExceededError: it is further away than 1 MiB.
    """
    data = source.read(at, _FIRST_LOOK)
    end = data.find(b"\n")
    if end < 0:
        data = source.read(at, LINE_LIMIT + 1)
        end = data.find(b"\n")
    if end >= 0:
        return data[:end]
    if len(data) > LINE_LIMIT:
        raise LimitExceededError(f"pickle line longer than {LINE_LIMIT} bytes")
    raise EndsTooSoonError


def end_of_line(source: Source, at: int) -> int:
    """Where the next newline stands, however far away.

    Raises:
        EndsTooSoonError: there is none.
    """
    step = _FIRST_LOOK
    while at < source.size:
        found = source.read(at, step).find(b"\n")
        if found >= 0:
            return at + found
        at, step = at + step, _CHUNK
    raise EndsTooSoonError


def check_line(name: str, line: bytes) -> object:
    """The value of a line argument, decoded the way the unpickler does.

    Raises:
        MalformedArtifactError: the unpickler would refuse it.
    """
    try:
        return _LINES.get(name, _name)(line)
    except ValueError as error:
        raise MalformedArtifactError(f"broken pickle: {name} {error}") from error


def _name(line: bytes) -> str:
    return line.decode("utf-8")


def _int(line: bytes) -> int:
    if _LONG_NUMBER.fullmatch(line):
        return 0  # not worked out: that takes time, and newer versions refuse it
    return line == b"01" if line in (b"00", b"01") else int(line, 0)


def _long(line: bytes) -> int:
    return _int(line.removesuffix(b"L") or b"0")


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


_LINES: Final[dict[str, Callable[[bytes], object]]] = {
    "GET": int,
    "PUT": int,
    "FLOAT": float,
    "INT": _int,
    "LONG": _long,
    "STRING": _string,
    "UNICODE": lambda line: line.decode("raw-unicode-escape"),
}


def constant_at(source: Source, at: int, limit: int = SHORT) -> object:
    """The constant pushed by the opcode at ``at``.

    Returns:
        ``str``, ``bytes``, ``int``, ``float``, ``bool`` or ``None``; a ``Blob`` where it is
        longer than ``limit`` bytes; ``OTHER`` where the opcode pushes no constant.

    Raises:
        MalformedArtifactError: the unpickler would refuse the argument.
    """
    info = _BY_CODE[source.read(at, 1)[0]]
    name = info.name
    if name in _VALUES:
        return _VALUES[name]
    if (
        info.arg is None or name == "PERSID"
    ):  # what that stands for is up to the loading program
        return OTHER
    if info.arg.n in _PREFIX:
        return _sized(source, at + 1, name, _PREFIX[info.arg.n], limit)
    if info.arg.n == pickletools.UP_TO_NEWLINE:
        return check_line(name, line_at(source, at + 1))
    raw = source.read(at + 1, info.arg.n)
    if len(raw) < info.arg.n:
        raise EndsTooSoonError
    if name == "BINFLOAT":
        return struct.unpack(">d", raw)[0]
    return int.from_bytes(raw, "little", signed=name == "BININT")


def _sized(source: Source, at: int, name: str, prefix: struct.Struct, limit: int) -> object:
    length, start = _length(source, at, prefix)
    if name in ("LONG1", "LONG4"):
        return int.from_bytes(source.read(start, min(length, SHORT)), "little", signed=True)
    if length > limit:
        return Blob(cut(source, start, length))
    data = source.read(start, length)
    if name in _UTF8:
        return utf8(data)
    if name in _LATIN:
        return data.decode("latin-1")
    return data if name in _BYTES else OTHER


def check_text(source: Source, at: int) -> None:
    """Make sure that the text pushed by the opcode at ``at`` is UTF-8, however long it is.

    Raises:
        MalformedArtifactError: the unpickler would refuse it.
    """
    prefix = _PREFIX[_argument_shape(source, at)]
    length, start = _length(source, at + 1, prefix)
    if start + length > source.size:
        return  # it ends too soon, which the loop says
    decoder = codecs.getincrementaldecoder("utf-8")("surrogatepass")
    try:
        for done in range(0, length, _CHUNK):
            decoder.decode(source.read(start + done, min(_CHUNK, length - done)))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise MalformedArtifactError(f"broken pickle: {error}") from error


def _length(source: Source, at: int, prefix: struct.Struct) -> tuple[int, int]:
    """A length in front of its bytes, and where these start."""
    raw = source.read(at, prefix.size)
    if len(raw) < prefix.size:
        raise EndsTooSoonError
    return prefix.unpack(raw)[0], at + prefix.size


def _argument_shape(source: Source, at: int) -> int:
    info = _BY_CODE[source.read(at, 1)[0]]
    return 0 if info.arg is None else int(info.arg.n)


def utf8(data: bytes) -> str:
    """Text as the unpickler decodes it.

    Raises:
        MalformedArtifactError: it would not.
    """
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise MalformedArtifactError(f"broken pickle: {error}") from error
