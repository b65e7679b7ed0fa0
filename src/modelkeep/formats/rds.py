"""R objects (``.rds``, ``.rda``) as data: what would be evaluated when they are used.

R writes language together with values: calls, closures, byte code, and promises, which
are expressions that run as soon as somebody looks at their value. The walk evaluates
nothing; it lists promises and the functions named in each piece of language.

Sources: R Internals, "Serialization Formats" (item types, flags); R ``serialize.c``;
CVE-2024-27322.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Source, read_exactly
from modelkeep.formats.rds_walk import Language, RObject, TextWalk, Walk

_ASCII: Final = re.compile(rb"A\n[23]\n[0-9]{5,7}\n")

__all__ = ["FORMAT", "Language", "RObject", "looks_like", "read"]


def looks_like(source: Source) -> bool:
    """Whether the bytes start as R writes them: a format letter, then a version."""
    head = source.read(0, 19)
    if head[:5] in (b"RDX2\n", b"RDX3\n", b"RDA2\n", b"RDA3\n"):
        return True
    if head[:2] == b"A\n":
        return _ASCII.match(head) is not None
    if head[:2] != b"X\n" or len(head) < 14:
        return False
    version, writer, reader = struct.unpack_from(">iii", head, 2)
    return version in (2, 3) and 0x10000 <= writer < 0x100000 and 0 < reader <= writer


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is an ``RObject``, from either of R's portable forms.

    Raises:
        MalformedArtifactError: an item the format does not allow, or the bytes end early.
        LimitExceededError: nested too deep.
    """
    found = RObject()
    reading.document = found
    start = 5 if source.read(0, 3) in (b"RDX", b"RDA") else 0
    letter = read_exactly(source, start, 2, "R format letter")
    if letter not in (b"X\n", b"A\n"):
        raise MalformedArtifactError(f"R format {letter!r} is not read, only XDR and text")
    kind = Walk if letter == b"X\n" else TextWalk
    walk = kind(source, budget, found)
    walk.at = start + 2
    version = walk.integer()
    walk.integer()
    walk.integer()
    if version == 3:
        walk.text(walk.length())
    walk.item()


FORMAT: Final = Format("rds", looks_like, read, first=b"XRA")
