"""The index of a TensorFlow checkpoint (``variables.index``): a sorted table of names.

It maps names to places in ``.data-00000-of-00001`` beside it, which is raw numbers.
Neither can run anything, so that the index is recognised and its footer is checked.

Source: tensorflow/core/lib/io/format.h (the footer of a table).
"""

from __future__ import annotations

from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Source, read_exactly

_FOOTER: Final = 48
_MAGIC: Final = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"


def looks_like(source: Source) -> bool:
    """Whether the file ends in the magic number of a table."""
    return source.size >= _FOOTER and source.read(source.size - 8, 8) == _MAGIC


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """There is no document; the two blocks that the footer names must lie in the file."""
    del reading
    footer = read_exactly(source, source.size - _FOOTER, _FOOTER, "checkpoint footer")
    at = 0
    for _ in range(2):
        budget.tick()
        offset, at = _varint(footer, at)
        length, at = _varint(footer, at)
        if offset + length > source.size - _FOOTER:
            raise MalformedArtifactError("a block of the checkpoint index lies outside it")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
    raise MalformedArtifactError("a number in the checkpoint footer does not end")


FORMAT: Final = Format("tensorflow checkpoint", looks_like, read)
