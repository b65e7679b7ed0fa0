"""Where the chunks of an HDF5 dataset lie, by each kind of index there is.

Source: HDF5 File Format Specification, version 3.0 (III.A.1, VII.A to VII.E).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.hdf5_file import Fields, File
from modelkeep.formats.hdf5_heap import records


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


class _Place(NamedTuple):
    """A chunk: its place in the array, in the file, and the filters it skipped."""

    offsets: tuple[int, ...]
    address: int | None
    length: int
    mask: int


def chunks(
    file: File, place: Layout, size: int, *, filtered: bool
) -> Iterator[tuple[bytes, int]]:
    """Every chunk as stored, in array order, with the mask of filters that were left out.

    Raises:
        MalformedArtifactError: the index is damaged or of a kind that is not read.
        LimitExceededError: more chunks than entries are allowed.
    """
    for found in _places(file, place, size, filtered):
        if found.address is not None:
            yield file.read(found.address, found.length, "chunk"), found.mask


def _places(file: File, place: Layout, size: int, filtered: bool) -> Iterator[_Place]:
    if place.index == 0:
        yield from sorted(_old_tree(file, place), key=lambda found: found.offsets)
    elif place.index == 1:
        yield _Place((), place.address, place.size or place.chunk, 0)
    elif place.index == 2 and place.address is not None:
        for offset in range(0, size, max(1, place.chunk)):
            file.budget.entry()
            yield _Place((), place.address + offset, place.chunk, 0)
    elif place.index == 3:
        yield from _fixed_array(file, place, filtered)
    elif place.index == 4:
        yield from _extensible(file, place, filtered)
    elif place.index == 5:
        yield from sorted(_tree(file, place), key=lambda found: found.offsets)
    else:
        raise MalformedArtifactError(f"HDF5 chunk index of kind {place.index} is not read")


def _tree(file: File, place: Layout) -> Iterator[_Place]:
    rank = max(0, place.rank - 1)
    for kind, record in records(file, place.address):
        file.budget.entry()
        at = record.address()
        wide = len(record.data) - file.offset_size - 4 - 8 * rank
        length = record.number(wide) if kind == 11 else place.chunk
        mask = record.number(4) if kind == 11 else 0
        yield _Place(tuple(record.number(8) for _ in range(rank)), at, length, mask)


def _old_tree(file: File, place: Layout) -> Iterator[_Place]:
    key = 8 + 8 * place.rank
    waiting, seen = [place.address], set()
    while waiting:
        at = waiting.pop()
        if at is None or at in seen:
            raise MalformedArtifactError("HDF5 chunk index leads back to itself")
        seen.add(at)
        # What is a version elsewhere is the type of the tree here.
        head = file.fields_at(at, 3 + 2 * file.offset_size, b"TREE", "chunk index")
        level, count = head.number(1), head.number(2)
        start = at + 8 + 2 * file.offset_size
        fields = file.fields(file.read(start, count * (key + file.offset_size), "chunk index"))
        for _ in range(count):
            file.budget.entry()
            length, mask = fields.number(4), fields.number(4)
            offsets = tuple(fields.number(8) for _ in range(place.rank))
            child = fields.address()
            if level:
                waiting.append(child)
            else:
                yield _Place(offsets, child, length, mask)


def _fixed_array(file: File, place: Layout, filtered: bool) -> Iterator[_Place]:
    head = file.fields_at(
        place.address, 3 + file.length_size + file.offset_size, b"FAHD", "chunk index"
    )
    _, wide, bits = head.number(1), head.number(1), head.number(1)
    count, block = head.length(), head.address()
    page = 1 << min(bits, 60)
    pages = -(-count // page) if count > page else 0
    # In pages, a map of those in use and a checksum come first, and each ends in a checksum.
    extra = (pages + 7) // 8 + 4 + 4 * pages if pages else 0
    size = 1 + file.offset_size + count * wide + extra
    body = file.fields_at(block, size, b"FADB", "chunk index")
    body.take(1 + file.offset_size + ((pages + 7) // 8 + 4 if pages else 0))
    plain = 0 if filtered else place.chunk
    for left in range(count, 0, -page):
        yield from _entries(file, body, min(page, left), wide, plain)
        body.take(4 if pages else 0)


def _extensible(file: File, place: Layout, filtered: bool) -> Iterator[_Place]:
    """An index that grows: entries in its first block, then in blocks of 1, 2, 2, 2, 4, 4."""
    wide_length, wide_address = file.length_size, file.offset_size
    head = file.fields_at(
        place.address, 7 + 6 * wide_length + wide_address, b"EAHD", "chunk index"
    )
    _, wide, bits, direct, least, pointers, _ = (head.number(1) for _ in range(7))
    head.take(4 * wide_length)
    used = head.length()
    head.length()
    first, blocks = head.address(), 2 * max(0, pointers - 1)
    size = 1 + wide_address + direct * wide + blocks * wide_address
    body = file.fields_at(first, size, b"EAIB", "chunk index")
    body.take(1 + wide_address)
    plain = place.chunk if not filtered else 0
    yield from _entries(file, body, min(direct, used), wide, plain)
    body.at = 5 + 1 + wide_address + direct * wide
    used -= direct
    for number in range(blocks):
        # Block sizes double with every second generation of 1, 1, 2, 2, 4, 4 blocks.
        generation = _generation(number)
        count = least << ((generation + 1) // 2)
        at = body.address()
        if used > 0 and at is not None:
            head_size = 1 + wide_address + (bits + 7) // 8
            inner = file.fields_at(at, head_size + count * wide, b"EADB", "chunk index")
            inner.take(head_size)
            yield from _entries(file, inner, min(count, used), wide, plain)
        used -= count
    if used > 0:
        raise MalformedArtifactError("HDF5 chunk index of several levels is not read")


def _generation(number: int) -> int:
    """To which generation a data block belongs: these hold 1, 1, 2, 2, 4, 4 blocks."""
    generation = 0
    while number >= 1 << (generation // 2):
        number -= 1 << (generation // 2)
        generation += 1
    return generation


def _entries(file: File, body: Fields, count: int, wide: int, plain: int) -> Iterator[_Place]:
    """Chunks of an index; ``plain`` is their size where no filter changes it."""
    for _ in range(count):
        entry = file.fields(body.take(wide))
        at = entry.address()
        length = plain or entry.number(max(0, wide - file.offset_size - 4))
        mask = 0 if plain else entry.number(4)
        file.budget.entry()
        yield _Place((), at, length, mask)
