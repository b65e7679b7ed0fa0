"""Compiled Python modules (``.pyc``): a magic number, a short header, marshalled code.

The code is read as data, see ``marshal_data``; nothing is unmarshalled by Python itself.

Sources: CPython ``Lib/importlib/_bootstrap_external.py``; PEP 552.
"""

from __future__ import annotations

from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Source, read_exactly
from modelkeep.formats.marshal_data import LONGEST, CodeObject, constants_of, read_marshal

_PYTHON2: Final = range(50_000, 62_300)
_PYTHON3: Final = range(3000, 4000)
_WITH_SIZE: Final = 3190
"""Since 3.3 the header holds the size of the source."""
_WITH_FLAGS: Final = 3390
"""Since 3.7 it holds flags as well."""


def _magic(source: Source) -> int | None:
    head = source.read(0, 4)
    number = int.from_bytes(head[:2], "little")
    known = number in _PYTHON2 or number in _PYTHON3
    return number if known and head[2:] == b"\r\n" else None


def _header_size(magic: int) -> int:
    if magic in _PYTHON2 or magic < _WITH_SIZE:
        return 8
    return 12 if magic < _WITH_FLAGS else 16


def looks_like(source: Source) -> bool:
    """Whether the file starts with a magic number of CPython."""
    return _magic(source) is not None


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``CodeObject``; bytes among its constants are its parts."""
    magic = _magic(source)
    if magic is None:
        raise MalformedArtifactError("not compiled Python: no magic number")
    if source.size > LONGEST:
        raise LimitExceededError(f"compiled Python of {source.size} bytes")
    start = _header_size(magic)
    found = read_marshal(
        read_exactly(source, start, source.size - start, "compiled Python"), budget
    )
    if not isinstance(found, CodeObject):
        raise MalformedArtifactError("compiled Python without code")
    reading.document = found
    reading.parts += constants_of(found)


FORMAT: Final = Format("pyc", looks_like, read)
