"""Files that are one compressed stream, or several behind each other, and nothing else.

Streams that follow each other are joined, as the programs do that open them. What follows the
last is a part of its own, and what came out before an error is read all the same.
They differ in nothing but how they begin and what unpacks them, so they are one table.

Sources: RFC 1950 (zlib), 1952 (gzip), 8878 (Zstandard); the .xz and LZ4 frame
descriptions; LZMA SDK ``lzma.txt``; joblib ``numpy_pickle_compat.py`` (ZFile).
"""

from __future__ import annotations

import lzma
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.contents import Contents
from modelkeep.formats.interface import Budget, Format, Reading, Source, cut, part
from modelkeep.formats.remains import behind_zeros
from modelkeep.formats.unpacking import (
    XZ_MEMORY,
    Decompressor,
    Inflate,
    Lz4,
    Spool,
    Zstandard,
    bzip2,
    xz,
)

_LONGEST_TEXT: Final = 1 << 16
_ZFILE: Final = re.compile(rb"ZF(0x[0-9a-f]{1,16}L?) *")
_ZFILE_HEADER: Final = 21  # two letters and 19 digits
_ZFILE_WIDER: Final = 22  # Python 2 wrote one blank more


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of stream.

    Attributes:
        begins: whether a stream begins at an offset.
        start: makes what unpacks it.
        skip: where its packed bytes begin, counted from its own start.
        tail: bytes behind the packed ones that belong to the stream.
    """

    begins: Callable[[Source, int], bool]
    start: Callable[[], Decompressor]
    skip: Callable[[Source, int], int] = lambda _source, _at: 0
    tail: int = 0


def _magic(*magics: bytes) -> Callable[[Source, int], bool]:
    longest = max(len(magic) for magic in magics)
    return lambda source, at: source.read(at, longest).startswith(magics)


def _gzip_header(source: Source, at: int) -> int:
    """Length of a gzip header.

    Raises:
        MalformedArtifactError: it does not end.
    """
    head = source.read(at, _LONGEST_TEXT)
    flags = head[3] if len(head) > 3 else 0
    length = 10
    if flags & 0x04:
        length += 2 + int.from_bytes(head[length : length + 2], "little")
    for bit in (0x08, 0x10):
        if flags & bit:
            length = head.find(b"\0", length) + 1 or len(head)
    length += 2 * bool(flags & 0x02)
    if length > len(head) or len(head) < 10:
        raise MalformedArtifactError("gzip header does not end (truncated?)")
    return length


def _begins_zstd(source: Source, at: int) -> bool:
    head = source.read(at, 4)
    skippable = len(head) == 4 and 0x50 <= head[0] <= 0x5F and head[1:] == b"\x2a\x4d\x18"
    return head == b"\x28\xb5\x2f\xfd" or skippable


def _begins_zlib(source: Source, at: int) -> bool:
    """Whether the two bytes add up and some bytes can be unpacked."""
    head = source.read(at, 4096)
    if len(head) < 8 or head[0] != 0x78 or (head[0] * 256 + head[1]) % 31 or head[1] & 0x20:
        return False
    return _yields(Inflate(15), head)


def _begins_lzma(source: Source, at: int) -> bool:
    """Whether the header is one that encoders write, and some bytes can be unpacked."""
    head = source.read(at, 4096)
    dictionary = int.from_bytes(head[1:5], "little")
    size = int.from_bytes(head[5:13], "little")
    usual = dictionary.bit_count() <= 2 and 4096 <= dictionary <= 1 << 30
    known = size == (1 << 64) - 1 or size < 1 << 38
    if len(head) < 14 or head[0] != 0x5D or not usual or not known or head[13]:
        return False
    return _yields(_lzma_alone(), head)


def _yields(decompressor: Decompressor, head: bytes) -> bool:
    try:
        made = decompressor.decompress(head, 1)
    except (ValueError, OSError, EOFError, lzma.LZMAError, zlib.error):
        return False
    return bool(made) or decompressor.eof


def _lzma_alone() -> Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=XZ_MEMORY)


def _zfile_header(source: Source, at: int) -> int:
    """Length of the header of joblib's old container; some writers filled it with blanks."""
    head = source.read(at, 32)
    found = _ZFILE.match(head)
    return min(found.end(), _ZFILE_WIDER) if found else _ZFILE_HEADER


def _begins_zfile(source: Source, at: int) -> bool:
    return _ZFILE.match(source.read(at, 32)) is not None


_KINDS: Final = {
    "gzip": (Kind(_magic(b"\x1f\x8b\x08"), Inflate, _gzip_header, 8), b"\x1f"),
    "bzip2": (Kind(_magic(*(b"BZh%d" % level for level in range(1, 10))), bzip2), b"B"),
    "xz": (Kind(_magic(b"\xfd7zXZ\0"), xz), b"\xfd"),
    "zstandard": (Kind(_begins_zstd, Zstandard), b"\x28" + bytes(range(0x50, 0x60))),
    "lz4": (Kind(_magic(b"\x04\x22\x4d\x18"), Lz4), b"\x04"),
    "lzma": (Kind(_begins_lzma, _lzma_alone), b"\x5d"),
    "zlib": (Kind(_begins_zlib, lambda: Inflate(15)), b"\x78"),
    "zfile": (Kind(_begins_zfile, lambda: Inflate(15), _zfile_header), b"Z"),
}


def _reader(name: str, kind: Kind) -> Callable[[Source, Budget, Reading], None]:
    def read(source: Source, budget: Budget, reading: Reading) -> None:
        contents = Contents()
        reading.document = contents
        spool = Spool(source.size, budget, f"{name} stream")
        at, error = 0, None
        try:
            while kind.begins(source, at) and at < source.size:
                budget.entry()
                begin = at + kind.skip(source, at)
                rest = cut(source, begin, source.size - begin)
                at = min(begin + spool.fill(rest, kind.start) + kind.tail, source.size)
                at = behind_zeros(source, at, budget)
        except MalformedArtifactError as broken:
            error = broken
        bomb = spool.bomb()
        if bomb is not None:
            contents.bombs.append((0, bomb))
        if spool.size:
            reading.parts.append(part(spool.source(), "content"))
        if error is not None:
            raise error
        if at < source.size:
            reading.parts.append(part(cut(source, at, source.size - at), "trailing"))

    return read


def _looks_like(kind: Kind) -> Callable[[Source], bool]:
    return lambda source: kind.begins(source, 0)


FORMATS: Final = tuple(
    Format(name, _looks_like(kind), _reader(name, kind), first)
    for name, (kind, first) in _KINDS.items()
)
