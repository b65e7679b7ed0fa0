"""The header of a 7z archive: which packed bytes become which files, and how.

Source: ``7zFormat.txt`` and ``Methods.txt`` of the LZMA SDK.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Budget

END, HEADER, ADDITIONAL, MAIN_STREAMS, FILES, ENCODED = 0, 1, 3, 4, 5, 0x17
_PACK_INFO, _UNPACK_INFO, _SUBSTREAMS, _SIZE, _DIGESTS, _FOLDER = 6, 7, 8, 9, 10, 11
_UNPACK_SIZE, _COUNTS, _EMPTY, _NAMES, _ATTRIBUTES = 12, 13, 14, 17, 21
_MOST_CODERS = 32


@dataclass(frozen=True, slots=True)
class Coder:
    """One step of unpacking: the method's id and its settings."""

    method: bytes
    settings: bytes
    inputs: int = 1
    outputs: int = 1


@dataclass(slots=True)
class Folder:
    """Packed streams that are unpacked together, and the sizes of the files in it.

    Attributes:
        coders: in the order of the header.
        bonds: ``(input, output)`` of coders that feed each other.
        packed: inputs that take packed streams.
        sizes: bytes of each output.
        files: bytes of each file that lies in it, one behind the other.
        digests: CRC of each file, or ``None``.
    """

    coders: list[Coder]
    bonds: list[tuple[int, int]]
    packed: list[int]
    sizes: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    digests: list[int | None] = field(default_factory=list)
    digest: int | None = None


@dataclass(slots=True)
class Streams:
    """Where packed streams lie, behind the first 32 bytes, and what they become."""

    start: int = 0
    packed: list[int] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)


@dataclass(slots=True)
class Files:
    """Names and kinds, in the order of the archive.

    Attributes:
        empty: whether each has no bytes, as folders have none.
        attributes: Windows attributes, Unix type and permissions above; 0 if unknown.
    """

    names: list[str] = field(default_factory=list)
    empty: list[bool] = field(default_factory=list)
    attributes: list[int] = field(default_factory=list)


class Fields:
    """Reads one header after the other from bytes at hand.

    Every method raises ``MalformedArtifactError`` where the bytes end early.
    """

    def __init__(self, data: bytes, budget: Budget) -> None:
        self._data = data
        self._at = 0
        self._budget = budget

    def take(self, length: int) -> bytes:
        """The next bytes."""
        if length > len(self._data) - self._at:
            raise MalformedArtifactError("7z header ends early")
        self._at += length
        return self._data[self._at - length : self._at]

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def number(self) -> int:
        """A number of 1 to 9 bytes; ones at the top of the first count the others."""
        first = self.byte()
        value, mask = 0, 0x80
        for place in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << (8 * place)
            value |= self.byte() << (8 * place)
            mask >>= 1
        return value

    def count(self) -> int:
        """A number of things, which the budget accounts for."""
        value = self.number()
        self._budget.entry(value)
        return value

    def bits(self, count: int) -> list[bool]:
        """So many bits, highest first."""
        raw = self.take((count + 7) // 8)
        return [bool(raw[place >> 3] & 0x80 >> (place & 7)) for place in range(count)]

    def known(self, count: int) -> list[bool]:
        """Which of the values that follow are there."""
        return [True] * count if self.byte() else self.bits(count)

    def digests(self, count: int) -> list[int | None]:
        """Checksums, where there are any."""
        return [
            struct.unpack("<I", self.take(4))[0] if there else None
            for there in self.known(count)
        ]

    def streams(self) -> Streams:
        """Packed streams, folders, and the files in them."""
        found = Streams()
        kind = self.byte()
        if kind == _PACK_INFO:
            self._pack_info(found)
            kind = self.byte()
        if kind == _UNPACK_INFO:
            self._unpack_info(found)
            kind = self.byte()
        for folder in found.folders:
            folder.files, folder.digests = [final_size(folder)], [folder.digest]
        if kind == _SUBSTREAMS:
            self._substreams(found.folders)
            kind = self.byte()
        self._expect(kind, END)
        return found

    def _expect(self, kind: int, wanted: int) -> None:
        if kind != wanted:
            raise MalformedArtifactError(f"7z header holds {kind:#x} where {wanted:#x} belongs")

    def _pack_info(self, found: Streams) -> None:
        found.start = self.number()
        count = self.count()
        while (kind := self.byte()) != END:
            if kind == _SIZE:
                found.packed = [self.number() for _ in range(count)]
            else:
                self._expect(kind, _DIGESTS)
                self.digests(count)

    def _unpack_info(self, found: Streams) -> None:
        self._expect(self.byte(), _FOLDER)
        count = self.count()
        self._expect(self.byte(), 0)  # else the folders lie in another stream
        found.folders = [self._folder() for _ in range(count)]
        self._expect(self.byte(), _UNPACK_SIZE)
        for folder in found.folders:
            outputs = sum(coder.outputs for coder in folder.coders)
            folder.sizes = [self.number() for _ in range(outputs)]
        while (kind := self.byte()) != END:
            self._expect(kind, _DIGESTS)
            for folder, digest in zip(found.folders, self.digests(count), strict=True):
                folder.digest = digest

    def _folder(self) -> Folder:
        coders = [self._coder() for _ in range(self._few())]
        inputs = sum(coder.inputs for coder in coders)
        outputs = sum(coder.outputs for coder in coders)
        bonds = [(self.number(), self.number()) for _ in range(outputs - 1)]
        bound = {into for into, _ in bonds}
        free = inputs - len(bonds)
        if free > 1:
            return Folder(coders, bonds, [self.number() for _ in range(free)])
        return Folder(coders, bonds, [place for place in range(inputs) if place not in bound])

    def _few(self) -> int:
        value = self.number()
        if not 0 < value <= _MOST_CODERS:
            raise MalformedArtifactError(f"7z folder of {value} parts")
        return value

    def _coder(self) -> Coder:
        flags = self.byte()
        method = self.take(flags & 0x0F)
        inputs = outputs = 1
        if flags & 0x10:
            inputs, outputs = self._few(), self._few()
        return Coder(method, self.take(self.number()) if flags & 0x20 else b"", inputs, outputs)

    def _substreams(self, folders: list[Folder]) -> None:
        kind = self.byte()
        counts = [1] * len(folders)
        if kind == _COUNTS:
            counts = [self.count() for _ in folders]
            kind = self.byte()
        for folder, count in zip(folders, counts, strict=True):
            sizes = [self.number() if kind == _SIZE else 0 for _ in range(count - 1)]
            folder.files = [*sizes, final_size(folder) - sum(sizes)] if count else []
            folder.digests = [folder.digest] if count == 1 else [None] * count
        if kind == _SIZE:
            kind = self.byte()
        while kind != END:
            self._expect(kind, _DIGESTS)
            unknown = [f for f in folders if len(f.files) != 1 or f.digest is None]
            every = self.digests(sum(len(folder.files) for folder in unknown))
            for folder in unknown:
                folder.digests = every[: len(folder.files)]
                every = every[len(folder.files) :]
            kind = self.byte()

    def files(self) -> Files:
        """Names, kinds and attributes."""
        count = self.count()
        found = Files([""] * count, [False] * count, [0] * count)
        while (kind := self.byte()) != END:
            inner = Fields(self.take(self.number()), self._budget)
            if kind == _EMPTY:
                found.empty = inner.bits(count)
            elif kind == _NAMES:
                inner.byte()
                found.names = inner.names(count)
            elif kind == _ATTRIBUTES:
                there = inner.known(count)
                inner.byte()
                found.attributes = [
                    struct.unpack("<I", inner.take(4))[0] if known else 0 for known in there
                ]
        return found

    def names(self, count: int) -> list[str]:
        """UTF-16 names, each with a zero behind it."""
        text = self._data[self._at :].decode("utf-16-le", "replace")
        names = text.split("\0")
        if len(names) <= count:
            raise MalformedArtifactError("7z header holds fewer names than files")
        return names[:count]


def final_size(folder: Folder) -> int:
    """Bytes of the output that feeds no other coder."""
    fed = {out for _, out in folder.bonds}
    free = [size for place, size in enumerate(folder.sizes) if place not in fed]
    return free[0] if free else 0
