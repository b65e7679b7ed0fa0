"""Dense storage of HDF5: version 2 B-trees and the fractal heaps their records point into.

Groups with many links and objects with many or large attributes keep them so.

Source: HDF5 File Format Specification, version 3.0 (III.A.2, III.G).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.hdf5_file import Fields, File

_HUGE_RECORD = 1


def records(file: File, address: int | None) -> Iterator[tuple[int, Fields]]:
    """Every record of a B-tree, each ``(tree type, fields)``.

    Raises:
        MalformedArtifactError: a node is not where it must be.
    """
    head = file.fields_at(address, 15 + file.offset_size + 2, b"BTHD", "B-tree")
    kind, node_size, record_size, depth = (head.number(w) for w in (1, 4, 2, 2))
    head.take(2)
    root, count = head.address(), head.number(2)
    if root is None:
        return
    if record_size == 0 or node_size < 16 or depth > 16:
        raise MalformedArtifactError("HDF5 B-tree with impossible sizes")
    widths = _widths(file, node_size, record_size, depth)
    waiting: list[tuple[int | None, int, int]] = [(root, count, depth)]
    while waiting:
        file.budget.entry()
        place, count, level = waiting.pop()
        sign = b"BTIN" if level else b"BTLF"
        # A node's records and children fit into its size; what is said beyond is cut off.
        node = file.fields_at(place, max(0, node_size - 5), sign, "B-tree node")
        node.take(1)
        for _ in range(count):
            file.budget.operations(1)
            yield kind, file.fields(node.take(record_size))
        for _ in range(count + 1 if level else 0):
            child, inner = node.address(), node.number(widths[0])
            node.take(widths[level - 1] if level > 1 else 0)
            waiting.append((child, inner, level - 1))


def _widths(file: File, node_size: int, record_size: int, depth: int) -> list[int]:
    """Widths of record counts: of a leaf, then of all records below each level."""
    most = max(1, (node_size - 10) // record_size)
    leaf = _bytes_for(most)
    widths, below, total = [leaf], 0, most
    for _ in range(depth):
        pointer = file.offset_size + leaf + below
        fit = max(1, (node_size - 10 - pointer) // (record_size + pointer))
        total = (fit + 1) * total + fit
        below = _bytes_for(total)
        widths.append(below)
    return widths


def _bytes_for(value: int) -> int:
    return (value.bit_length() - 1) // 8 + 1


@dataclass(slots=True)
class FractalHeap:
    """A heap whose objects are found by their ids."""

    file: File
    filtered: bool
    huge: int | None
    width: int
    first_block: int
    most_direct: int
    offset_bytes: int
    length_bytes: int
    root: int | None
    rows: int

    def object(self, identity: bytes) -> bytes:
        """The bytes an id stands for.

        Raises:
            MalformedArtifactError: no such object, or the heap is compressed.
        """
        if self.filtered:
            raise MalformedArtifactError("HDF5 heap is compressed, which is not read")
        kind = identity[0] >> 4 & 3
        if kind == 2:
            return identity[1 : 2 + (identity[0] & 15)]
        fields = self.file.fields(identity[1:])
        if kind == 1:
            return self._huge(int.from_bytes(identity[1:], "little"))
        offset, length = fields.number(self.offset_bytes), fields.number(self.length_bytes)
        return self.file.read(self._locate(offset), length, "heap object")

    def _huge(self, identity: int) -> bytes:
        for kind, record in records(self.file, self.huge):
            if kind != _HUGE_RECORD:
                break
            place, length, found = record.address(), record.length(), record.length()
            if found == identity:
                return self.file.read(place, length, "heap object")
        raise MalformedArtifactError("HDF5 heap object is missing or compressed")

    def _locate(self, offset: int) -> int:
        """Address of a byte of the heap's own space."""
        block, rows, start = self.root, self.rows, 0
        while rows:
            block, rows, start = self._step(block, rows, offset, start)
        if block is None:
            raise MalformedArtifactError("HDF5 heap object lies in no block")
        return block + offset - start

    def _step(
        self, block: int | None, rows: int, offset: int, start: int
    ) -> tuple[int | None, int, int]:
        """From an indirect block to the child that holds ``offset``."""
        self.file.budget.operations(1)
        row, row_start, size = 0, 0, self.first_block
        while offset - start >= row_start + self.width * size:
            row_start += self.width * size
            size = size * 2 if row else size
            row += 1
        if row >= rows:
            raise MalformedArtifactError("HDF5 heap object lies outside its heap")
        column = (offset - start - row_start) // size
        entry = row * self.width + column
        head = 5 + self.file.offset_size + self.offset_bytes
        place = None if block is None else block + head + entry * self.file.offset_size
        raw = self.file.read(place, self.file.offset_size, "heap block")
        child = self.file.fields(raw).address()
        inner = 0
        if size > self.most_direct:
            inner = (size // (self.first_block * self.width)).bit_length()
            if inner >= rows:
                raise MalformedArtifactError("HDF5 heap blocks nest without end")
        return child, inner, start + row_start + column * size


def open_heap(file: File, address: int | None) -> FractalHeap:
    """Read a heap's header.

    Raises:
        MalformedArtifactError: not a heap, or with impossible sizes.
    """
    wide = file.length_size
    head = file.fields_at(
        address, 9 + 12 * wide + 3 * file.offset_size + 8, b"FRHP", "fractal heap"
    )
    head.take(2)
    filters = head.number(2)
    head.take(1)
    most_managed = head.number(4)
    head.length()
    huge = head.address()
    head.length()
    head.address()
    head.take(8 * wide)
    width, first, most_direct = head.number(2), head.length(), head.length()
    bits = head.number(2)
    head.take(2)
    root, rows = head.address(), head.number(2)
    if not (0 < width <= 4096 and 0 < first <= most_direct <= 2**40 and 0 < bits <= 64):
        raise MalformedArtifactError("HDF5 fractal heap with impossible sizes")
    if rows > 64:
        raise LimitExceededError(f"HDF5 fractal heap of {rows} rows")
    length_bytes = min(((most_direct.bit_length() - 1) + 7) // 8, _bytes_for(most_managed or 1))
    return FractalHeap(
        file, filters > 0, huge, width, first, most_direct, (bits + 7) // 8, length_bytes,
        root, rows,
    )  # fmt: skip
