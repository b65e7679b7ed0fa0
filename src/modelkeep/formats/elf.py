"""An ELF file: a Linux program or shared library.

Only the header is read, enough to say what it is; nobody needs to look further to
know that it is native code.

Source: System V ABI, chapter 4 (ELF header).
"""

from __future__ import annotations

import struct
from typing import Final

from modelkeep.formats.interface import Budget, Format, Reading, Source, read_exactly
from modelkeep.formats.native_program import NativeProgram

_KINDS: Final = {1: "object file", 2: "program", 3: "shared library", 4: "core dump"}


def looks_like(source: Source) -> bool:
    """Whether the file begins with the magic bytes."""
    return source.read(0, 4) == b"\x7fELF"


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``NativeProgram``."""
    budget.tick()
    reading.document = NativeProgram("ELF file")
    head = read_exactly(source, 0, 20, "ELF header")
    (kind,) = struct.unpack_from(">H" if head[5] == 2 else "<H", head, 16)
    reading.document = NativeProgram(f"ELF {_KINDS.get(kind, 'file')}")


FORMAT: Final = Format("elf", looks_like, read, first=b"\x7f")
