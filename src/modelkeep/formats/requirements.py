"""Requirement files of pip: one package or option on each line.

A model's environment is built from them before anything of the model is read.

Sources: PEP 508; pip documentation, requirements file format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from modelkeep.formats.interface import TEXT_FIRST, Budget, Format, Reading, Source

_LONGEST: Final = 1 << 20
_LINE: Final = re.compile(
    r"(?:[A-Za-z0-9][\w.\-]*+(?:\[[\w,.\- ]*+\])?+\s*+"
    r"(?:[=<>!~]{1,3}+\s*+[\w.*+!\-]++\s*+,?+\s*+){0,8}+(?:@\s*+\S++)?+"
    r"|-{1,2}[a-z][\w-]*+(?:[ =]\S++)?+|(?:git|hg|svn|https?|file)\S*://\S++|\.{0,2}/\S++)"
    r"\s*+(?:;.*+)?+(?:--hash=\S++\s*+|\\\s*+)*+"
)
_TELLING: Final = re.compile(
    r"^[A-Za-z0-9][\w.\-\[\],]*\s*(?:[=<>!~]=|@\s*\S+://)|^--?(?:i|r|f|index|extra|find|trusted)"
    r"|://",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Requirements:
    """The lines of the file without comments, each with its number."""

    lines: tuple[tuple[int, str], ...]


def _lines(text: str) -> list[tuple[int, str]]:
    plain = (re.split(r"(?:^|\s)#", line)[0].strip() for line in text.splitlines())
    return [(number, line) for number, line in enumerate(plain, 1) if line]


def looks_like(source: Source) -> bool:
    """Whether every line is a requirement and one has a version, address or option."""
    if source.size > _LONGEST:
        return False
    try:
        text = source.read(0, source.size).decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    if "\0" in text or not _TELLING.search(text):
        return False
    return all(len(line) < 2000 and _LINE.fullmatch(line) for _, line in _lines(text))


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is ``Requirements``."""
    del budget  # one bounded read
    text = source.read(0, _LONGEST).decode("utf-8-sig", "replace")
    reading.document = Requirements(tuple(_lines(text)))


FORMAT: Final = Format("requirements", looks_like, read, first=TEXT_FIRST)
