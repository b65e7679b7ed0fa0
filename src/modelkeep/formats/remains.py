"""What follows the end of a file that knows its own end.

A loader stops at the end its format names, and never looks further; another program, or
a loader that starts at an offset, may. So readers that know their end hand the rest out as
a stream of its own, to be recognised by content like any other. Bytes behind the end are
no finding by themselves: several arrays or pickles in one file are common.
"""

from __future__ import annotations

from typing import Final

from modelkeep.formats.interface import Budget, Reading, Source, cut, part

_CHUNK: Final = 1 << 20


def after(source: Source, end: int, budget: Budget, reading: Reading) -> None:
    """Hand out what follows ``end``, without the zeros in front of it.

    Args:
        source: the whole stream.
        end: offset of the first byte that its format does not account for.
        budget: looked at while zeros are stepped over.
        reading: gets the part ``trailing`` if anything follows.
    """
    start = behind_zeros(source, end, budget)
    if start < source.size:
        reading.parts.append(part(cut(source, start, source.size - start), "trailing"))


def behind_zeros(source: Source, at: int, budget: Budget) -> int:
    """Offset of the next byte that is not zero, or the end."""
    while at < source.size:
        budget.tick()
        chunk = source.read(at, _CHUNK)
        zeros = len(chunk) - len(chunk.lstrip(b"\0"))
        at += zeros
        if zeros < len(chunk) or not chunk:
            break
    return at
