"""An HDF5 file: its attributes, links and places outside it; weights are not read.

Keras keeps a model's whole configuration in attributes, PyTables and pandas keep pickles
in them and in byte arrays. The reader walks every object, reads attributes and small
arrays of bytes or texts, and hands out those that another reader may know. Links, raw
storage and virtual datasets that name other files are listed.

Source: HDF5 File Format Specification, version 3.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats import hdf5_header as header
from modelkeep.formats.hdf5_chunks import Layout
from modelkeep.formats.hdf5_data import MOST_BYTES, filters, layout, stored
from modelkeep.formats.hdf5_file import File, decode, find_superblock, open_file
from modelkeep.formats.hdf5_heap import open_heap, records
from modelkeep.formats.interface import Budget, Format, MemorySource, Reading, Source, cut, part
from modelkeep.formats.payloads import document_in

_RAW: Final = frozenset({header.BITFIELD, header.OPAQUE, header.COMPOUND})
_MOST_TEXTS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of an object; ``text`` is the beginning of its value."""

    path: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Outside:
    """A place in the file that names another file.

    Attributes:
        path: of the link or dataset.
        kind: ``external link``, ``external storage``, ``virtual dataset`` or
            ``user-defined link``.
        file: the name it gives.
    """

    path: str
    kind: str
    file: str


@dataclass(slots=True)
class Hdf5Document:
    """What a file says about itself.

    Attributes:
        attributes: in the order they were met.
        outside: places that name other files.
        links: paths of all objects, and targets of soft links, each ``(path, target)``.
    """

    attributes: list[Attribute] = field(default_factory=list)
    outside: list[Outside] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)


def looks_like(source: Source) -> bool:
    """Whether there is a superblock, at the start or behind a user block."""
    return find_superblock(source) is not None


@dataclass(slots=True)
class _Walk:
    file: File
    document: Hdf5Document
    reading: Reading
    error: MalformedArtifactError | None = None
    seen: set[int] = field(default_factory=set)
    waiting: list[tuple[str, int]] = field(default_factory=list)

    def run(self) -> None:
        if self.file.root is not None:
            self.waiting.append(("/", self.file.root))
        while self.waiting:
            path, address = self.waiting.pop()
            if address in self.seen:
                continue
            self.seen.add(address)
            self.file.budget.entry()
            try:
                self._object(path, address)
            except LimitExceededError:
                raise
            except MalformedArtifactError as error:
                self.error = self.error or error
        if self.error is not None:
            raise self.error

    def _object(self, path: str, address: int) -> None:
        dataset: dict[int, header.Message] = {}
        for message in header.messages(self.file, address):
            try:
                self._message(path, message)
            except LimitExceededError:
                raise
            except MalformedArtifactError as error:
                self.error = self.error or error
            dataset.setdefault(message.kind, message)
        if header.LAYOUT in dataset:
            self._dataset(path, dataset)

    def _message(self, path: str, message: header.Message) -> None:
        if message.kind == header.ATTRIBUTE:
            self._attribute(path, message.data)
        elif message.kind == header.LINK:
            self._link(path, header.link(self.file, message.data))
        elif message.kind == header.SYMBOLS:
            self._symbols(path, message.data)
        elif message.kind in (header.LINK_INFO, header.ATTRIBUTE_INFO):
            self._dense(path, message)
        elif message.kind == header.EXTERNAL:
            self._external(path, message.data)

    # Links

    def _link(self, path: str, link: header.RawLink) -> None:
        self.file.budget.entry()
        inner = f"{path.rstrip('/')}/{link.name}"
        if link.kind == "hard":
            self.document.links.append((inner, ""))
            if link.address is not None:
                self.waiting.append((inner, link.address))
        elif link.kind == "soft":
            self.document.links.append((inner, link.value))
        else:
            self.document.outside.append(
                Outside(inner, f"{link.kind} link", link.file or link.value)
            )

    def _symbols(self, path: str, data: bytes) -> None:
        """An old group: a B-tree of nodes of names."""
        fields = self.file.fields(data)
        tree, heap = fields.address(), fields.address()
        waiting, seen = [tree], set[int | None]()
        step = self.file.length_size + self.file.offset_size
        while waiting:
            at = waiting.pop()
            if at in seen:
                raise MalformedArtifactError("HDF5 group leads back to itself")
            seen.add(at)
            self.file.budget.entry()
            if self.file.read(at, 4, "group") == b"SNOD":
                self._names(path, at, heap)
                continue
            head = self.file.fields_at(at, 3 + 2 * self.file.offset_size, b"TREE", "group")
            head.take(1)
            count = head.number(2)
            start = (at or 0) + 8 + 2 * self.file.offset_size
            body = self.file.fields(self.file.read(start, count * step, "group"))
            for _ in range(count):
                body.length()
                waiting.append(body.address())

    def _names(self, path: str, at: int | None, heap: int | None) -> None:
        count = int.from_bytes(self.file.read(at, 8, "group")[6:8], "little")
        size = 2 * self.file.offset_size + 24
        body = self.file.fields(self.file.read((at or 0) + 8, count * size, "group"))
        for _ in range(count):
            offset, address, cache = body.address(), body.address(), body.number(4)
            body.take(4)
            scratch = body.take(16)
            name = self.file.local_heap_text(heap, offset or 0)
            if cache == 2:
                target = int.from_bytes(scratch[:4], "little")
                text = self.file.local_heap_text(heap, target)
                self._link(path, header.RawLink(name, "soft", value=text))
            else:
                self._link(path, header.RawLink(name, "hard", address))

    def _dense(self, path: str, message: header.Message) -> None:
        """Links or attributes kept in a fractal heap."""
        fields = self.file.fields(message.data)
        fields.take(1)
        flags = fields.number(1)
        is_link = message.kind == header.LINK_INFO
        if flags & 1:
            fields.take(8 if is_link else 2)
        heap_at, tree = fields.address(), fields.address()
        if heap_at is None:
            return
        heap = open_heap(self.file, heap_at)
        for kind, record in records(self.file, tree):
            if kind in (5, 8):
                record.take(4 if kind == 5 else 0)
                data = heap.object(record.take(7 if kind == 5 else 8))
                if is_link:
                    self._link(path, header.link(self.file, data))
                else:
                    self._attribute(path, data)

    def _external(self, path: str, data: bytes) -> None:
        fields = self.file.fields(data)
        fields.take(4)
        _, used, heap = fields.number(2), fields.number(2), fields.address()
        for _ in range(used):
            self.file.budget.entry()
            name = self.file.local_heap_text(heap, fields.length())
            fields.length()
            fields.length()
            self.document.outside.append(Outside(path, "external storage", name))

    # Values

    def _attribute(self, path: str, data: bytes) -> None:
        self.file.budget.entry()
        raw = header.attribute(self.file, data)
        values = list(self._values(raw.datatype, raw.count, raw.data))
        shown = b" ".join(value[:1000].rstrip(b"\0") for value in values[:20])
        self.document.attributes.append(Attribute(path, raw.name, decode(shown[:1000])))
        for value in values:
            self._hand_out(f"{path}@{raw.name}", value)

    def _values(self, kind: header.Datatype, count: int, data: bytes) -> Iterator[bytes]:
        """The texts or bytes an array holds; numbers hold none."""
        if kind.kind == header.VARIABLE:
            yield from self._variable(kind, data)
        elif kind.kind == header.STRING and kind.size:
            if count > _MOST_TEXTS:
                raise LimitExceededError(f"HDF5 array of {count} texts")
            for at in range(0, len(data), kind.size):
                yield data[at : at + kind.size]
        elif kind.size == 1 or kind.kind in _RAW:
            yield data

    def _variable(self, kind: header.Datatype, data: bytes) -> Iterator[bytes]:
        fields = self.file.fields(data)
        step = 8 + self.file.offset_size
        if len(data) > _MOST_TEXTS * step:
            raise LimitExceededError(f"HDF5 array of {len(data) // step} texts")
        for _ in range(len(data) // step):
            self.file.budget.operations(1)
            length, place, index = fields.number(4), fields.address(), fields.number(4)
            if length and place and (kind.is_text or kind.inner_size == 1):
                yield self.file.global_heap(place, index)[:length]

    def _hand_out(self, member: str, value: bytes) -> None:
        inner = document_in(value)
        if inner is not None:
            self.reading.parts.append(part(MemorySource(inner), member))

    def _dataset(self, path: str, found: dict[int, header.Message]) -> None:
        place = layout(self.file, found[header.LAYOUT].data)
        if place.kind == "virtual":
            self._virtual(path, place)
            return
        if header.TYPE not in found or header.SPACE not in found:
            raise MalformedArtifactError(f"HDF5 dataset {path!r} without type or shape")
        kind = header.datatype(self.file, found[header.TYPE])
        is_text = kind.kind in (header.STRING, header.VARIABLE)
        if not (is_text or kind.size == 1 or kind.kind in _RAW) or header.EXTERNAL in found:
            return
        count = header.count_of(self.file.fields(found[header.SPACE].data))
        size = count * kind.size
        if is_text and size > MOST_BYTES:
            raise LimitExceededError(f"HDF5 dataset {path!r} of {size} bytes of text")
        applied: tuple[int, ...] = ()
        if header.FILTERS in found:
            applied = filters(self.file, found[header.FILTERS].data)
        if place.kind == "chunked" and not is_text and size > MOST_BYTES:
            return  # pictures, most likely: a loader of bytes would not chunk them
        data = stored(self.file, place, size, applied, kind.size)
        if data is None:
            return
        if not is_text:
            self.reading.parts.append(part(data, path))
            return
        for value in self._values(kind, count, data.read(0, size)):
            self._hand_out(path, value)

    def _virtual(self, path: str, place: Layout) -> None:
        if place.address is None:
            return
        raw = self.file.global_heap(place.address, place.size)
        fields = self.file.fields(raw)
        fields.take(1)
        fields.length()
        name = fields.text()
        if name != ".":
            self.document.outside.append(Outside(path, "virtual dataset", name))


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is an ``Hdf5Document``; an object that is damaged stops no other."""
    file = open_file(source, budget)
    reading.document = document = Hdf5Document()
    if file.base and source.read(0, min(file.base, MOST_BYTES)).strip(b"\0"):
        reading.parts.append(part(cut(source, 0, file.base), "[user block]"))
    end = (
        None if file.end is None else file.end if file.end > file.base else file.base + file.end
    )
    if end is not None and end < source.size:
        reading.parts.append(part(cut(source, end, source.size - end), f"[{end:#x}]"))
    _Walk(file, document, reading).run()
    if end is not None and end > source.size:
        raise MalformedArtifactError(f"HDF5 file ends at {source.size:#x}, not at {end:#x}")


FORMAT: Final = Format("hdf5", looks_like, read)
