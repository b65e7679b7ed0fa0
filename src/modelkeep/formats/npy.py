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

MAGIC: Final = b"\x93NUMPY"
_HEADER_LIMIT: Final = 1 << 16
_TYPE_LIMIT: Final = 256  # characters
# Types NumPy reads without unpickling: byte order, kind, size, unit of a time.
_PLAIN: Final = re.compile(
    r"[<>|=]?(?P<kind>[biufcmMSUV])(?P<size>[0-9]{1,9})(\[[0-9]{0,9}[A-Za-z]{1,8}\])?|[<>|=]?\?"
)


@dataclass(frozen=True, slots=True)
class Header:
    """What the header says; ``data`` is the offset of the first byte after it."""

    descr: str
    shape: tuple[int, ...]
    objects: bool
    data: int


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
    head = read_exactly(source, 0, 8, "npy magic")
    if head[:6] != MAGIC or head[6] not in (1, 2, 3):
        raise MalformedArtifactError("not a NumPy array file")
    wide = head[6] >= 2
    width = 4 if wide else 2
    (length,) = struct.unpack(
        "<I" if wide else "<H", read_exactly(source, 8, width, "npy length")
    )
    if length > _HEADER_LIMIT:
        raise LimitExceededError(f"npy header of {length} bytes")
    data = 8 + width + length
    fields = _literal(read_exactly(source, 8 + width, length, "npy header"))
    descr, shape = fields.get("descr"), fields.get("shape")
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise MalformedArtifactError("npy header has no valid shape")
    objects = _holds_objects(descr)
    if not objects:
        _check_length(descr, shape, source.size - data)
    return Header(str(descr), shape, objects, data)


def _literal(raw: bytes) -> dict[str, object]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown escape in a field's name
            value = ast.literal_eval(raw.decode("latin-1").strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise MalformedArtifactError(f"npy header is no literal: {error}") from error
    if not isinstance(value, dict):
        raise MalformedArtifactError("npy header is no dictionary")
    return value


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


def _check_length(descr: object, shape: tuple[int, ...], available: int) -> None:
    found = _PLAIN.fullmatch(descr) if isinstance(descr, str) else None
    if found is None or 0 in shape:
        return  # a structured type: its length is not this simple
    size = int(found["size"] or 1) * (4 if found["kind"] == "U" else 1)
    for extent in shape:
        size *= extent
        if size > available:
            raise MalformedArtifactError(
                f"npy data holds {available} bytes, its shape needs more"
            )


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``Header``; objects are a pickle behind it."""
    header = read_header(source, budget)
    reading.document = header
    if header.objects:
        rest = cut(source, header.data, source.size - header.data)
        reading.parts.append(part(rest, "objects"))


FORMAT: Final = Format("npy", looks_like, read, first=MAGIC[:1])
