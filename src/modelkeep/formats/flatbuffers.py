"""FlatBuffers: tables, vectors and strings by offset, without a schema or a compiler.

Every offset is checked before it is followed, so that a hostile one ends in an
error and not outside the file. Offsets of an honest writer lead forward only; a cycle
is ended by the caller's depth and budget.

Source: FlatBuffers documentation, "Internals".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Budget, Reading, Slice, Source, cut, read_exactly

_LONGEST_TEXT: Final = 4096
_CHUNK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Vector:
    """A vector: where its first element lies, and how many there are."""

    at: int
    count: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table at an offset of a source; fields are numbered from 0."""

    source: Source
    at: int

    def scalar(self, number: int, kind: str, default: int = 0) -> int:
        """An integer field; ``kind`` is its ``struct`` letter.

        Raises:
            MalformedArtifactError: it lies outside the file.
        """
        place = self._place(number)
        return default if place is None else _number(self.source, place, kind)

    def table(self, number: int) -> Table | None:
        """A table field.

        Raises:
            MalformedArtifactError: it lies outside the file.
        """
        place = self._place(number)
        return None if place is None else follow(self.source, place)

    def text(self, number: int) -> str:
        """A string field, cut at 4,096 bytes.

        Raises:
            MalformedArtifactError: it lies outside the file.
        """
        body = self.bytes(number)
        if body is None:
            return ""
        return body.read(0, _LONGEST_TEXT).decode("utf-8", "backslashreplace")

    def bytes(self, number: int) -> Slice | None:
        """A vector of bytes or a string.

        Raises:
            MalformedArtifactError: it lies outside the file.
        """
        vector = self.vector(number, 1)
        return None if vector is None else cut(self.source, vector.at, vector.count)

    def vector(self, number: int, width: int) -> Vector | None:
        """A vector field with elements of ``width`` bytes.

        Raises:
            MalformedArtifactError: it does not fit into the file.
        """
        place = self._place(number)
        if place is None:
            return None
        start = place + _number(self.source, place, "I")
        count = _number(self.source, start, "I")
        if start + 4 + count * width > self.source.size:
            raise MalformedArtifactError(
                f"flatbuffer vector of {count} elements at {start:#x} ends behind the file"
            )
        return Vector(start + 4, count)

    def tables(self, number: int, budget: Budget) -> Iterator[Table]:
        """The tables of a vector.

        Raises:
            MalformedArtifactError: one lies outside the file.
            LimitExceededError: out of time or operations.
        """
        vector = self.vector(number, 4)
        for index in range(vector.count if vector is not None else 0):
            budget.operations(1)
            if vector is not None:
                yield follow(self.source, vector.at + 4 * index)

    def numbers(self, number: int, budget: Budget) -> Iterator[int]:
        """The 32-bit integers of a vector.

        Raises:
            MalformedArtifactError: the vector does not fit into the file.
            LimitExceededError: out of time or operations.
        """
        vector = self.vector(number, 4)
        if vector is None:
            return
        for start in range(0, vector.count * 4, _CHUNK):
            raw = self.source.read(vector.at + start, min(_CHUNK, vector.count * 4 - start))
            budget.operations(len(raw) // 4)
            yield from struct.unpack(f"<{len(raw) // 4}i", raw)

    def _place(self, number: int) -> int | None:
        """Where a field's value lies; ``None`` if the table does not have it."""
        start = self.at - _number(self.source, self.at, "i")
        if start < 0:
            raise MalformedArtifactError(f"flatbuffer table at {self.at:#x} has no vtable")
        size = _number(self.source, start, "H")
        slot = 4 + 2 * number
        if slot + 2 > size:
            return None
        offset = _number(self.source, start + slot, "H")
        return self.at + offset if offset else None


def _number(source: Source, at: int, kind: str) -> int:
    layout = f"<{kind}"
    raw = read_exactly(source, at, struct.calcsize(layout), "flatbuffer value")
    value: int = struct.unpack(layout, raw)[0]
    return value


def follow(source: Source, place: int) -> Table:
    """The table that the offset stored at ``place`` leads to.

    Raises:
        MalformedArtifactError: it lies outside the file.
    """
    at = place + _number(source, place, "I")
    if at + 4 > source.size:
        raise MalformedArtifactError(f"flatbuffer table at {at:#x} lies behind the file")
    return Table(source, at)


def root(source: Source) -> Table:
    """The outermost table.

    Raises:
        MalformedArtifactError: it lies outside the file.
    """
    return follow(source, 0)


def check_root(source: Source, reading: Reading) -> None:
    """Note a root that lies outside: writers put it first, so no cut makes it so."""
    if source.size >= 64 and int.from_bytes(source.read(0, 4), "little") >= source.size:
        reading.lies.append((0, "the root of the flatbuffer lies outside the file"))


def overlaps(ranges: list[tuple[int, int]]) -> int | None:
    """Where a range ``(start, end)`` begins inside another without being the same."""
    reach = -1
    for start, end in sorted(set(ranges)):
        if start < reach and end > start:
            return start
        reach = max(reach, end)
    return None
