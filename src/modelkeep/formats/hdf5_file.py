"""The ground of an HDF5 file: superblock, fields of either width, local and global heaps.

Source: HDF5 File Format Specification, version 3.0 (II. Level 0, III.D and III.E).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget, Source, read_exactly

SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_MOST_BLOCK: Final = 64 * 2**20
_LAST_PLACE: Final = 32 * 2**20
_MOST_CACHED: Final = 64


@dataclass(slots=True)
class Fields:
    """Little-endian fields read one behind another.

    Attributes:
        data: the bytes.
        offset_size: width of an address.
        length_size: width of a length.
        at: where the next field begins.
    """

    data: bytes
    offset_size: int
    length_size: int
    at: int = 0

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes.

        Raises:
            MalformedArtifactError: fewer are left.
        """
        end = self.at + count
        if count < 0 or end > len(self.data):
            raise MalformedArtifactError("an HDF5 structure ends early")
        raw = self.data[self.at : end]
        self.at = end
        return raw

    def number(self, width: int) -> int:
        """An unsigned number of ``width`` bytes."""
        return int.from_bytes(self.take(width), "little")

    def address(self) -> int | None:
        """An address, or ``None`` for the undefined one."""
        raw = self.take(self.offset_size)
        return None if raw == b"\xff" * len(raw) else int.from_bytes(raw, "little")

    def length(self) -> int:
        """A length of the file's width."""
        return self.number(self.length_size)

    def text(self) -> str:
        """A text up to its NUL, or to the end."""
        end = self.data.find(b"\0", self.at)
        raw = self.data[self.at : end if end >= 0 else len(self.data)]
        self.at = end + 1 if end >= 0 else len(self.data)
        return decode(raw)


def decode(raw: bytes) -> str:
    """Text as it is stored; bytes that are no UTF-8 stay visible."""
    return raw.decode("utf-8", "backslashreplace")


@dataclass(slots=True)
class File:
    """An open file.

    Attributes:
        source: the bytes.
        base: where address 0 lies: behind a user block.
        offset_size: width of an address.
        length_size: width of a length.
        root: address of the root group's object header.
        end: where the file ends by its own account.
    """

    source: Source
    budget: Budget
    base: int
    offset_size: int = 8
    length_size: int = 8
    root: int | None = None
    end: int | None = None
    _collections: dict[int, dict[int, tuple[int, int]]] = field(default_factory=dict)

    def read(self, address: int | None, count: int, what: str) -> bytes:
        """Bytes at an address.

        Raises:
            MalformedArtifactError: the address is undefined or behind the file.
            LimitExceededError: more than 64 MiB at once.
        """
        if address is None:
            raise MalformedArtifactError(f"HDF5 {what} has no address")
        if count > _MOST_BLOCK:
            raise LimitExceededError(f"HDF5 {what} of {count} bytes")
        return read_exactly(self.source, self.base + address, count, f"HDF5 {what}")

    def fields(self, data: bytes) -> Fields:
        """The bytes as fields of this file's widths."""
        return Fields(data, self.offset_size, self.length_size)

    def fields_at(self, address: int | None, count: int, sign: bytes, what: str) -> Fields:
        """``count`` bytes behind a signature and a version byte.

        Raises:
            MalformedArtifactError: another signature lies there.
        """
        fields = self.fields(self.read(address, len(sign) + 1 + count, what))
        if fields.take(len(sign)) != sign:
            raise MalformedArtifactError(f"HDF5 {what} at {address:#x} has no signature")
        fields.take(1)
        return fields

    def local_heap_text(self, heap: int | None, offset: int) -> str:
        """A name in a local heap."""
        head = self.fields_at(
            heap, 3 + 2 * self.length_size + self.offset_size, b"HEAP", "heap"
        )
        head.take(3)
        size, _, start = head.length(), head.length(), head.address()
        if start is None or offset >= size:
            raise MalformedArtifactError("an HDF5 name lies outside its heap")
        span = min(size - offset, 65536, max(0, self.source.size - self.base - start - offset))
        return self.fields(self.read(start + offset, span, "name")).text()

    def global_heap(self, collection: int, index: int) -> bytes:
        """An object of a global heap collection.

        Raises:
            MalformedArtifactError: it is not there.
        """
        objects = self._collections.get(collection)
        if objects is None:
            if len(self._collections) >= _MOST_CACHED:
                self._collections.clear()
            objects = self._collections[collection] = self._collection(collection)
        if index not in objects:
            raise MalformedArtifactError(
                f"HDF5 heap object {index} at {collection:#x} is missing"
            )
        return self.read(*objects[index], "heap object")

    def _collection(self, address: int) -> dict[int, tuple[int, int]]:
        head = self.fields_at(address, 3 + self.length_size, b"GCOL", "global heap")
        head.take(3)
        end, at = address + head.length(), address + head.at
        step = 8 + self.length_size
        found: dict[int, tuple[int, int]] = {}
        while at + step <= end:
            self.budget.operations(1)
            entry = self.fields(self.read(at, step, "heap object"))
            index = entry.number(2)
            entry.take(6)
            size = entry.length()
            if index == 0:
                break
            found[index] = (at + step, size)
            at += step + -(-size // 8) * 8
        return found


def find_superblock(source: Source) -> int | None:
    """Where the file begins: at 0, 512, 1024 and so on, doubling up to 32 MiB.

    The library goes on to the end; each further place costs a fetch where files are remote.
    """
    at = 0
    while at < min(source.size, _LAST_PLACE + 1):
        if source.read(at, 8) == SIGNATURE:
            return at
        at = max(512, at * 2)
    return None


def open_file(source: Source, budget: Budget) -> File:
    """Read the superblock.

    Raises:
        MalformedArtifactError: none, of an unknown version, or cut short.
    """
    base = find_superblock(source)
    if base is None:
        raise MalformedArtifactError("no HDF5 superblock")
    head = source.read(base, 12)
    version = head[8] if len(head) > 8 else -1
    if version in (0, 1):
        fields = Fields(source.read(base, 256), 8, 8, 13)
        offsets, lengths = fields.number(1), fields.number(1)
        fields.at = 24 if version == 0 else 28
    elif version in (2, 3):
        fields = Fields(source.read(base, 256), 8, 8, 9)
        offsets, lengths = fields.number(1), fields.number(1)
        fields.at = 12
    else:
        raise MalformedArtifactError(f"HDF5 superblock of unknown version {version}")
    if offsets not in (2, 4, 8, 16, 32) or lengths not in (2, 4, 8, 16, 32):
        raise MalformedArtifactError("HDF5 superblock with impossible field widths")
    fields.offset_size, fields.length_size = offsets, lengths
    file = File(source, budget, base, offsets, lengths)
    fields.address()  # base address: where the superblock lies counts instead
    fields.address()
    file.end = fields.address()
    if version < 2:
        fields.address()
        fields.take(offsets)
    file.root = fields.address()
    return file
