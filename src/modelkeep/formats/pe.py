"""A PE file: a Windows program or DLL.

Two letters begin such a file, too few to tell it from numbers; the offset in the DOS
header must lead to the second signature.

Source: Microsoft PE format ("MS-DOS stub", "COFF file header").
"""

from __future__ import annotations

import struct
from typing import Final

from modelkeep.formats.interface import Budget, Format, Reading, Source, read_exactly
from modelkeep.formats.native_program import NativeProgram

_LIBRARY: Final = 0x2000


def looks_like(source: Source) -> bool:
    """Whether the DOS header leads to a PE header."""
    at = _header(source)
    return at is not None and source.read(at, 4) == b"PE\0\0"


def _header(source: Source) -> int | None:
    head = source.read(0, 64)
    if head[:2] != b"MZ" or len(head) < 64:
        return None
    return int.from_bytes(head[60:64], "little")


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``NativeProgram``."""
    budget.tick()
    reading.document = NativeProgram("Windows program")
    coff = read_exactly(source, _header(source) or 0, 24, "PE header")
    (flags,) = struct.unpack_from("<H", coff, 22)
    kind = "Windows library" if flags & _LIBRARY else "Windows program"
    reading.document = NativeProgram(kind)


FORMAT: Final = Format("pe", looks_like, read, first=b"M")
