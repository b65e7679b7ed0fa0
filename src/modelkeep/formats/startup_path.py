"""Path files (``.pth``) of Python: lines that start with ``import`` run at every start.

Weights of PyTorch carry the same suffix; only a text is read as a path file.

Sources: CPython documentation of ``site``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from modelkeep.core import LimitExceededError
from modelkeep.formats.interface import Budget, Format, MemorySource, Reading, Source, part

_LONGEST: Final = 1 << 20
_IMPORT: Final = re.compile(r"import[ \t]")


@dataclass(frozen=True, slots=True)
class PathFile:
    """Lines that are run, each with its number."""

    code: tuple[tuple[int, str], ...]


def looks_like(source: Source) -> bool:
    """Never by content: a line of paths can be anything; the name tells."""
    del source
    return False


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``PathFile``; its code is a part."""
    del budget  # one bounded read
    if source.size > _LONGEST:
        raise LimitExceededError(f"path file of {source.size} bytes")
    lines = source.read(0, source.size).decode("utf-8-sig", "replace").splitlines()
    code = tuple((place, line) for place, line in enumerate(lines, 1) if _IMPORT.match(line))
    reading.document = PathFile(code)
    if code:
        text = "\n".join(line for _, line in code).encode()
        reading.parts.append(part(MemorySource(text), "code", "python cells"))


FORMAT: Final = Format("path file", looks_like, read, suffixes=frozenset({".pth"}))
