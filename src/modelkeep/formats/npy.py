"""A NumPy .npy header: whether the array holds numbers or pickled objects.

Source: NumPy enhancement proposal 1 (format versions 1.0 to 3.0).
"""

from __future__ import annotations

import ast
import re
import struct
import warnings
from dataclasses import dataclass
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import (
    Budget,
    Format,
    Reading,
    Source,
    cut,
    part,
    read_exactly,
)
from modelkeep.formats.payloads import is_stream
from modelkeep.formats.remains import after

MAGIC: Final = b"\x93NUMPY"
_HEADER_LIMIT: Final = 1 << 16  # of what is parsed; blanks around it do not count
_LONGEST: Final = 1 << 24
_TYPE_LIMIT: Final = 256  # characters
# Types NumPy reads without unpickling: byte order, kind, size, unit of a time.
_PYTHON2_LONG: Final = re.compile(rb"(?<=[0-9])L(?=[,)\]\s])")
_PLAIN: Final = re.compile(
    r"[<>|=]?(?P<kind>[biufcmMSUV])(?P<size>[0-9]{1,9})(\[[0-9]{0,9}[A-Za-z]{1,8}\])?|[<>|=]?\?"
)


@dataclass(frozen=True, slots=True)
class Header:
    """What the header says.

    Attributes:
        data: offset of the first byte after it.
        end: offset behind the numbers, or ``None`` for objects, which end by themselves.
    """

    descr: str
    shape: tuple[int, ...]
    objects: bool
    data: int
    end: int | None = None


def looks_like(source: Source) -> bool:
    """Whether the file starts with the magic."""
    return source.read(0, 6) == MAGIC


def read_header(source: Source, budget: Budget) -> Header:
    """Parse the header.

    Raises:
        MalformedArtifactError: not a header, or numeric data shorter than its shape.
        LimitExceededError: the header is longer than 64 KiB.
    """
    budget.entry()
    start, data = _span(source)
    if data - start > _LONGEST:
        raise LimitExceededError(f"npy header of {data - start} bytes")
    fields = _literal(read_exactly(source, start, data - start, "npy header"))
    descr, shape = fields.get("descr"), fields.get("shape")
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise MalformedArtifactError("npy header has no valid shape")
    if _holds_objects(descr):
        return Header(str(descr), shape, objects=True, data=data)
    needed = _times(_item_size(descr), shape)
    if needed > source.size - data:
        raise MalformedArtifactError(
            f"npy data holds {source.size - data} bytes, its shape needs more"
        )
    return Header(str(descr), shape, objects=False, data=data, end=data + needed)


def _span(source: Source) -> tuple[int, int]:
    """Where the header's text starts and ends."""
    head = read_exactly(source, 0, 8, "npy magic")
    if head[:6] != MAGIC or head[6] not in (1, 2, 3):
        raise MalformedArtifactError("not a NumPy array file")
    wide = head[6] >= 2
    width = 4 if wide else 2
    (length,) = struct.unpack(
        "<I" if wide else "<H", read_exactly(source, 8, width, "npy length")
    )
    return 8 + width, 8 + width + length


def _literal(raw: bytes) -> dict[str, object]:
    raw = raw.strip()
    if len(raw) > _HEADER_LIMIT:
        raise LimitExceededError(f"npy header of {len(raw)} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown escape in a field's name
            value = _evaluate(raw)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise MalformedArtifactError(f"npy header is no literal: {error}") from error
    if not isinstance(value, dict):
        raise MalformedArtifactError("npy header is no dictionary")
    return value


def _evaluate(raw: bytes) -> object:
    """The literal; Python 2 wrote long integers with an L, and NumPy reads them yet."""
    try:
        return ast.literal_eval(raw.decode("latin-1"))
    except SyntaxError:
        plain = _PYTHON2_LONG.sub(b"", raw)
        if plain == raw:
            raise
        return ast.literal_eval(plain.decode("latin-1"))


def _holds_objects(descr: object) -> bool:
    """Whether NumPy might unpickle; anything but a plain type counts as if it would."""
    if isinstance(descr, str):
        if not descr.isascii() or len(descr) > _TYPE_LIMIT:
            raise MalformedArtifactError(f"npy header names no type: {descr[:40]!r}")
        return _PLAIN.fullmatch(descr) is None
    if isinstance(descr, list):
        return any(
            not isinstance(part, tuple) or len(part) < 2 or _holds_objects(part[1])
            for part in descr
        )
    if isinstance(descr, tuple) and len(descr) == 2:  # a type and its shape
        return _holds_objects(descr[0])
    return True


def _item_size(descr: object) -> int:
    """Bytes of one item of a type that holds no objects.

    Raises:
        MalformedArtifactError: a field has a shape that is none.
    """
    if isinstance(descr, str):
        found = _PLAIN.fullmatch(descr)
        size = int(found["size"] or 1) if found else 0
        return size * 4 if found and found["kind"] == "U" else size
    if isinstance(descr, tuple):
        return _times(_item_size(descr[0]), descr[1])
    total = 0
    for field in descr if isinstance(descr, list) else []:
        size = _item_size(field[1])
        total += _times(size, field[2]) if len(field) > 2 else size
    return total


def _times(size: int, shape: object) -> int:
    """Bytes of so many items, no more than a number of 64 bits needs to be."""
    extents = shape if isinstance(shape, tuple) else (shape,)
    if not all(isinstance(extent, int) and extent >= 0 for extent in extents):
        raise MalformedArtifactError("npy header has a field without a valid shape")
    if 0 in extents:
        return 0
    for extent in extents:
        size = min(size * extent, 1 << 63)
    return size


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``Header``; objects are a pickle behind it.

    Behind a header that cannot be parsed there may be a pickle too: NumPy has its own
    opinion of what a header is.
    """
    try:
        header = read_header(source, budget)
    except MalformedArtifactError:
        _, data = _span(source)
        if data < source.size:
            reading.parts.append(part(cut(source, data, source.size - data), "objects"))
        raise
    reading.document = header
    if header.end is not None:
        numbers = cut(source, header.data, header.end - header.data)
        if is_stream(numbers):  # the numbers themselves are a pickle or an archive
            reading.parts.append(part(numbers, "numbers"))
        after(source, header.end, budget, reading)
    else:
        rest = cut(source, header.data, source.size - header.data)
        reading.parts.append(part(rest, "objects"))


FORMAT: Final = Format("npy", looks_like, read, first=MAGIC[:1])
