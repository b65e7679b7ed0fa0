"""The bytes of one zip member, under every story told about it.

Flags are not believed: plain data marked as encrypted is read, and encrypted data is
told by not being readable. Checksums are compared, and never decide what is read.

Source: PKWARE APPNOTE 6.3.10, sections 4.4.4, 4.4.5 and 5.8.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Budget, Source, cut
from modelkeep.formats.unpacking import (
    Decompressor,
    Inflate,
    Spool,
    Zstandard,
    bzip2,
    raw_lzma,
    xz,
)
from modelkeep.formats.zip_directory import Member, local

MARKED: Final = 0x1 | 0x20 | 0x40  # encrypted, a patch, strongly encrypted
_CHUNK: Final = 1 << 20
_AES: Final = 99
_METHODS: Final = {
    1: "Shrink", 2: "Reduce", 3: "Reduce", 4: "Reduce", 5: "Reduce", 6: "Implode",
    9: "Deflate64", 10: "DCL Implode", 18: "Terse", 19: "LZ77", 94: "MP3", 96: "JPEG",
    97: "WavPack", 98: "PPMd", 99: "AES",
}  # fmt: skip


@dataclass(slots=True)
class Unpacked:
    """What came out of a member.

    Attributes:
        source: the bytes, as far as they could be unpacked.
        rest: packed bytes behind the end of the compressed stream.
        error: why unpacking stopped, or ``None``.
        problem: what the directory says otherwise, or ``None``.
        bomb: a sentence if far too much came out.
    """

    source: Source
    rest: Source
    error: MalformedArtifactError | None = None
    problem: str | None = None
    bomb: str | None = None


def unpack(source: Source, member: Member, budget: Budget) -> Unpacked:
    """Unpack a member by its own story, with its data behind the local header.

    A stored member is a slice of the file.

    Raises:
        MalformedArtifactError: no local header, data that end behind the file, or a
            method that is not read.
    """
    _, start = local(source, member.header, member.name)
    there = min(member.packed, max(0, source.size - start))
    packed = cut(source, start, there)
    nothing = cut(packed, packed.size, 0)
    short = (
        MalformedArtifactError(f"zip member {member.name!r} ends behind the file")
        if there < member.packed
        else None
    )
    if member.method == 0:
        if short is not None:
            return Unpacked(packed, nothing, error=short)
        if member.flags & MARKED and member.packed == member.size + 12:
            raise _encrypted(member)  # twelve random bytes stand in front
        return Unpacked(packed, nothing, problem=_problem(packed, member))
    body, begin, size = _decompressor(packed, member, budget)
    spool = Spool(member.packed, budget, f"zip member {member.name!r}")
    found = Unpacked(packed, nothing)
    try:
        used = spool.fill(body, begin, size=size)
        if short is None:
            found.rest = cut(body, used, body.size - used)
    except MalformedArtifactError as error:
        found.error = _encrypted(member) if member.flags & MARKED and not spool.size else error
    found.source, found.bomb = spool.source(), spool.bomb()
    if found.error is None:
        found.problem = str(short) if short is not None else _problem(found.source, member)
    return found


def _encrypted(member: Member) -> MalformedArtifactError:
    return MalformedArtifactError(f"zip member {member.name!r} is encrypted, so not read")


def _problem(data: Source, member: Member) -> str | None:
    if data.size != member.size:
        return f"member {member.name!r} holds {data.size} bytes, its header says {member.size}"
    crc = 0
    for at in range(0, data.size, _CHUNK):
        crc = zlib.crc32(data.read(at, _CHUNK), crc)
    if crc != member.crc:
        return f"member {member.name!r} does not match its CRC"
    if member.flags & MARKED:
        return f"member {member.name!r} says it is encrypted and is not"
    return None


def _decompressor(
    packed: Source, member: Member, budget: Budget
) -> tuple[Source, Callable[[], Decompressor], int | None]:
    """The compressed stream, what unpacks it, and its size where no mark ends it."""
    simple: dict[int, Callable[[], Decompressor]] = {
        8: Inflate, 12: bzip2, 20: Zstandard, 93: Zstandard, 95: xz,
    }  # fmt: skip
    if member.method in simple:
        return packed, simple[member.method], None
    if member.method == 14:
        head = packed.read(0, 9)
        if len(head) < 9 or struct.unpack("<H", head[2:4]) != (5,):
            raise MalformedArtifactError(f"zip member {member.name!r} has no LZMA header")
        size = None if member.flags & 0x2 else member.size
        most = budget.limits.member_bytes
        return cut(packed, 9, packed.size - 9), lambda: raw_lzma(head[4:9], most), size
    if member.method == _AES:
        raise _encrypted(member)
    known = _METHODS.get(member.method)
    label = f"method {member.method}" + (f" ({known})" if known else "")
    raise MalformedArtifactError(
        f"zip member {member.name!r} is packed by {label}, which is not read"
    )
