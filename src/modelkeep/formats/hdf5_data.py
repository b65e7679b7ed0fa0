"""Bytes of small HDF5 datasets: compact, contiguous, or in chunks that zlib can undo.

Source: HDF5 File Format Specification, version 3.0 (IV.A.2.i, IV.A.2.l).
"""

from __future__ import annotations

import zlib
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.hdf5_chunks import Layout, chunks
from modelkeep.formats.hdf5_file import Fields, File
from modelkeep.formats.interface import MemorySource, Source, cut

MOST_BYTES: Final = 16 * 2**20
_DEFLATE, _SHUFFLE, _FLETCHER = 1, 2, 3
_OUTSIDE_LIBRARY: Final = 256


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
    for raw, mask in chunks(file, place, size, filtered=bool(applied)):
        out.append(_undo(raw, applied, mask, place.chunk, element))
        total += len(out[-1])
        if total > 4 * MOST_BYTES:
            raise LimitExceededError("HDF5 chunks hold more than their dataset")
    return MemorySource(b"".join(out)[: max(size, place.chunk)])


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
