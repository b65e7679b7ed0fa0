"""A picture beside a model, read only to learn where it ends.

A viewer stops at the end of the picture, so whatever is put behind it travels unseen. The
pixels are not looked at.

Sources: the PNG specification, section 5; ITU-T T.81 (JPEG), annex B.
"""

from __future__ import annotations

from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Source, read_exactly
from modelkeep.formats.remains import after

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_CHUNK: Final = 1 << 16
_ALONE: Final = frozenset((0x01, *range(0xD0, 0xD8)))  # markers without a length
_SCAN: Final = 0xDA
_END: Final = 0xD9


def looks_like(source: Source) -> bool:
    """Whether it starts as a PNG or a JPEG."""
    return source.read(0, 8).startswith((_PNG, _JPEG))


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """There is no document; what follows the picture is a part."""
    png = source.read(0, 8) == _PNG
    after(source, (_png_end if png else _jpeg_end)(source, budget), budget, reading)


def _png_end(source: Source, budget: Budget) -> int:
    at = len(_PNG)
    while True:
        budget.entry()
        head = read_exactly(source, at, 8, "PNG chunk")
        at += 12 + int.from_bytes(head[:4], "big")
        if at > source.size:
            raise MalformedArtifactError("PNG ends within a chunk (truncated?)")
        if head[4:] == b"IEND":
            return at


def _jpeg_end(source: Source, budget: Budget) -> int:
    at = 2
    while True:
        budget.entry()
        mark, kind = read_exactly(source, at, 2, "JPEG marker")
        if mark != 0xFF:
            raise MalformedArtifactError(f"JPEG holds no marker at {at:#x}")
        if kind == _END:
            return at + 2
        if kind == 0xFF:  # padding
            at += 1
            continue
        at += 2
        if kind not in _ALONE:
            at += int.from_bytes(read_exactly(source, at, 2, "JPEG segment"), "big")
        if kind == _SCAN:
            at = _next_marker(source, at, budget)


def _next_marker(source: Source, at: int, budget: Budget) -> int:
    """Behind coded pixels, in which a marker's first byte stands with a zero behind it."""
    while at < source.size:
        budget.tick()
        chunk = source.read(at, _CHUNK)
        place = chunk.find(b"\xff")
        while 0 <= place < len(chunk) - 1:
            if chunk[place + 1] and chunk[place + 1] not in _ALONE:
                return at + place
            place = chunk.find(b"\xff", place + 2)
        at += max(1, len(chunk) - 1 if place == len(chunk) - 1 else len(chunk))
    raise MalformedArtifactError("JPEG ends within its pixels (truncated?)")


FORMAT: Final = Format("picture", looks_like, read, first=b"\x89\xff")
