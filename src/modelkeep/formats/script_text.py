"""Scripts for shells, containers and browsers that lie beside a model, as plain text.

They are not parsed: their languages are many, and what makes them dangerous is in single
lines. A script is told by its first line or by its name.

Sources: POSIX shell command language; Dockerfile reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from modelkeep.core import LimitExceededError
from modelkeep.formats.interface import TEXT_FIRST, Budget, Format, Reading, Source

_LONGEST: Final = 4 * 2**20
_LONGEST_BUNDLE: Final = 32 * 2**20
"""What is named a script and starts no shell: pages are bundled into one file."""
_FIRST_LINE: Final = re.compile(
    rb"#!\s*(?:/usr)?/(?:local/)?s?bin/(?:env\s+(?:-S\s+)?)?(?:ba|da|z|k|c|tc|fi)?sh\b"
    rb"|#!\s*\S*(?:perl|ruby|node|pwsh|powershell)\b|@echo off\b"
    rb"|(?:\s*(?:#[^\n]*|ARG \w[^\n]*)\n)*\s*FROM \S+[^\n]*\n"
    rb"(?:[^\n]*\n)*?(?:RUN|CMD|COPY|ENTRYPOINT|ENV|WORKDIR) ",
    re.IGNORECASE,
)
_RECIPE: Final = re.compile(
    rb"^(?![ \t#])[\w.%$(){}/ -]{1,200}::?(?!=)[^\n=]{0,400}\n(?:[ \t]*\n|#[^\n]*\n)*\t[^\n]*",
    re.MULTILINE,
)
"""A target with a line of a recipe under it, indented by a tab as in a Makefile."""
_ASSIGNED: Final = re.compile(
    rb"^[A-Za-z_][\w.-]*[ \t]*(?::|\?|\+|!)?=[^\n]*\$\(shell ", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Script:
    """The text of a script, continued lines joined."""

    text: str


def looks_like(source: Source) -> bool:
    """Whether the first line names a shell, or the text begins like a container's recipe."""
    head = source.read(0, 4096)
    if _FIRST_LINE.match(head) is not None or _ASSIGNED.search(head) is not None:
        return True
    return b"\0" not in head and _RECIPE.search(head) is not None


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``Script``."""
    del budget  # one bounded read
    if source.size > (_LONGEST if looks_like(source) else _LONGEST_BUNDLE):
        raise LimitExceededError(f"script of {source.size} bytes")
    raw = source.read(0, source.size)
    text = raw.decode("utf-8-sig", "backslashreplace").replace("\0", "")
    reading.document = Script(re.sub(r"\\\r?\n|\^\r?\n|`\r?\n", " ", text))


FORMAT: Final = Format(
    "script",
    looks_like,
    read,
    first=TEXT_FIRST,
    suffixes=frozenset(
        ".sh .bash .zsh .ksh .bat .cmd .ps1 .psm1 .js .mjs .vbs .dockerfile .pl .rb".split()
    ),
)
