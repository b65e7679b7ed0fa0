"""Bytes of small HDF5 datasets: compact, contiguous, or in chunks that zlib can undo.

Source: HDF5 File Format Specification, version 3.0 (III.A.1, IV.A.2.i, IV.A.2.l).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.hdf5_file import Fields, File
from modelkeep.formats.hdf5_heap import records
from modelkeep.formats.interface import MemorySource, Source, cut

MOST_BYTES: Final = 16 * 2**20
_DEFLATE, _SHUFFLE, _FLETCHER = 1, 2, 3
_OUTSIDE_LIBRARY: Final = 256


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a dataset's bytes lie.

    Attributes:
        kind: ``compact``, ``contiguous``, ``chunked`` or ``virtual``.
        address: of the bytes, of the chunk index, or of a heap collection.
        size: bytes stored, where the layout says it; heap index of a virtual one.
        inline: bytes of a compact dataset.
        chunk: bytes of one chunk before filters.
        rank: dimensions, the element's own included, of a chunked one.
        index: how chunks are found: 0 for the version 1 B-tree.
    """

    kind: str
    address: int | None = None
    size: int = 0
    inline: bytes = b""
    chunk: int = 0
    rank: int = 0
    index: int = 0


def layout(file: File, data: bytes) -> Layout:
    """Parse a data layout message.

    Raises:
        MalformedArtifactError: of an unknown version or class.
    """
    fields = file.fields(data)
    version = fields.number(1)
    if version in (1, 2):
        return _old(fields)
    if version not in (3, 4, 5):
        raise MalformedArtifactError(f"HDF5 data layout of unknown version {version}")
    kind = fields.number(1)
    if kind == 0:
        return Layout("compact", inline=fields.take(fields.number(2)))
    if kind == 1:
        return Layout("contiguous", fields.address(), fields.length())
    if kind == 3:
        return Layout("virtual", fields.address(), fields.number(4))
    if kind != 2:
        raise MalformedArtifactError(f"HDF5 data layout of unknown class {kind}")
    if version == 3:
        rank, place = fields.number(1), fields.address()
        return Layout("chunked", place, 0, b"", _product(fields, rank, 4), rank)
    return _indexed(fields)


def _old(fields: Fields) -> Layout:
    rank, kind = fields.number(1), fields.number(1)
    fields.take(5)
    place = None if kind == 0 else fields.address()
    if kind == 2:
        return Layout("chunked", place, 0, b"", _product(fields, rank, 4), rank)
    size = _product(fields, rank, 4)
    if kind == 0:
        return Layout("compact", inline=fields.take(fields.number(4)))
    return Layout("contiguous", place, size)


def _indexed(fields: Fields) -> Layout:
    flags, rank, width = fields.number(1), fields.number(1), fields.number(1)
    chunk, index = _product(fields, rank, width), fields.number(1)
    size = 0
    if index == 1 and flags & 2:
        size = fields.length()
        fields.take(4)
    elif index in (3, 4, 5):
        fields.take({3: 1, 4: 5, 5: 6}[index])
    return Layout("chunked", fields.address(), size, b"", chunk, rank, index)


def _product(fields: Fields, count: int, width: int) -> int:
    product = 1
    for _ in range(count):
        product *= fields.number(width)
    return product


def filters(file: File, data: bytes) -> tuple[int, ...]:
    """Ids of the filters a chunk went through, in order."""
    fields = file.fields(data)
    version, count = fields.number(1), fields.number(1)
    if version == 1:
        fields.take(6)
    found = []
    for _ in range(count):
        identity = fields.number(2)
        named = version == 1 or identity >= _OUTSIDE_LIBRARY
        name = fields.number(2) if named else 0
        fields.take(2)
        values = fields.number(2)
        fields.take(-(-name // 8) * 8 if version == 1 else name)
        fields.take(4 * (values + values % 2 if version == 1 else values))
        found.append(identity)
    return tuple(found)


def stored(
    file: File, place: Layout, size: int, applied: tuple[int, ...], element: int
) -> Source | None:
    """The bytes of a dataset, chunks one behind another; ``None`` if it has none.

    A contiguous dataset is a slice of the file, however large.

    Raises:
        MalformedArtifactError: the chunks cannot be found or undone.
        LimitExceededError: chunks of more than 16 MiB.
    """
    if place.kind == "compact":
        return MemorySource(place.inline)
    if place.address is None:
        return None
    if place.kind == "contiguous":
        start = file.base + place.address
        room = file.source.size - start
        if room < min(size, place.size or size):
            raise MalformedArtifactError("an HDF5 dataset ends behind the file")
        return cut(file.source, start, min(room, size))
    if size > MOST_BYTES:
        raise LimitExceededError(f"HDF5 dataset of {size} bytes in chunks")
    out, total = [], 0
    for raw, mask in _chunks(file, place, size, bool(applied)):
        file.budget.entry()
        out.append(_undo(raw, applied, mask, place.chunk, element))
        total += len(out[-1])
        if total > 2 * MOST_BYTES + place.chunk:
            raise LimitExceededError("HDF5 chunks hold more than their dataset")
    return MemorySource(b"".join(out)[: max(size, place.chunk)])


def _chunks(
    file: File, place: Layout, size: int, filtered: bool
) -> Iterator[tuple[bytes, int]]:
    """Every chunk as stored, with the mask of filters that were left out."""
    if place.index == 0:
        yield from _old_tree(file, place)
    elif place.index == 1:
        yield file.read(place.address, place.size or place.chunk, "chunk"), 0
    elif place.index == 2 and place.address is not None:
        for offset in range(0, size, max(1, place.chunk)):
            yield file.read(place.address + offset, place.chunk, "chunk"), 0
    elif place.index == 3:
        yield from _fixed_array(file, place, filtered)
    elif place.index == 5:
        for kind, record in records(file, place.address):
            at = record.address()
            wide = len(record.data) - file.offset_size - 4 - 8 * (place.rank - 1)
            length = record.number(wide) if kind == 11 else place.chunk
            mask = record.number(4) if kind == 11 else 0
            yield file.read(at, length, "chunk"), mask
    else:
        raise MalformedArtifactError(f"HDF5 chunk index of kind {place.index} is not read")


def _old_tree(file: File, place: Layout) -> Iterator[tuple[bytes, int]]:
    key = 8 + 8 * place.rank
    waiting, seen = [place.address], set()
    while waiting:
        at = waiting.pop()
        if at is None or at in seen:
            raise MalformedArtifactError("HDF5 chunk index leads back to itself")
        seen.add(at)
        file.budget.entry()
        head = file.fields_at(at, 3 + 2 * file.offset_size, b"TREE", "chunk index")
        # The signature takes the place of a version here; the next byte was the type.
        level, count = head.number(1), head.number(2)
        body = file.read(
            at + 8 + 2 * file.offset_size, count * (key + file.offset_size), "index"
        )
        fields = file.fields(body)
        for _ in range(count):
            length, mask = fields.number(4), fields.number(4)
            fields.take(8 * place.rank)
            child = fields.address()
            if level:
                waiting.append(child)
            else:
                yield file.read(child, length, "chunk"), mask


def _fixed_array(file: File, place: Layout, filtered: bool) -> Iterator[tuple[bytes, int]]:
    head = file.fields_at(
        place.address, 3 + file.length_size + file.offset_size, b"FAHD", "chunk index"
    )
    _, wide, bits = head.number(1), head.number(1), head.number(1)
    count, block = head.length(), head.address()
    if count > 1 << min(bits, 60):
        raise MalformedArtifactError("HDF5 chunk index in pages is not read")
    body = file.fields_at(block, 1 + file.offset_size + count * wide, b"FADB", "chunk index")
    body.take(1 + file.offset_size)
    for _ in range(count):
        entry = file.fields(body.take(wide))
        at = entry.address()
        length = entry.number(wide - file.offset_size - 4) if filtered else place.chunk
        mask = entry.number(4) if filtered else 0
        if at is not None:
            yield file.read(at, length, "chunk"), mask


def _undo(raw: bytes, applied: tuple[int, ...], mask: int, chunk: int, element: int) -> bytes:
    """Undo the filters of one chunk, the last first."""
    for place in range(len(applied) - 1, -1, -1):
        identity = applied[place]
        if mask >> place & 1:
            continue
        if identity == _DEFLATE:
            raw = _inflate(raw, chunk)
        elif identity == _SHUFFLE:
            raw = _unshuffle(raw, element)
        elif identity == _FLETCHER:
            raw = raw[:-4]
        else:
            raise MalformedArtifactError(f"HDF5 filter {identity} is not read")
    return raw


def _inflate(raw: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(raw, min(most, MOST_BYTES) + 1)
    except zlib.error as error:
        raise MalformedArtifactError(f"HDF5 chunk: {error}") from error


def _unshuffle(raw: bytes, element: int) -> bytes:
    count = len(raw) // element if element > 1 else 0
    if count < 2:
        return raw
    out = bytearray(count * element)
    for byte in range(element):
        out[byte::element] = raw[byte * count : (byte + 1) * count]
    return bytes(out) + raw[count * element :]
