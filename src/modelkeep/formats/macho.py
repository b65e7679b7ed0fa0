"""A Mach-O file: a macOS program, library or universal binary.

A universal binary begins with the same four bytes as a Java class; it counts its
architectures, few, where the class has its version, never below 45.

Source: Apple, mach-o/loader.h and mach-o/fat.h.
"""

from __future__ import annotations

import struct
from typing import Final

from modelkeep.formats.interface import Budget, Format, Reading, Source, read_exactly
from modelkeep.formats.native_program import NativeProgram

_ORDERS: Final = {
    b"\xfe\xed\xfa\xce": ">",
    b"\xfe\xed\xfa\xcf": ">",
    b"\xce\xfa\xed\xfe": "<",
    b"\xcf\xfa\xed\xfe": "<",
}
_FAT: Final = frozenset({b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"})
_KINDS: Final = {1: "object file", 2: "program", 6: "library", 8: "bundle"}
_MOST_ARCHITECTURES: Final = 20


def looks_like(source: Source) -> bool:
    """Whether it begins with the magic bytes; of a universal binary, with a short list."""
    head = source.read(0, 8)
    if head[:4] in _FAT:
        return 0 < int.from_bytes(head[4:8], "big") <= _MOST_ARCHITECTURES
    return head[:4] in _ORDERS


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``NativeProgram``."""
    budget.tick()
    reading.document = NativeProgram("Mach-O file")
    head = read_exactly(source, 0, 16, "Mach-O header")
    order = _ORDERS.get(head[:4])
    if order is None:
        reading.document = NativeProgram("Mach-O universal binary")
        return
    (kind,) = struct.unpack_from(f"{order}I", head, 12)
    reading.document = NativeProgram(f"Mach-O {_KINDS.get(kind, 'file')}")


FORMAT: Final = Format("macho", looks_like, read, first=b"\xfe\xce\xcf\xca")
