"""A program that carries a model: a llamafile or another executable with a zip behind it.

Such a file is one program for six systems (an "actually portable executable"), a shell script
and a zip at once. Its members are read by the reader of zips; this one only recognises it.

Sources: the llamafile and Cosmopolitan projects; Protect AI PAIT-LMAFL-300.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from modelkeep.formats.interface import Budget, Format, Reading, Source

_PORTABLE: Final = (b"MZqFpD='", b"jartsr='", b"APEDBG='")
_PROGRAMS: Final = (b"MZ", b"\x7fELF", b"#!", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_MODEL: Final = re.compile(
    rb"PK\x01\x02.{42}([^\0\n]{1,255}?\.(?:gguf|ggml|llamafile))", re.DOTALL
)
_TAIL: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Program:
    """What was recognised.

    Attributes:
        portable: whether it is one program for many systems.
        models: names of the models behind it.
    """

    portable: bool
    models: tuple[str, ...]


def _models(source: Source) -> tuple[str, ...]:
    """Models in the directory of the zip at the end."""
    start = max(0, source.size - _TAIL)
    tail = source.read(start, _TAIL)
    if b"PK\x05\x06" not in tail:
        return ()
    names = (match.group(1).decode("utf-8", "replace") for match in _MODEL.finditer(tail))
    return tuple(dict.fromkeys(names))


def looks_like(source: Source) -> bool:
    """Whether it is a portable program, or a program with a model in a zip behind it."""
    head = source.read(0, 8)
    if head.startswith(_PORTABLE):
        return True
    return head.startswith(_PROGRAMS) and bool(_models(source))


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``Program``; its members are read as those of the zip."""
    budget.entry()
    head = source.read(0, 8)
    reading.document = Program(head.startswith(_PORTABLE), _models(source))


FORMAT: Final = Format("llamafile", looks_like, read, first=b"MjA\x7f#\xcf\xca")
