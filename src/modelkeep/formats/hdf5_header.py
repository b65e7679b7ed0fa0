"""Object headers of HDF5 and the messages in them: what an object is and where it lies.

Source: HDF5 File Format Specification, version 3.0 (IV.A).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.hdf5_file import Fields, File, decode

SPACE, LINK_INFO, TYPE, LINK, EXTERNAL, LAYOUT, FILTERS, ATTRIBUTE = 1, 2, 3, 6, 7, 8, 11, 12
CONTINUATION, SYMBOLS, ATTRIBUTE_INFO = 16, 17, 21
INTEGER, STRING, BITFIELD, OPAQUE, COMPOUND, ENUM, VARIABLE, ARRAY = 0, 3, 4, 5, 6, 8, 9, 10
_SHARED: Final = 2


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an object header."""

    kind: int
    flags: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Datatype:
    """Class and size of an element; of a variable-length one, of what it is made of."""

    kind: int
    size: int
    is_text: bool = False
    inner_size: int = 0


@dataclass(frozen=True, slots=True)
class RawAttribute:
    """An attribute with its bytes as stored."""

    name: str
    datatype: Datatype
    count: int
    data: bytes


@dataclass(frozen=True, slots=True)
class RawLink:
    """A link: ``hard`` has an address; ``soft``, ``external`` and others a value."""

    name: str
    kind: str
    address: int | None = None
    value: str = ""
    file: str = ""


def messages(file: File, address: int | None) -> Iterator[Message]:
    """Every message of an object header, continuations included.

    Raises:
        MalformedArtifactError: no object header, or a block lies outside the file.
    """
    start = file.read(address, 6, "object header")
    if start[:4] == b"OHDR":
        fields, tracked = _second_version(file, address, start[5])
        waiting = [(fields, True)]
    elif start[0] == 1:
        tracked = 0
        head = file.fields(file.read(address, 16, "object header"))
        head.take(8)
        size = head.number(4)
        block = file.read((address or 0) + 16, size, "object header")
        waiting = [(file.fields(block), False)]
    else:
        raise MalformedArtifactError(
            f"HDF5 object header at {address:#x} is of no known version"
        )
    seen: set[int] = set()
    while waiting:
        fields, is_second = waiting.pop()
        for message in _block(fields, is_second=is_second, tracked=tracked):
            file.budget.operations(1)
            if message.kind != CONTINUATION:
                yield message
                continue
            inside = file.fields(message.data)
            place, length = inside.address(), inside.length()
            if place is None or place in seen:
                raise MalformedArtifactError("HDF5 object header continues in itself")
            seen.add(place)
            file.budget.entry()
            raw = file.read(place, length, "object header")
            waiting.append((file.fields(raw[4:-4] if is_second else raw), is_second))


def _second_version(file: File, address: int | None, flags: int) -> tuple[Fields, int]:
    at = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    size = int.from_bytes(file.read((address or 0) + at, width, "object header"), "little")
    block = file.read((address or 0) + at + width, size, "object header")
    return file.fields(block), 2 if flags & 4 else 0


def _block(fields: Fields, *, is_second: bool, tracked: int) -> Iterator[Message]:
    least = 4 + tracked if is_second else 8
    while fields.at + least <= len(fields.data):
        kind = fields.number(1 if is_second else 2)
        size, flags = fields.number(2), fields.number(1)
        fields.take(tracked if is_second else 3)
        yield Message(kind, flags, fields.take(size))


def datatype(file: File, message: Message, *, hops: int = 4) -> Datatype:
    """The type a message describes, itself or by pointing at a named type.

    Raises:
        MalformedArtifactError: the pointer leads nowhere.
    """
    if not message.flags & _SHARED:
        return parse_type(file.fields(message.data))
    fields = file.fields(message.data)
    version, kind = fields.number(1), fields.number(1)
    if version == 1:
        fields.take(6)
    if version == 3 and kind == 1:
        raise MalformedArtifactError("HDF5 type in a shared message table is not read")
    place = fields.address()
    for inner in messages(file, place):
        if inner.kind == TYPE and hops:
            return datatype(file, inner, hops=hops - 1)
    raise MalformedArtifactError("HDF5 named type is missing")


def parse_type(fields: Fields) -> Datatype:
    """A type's class and size."""
    kind = fields.number(1) & 15
    bits, size = fields.number(3), fields.number(4)
    if kind == VARIABLE:
        if bits & 15 == 1:
            return Datatype(kind, size, is_text=True, inner_size=1)
        inner = parse_type(fields) if len(fields.data) - fields.at >= 8 else Datatype(0, 0)
        return Datatype(kind, size, inner_size=0 if inner.kind == VARIABLE else inner.size)
    return Datatype(kind, size)


def count_of(fields: Fields) -> int:
    """How many elements a dataspace has."""
    version, rank, _ = fields.number(1), fields.number(1), fields.number(1)
    if version == 1:
        fields.take(5)
    elif fields.number(1) == 2:
        return 0
    count = 1
    for _ in range(rank):
        count *= fields.length()
    return count


def attribute(file: File, data: bytes) -> RawAttribute:
    """An attribute message.

    Raises:
        MalformedArtifactError: of an unknown version, or shorter than it says.
    """
    fields = file.fields(data)
    version, flags = fields.number(1), fields.number(1)
    sizes = [fields.number(2) for _ in range(3)]
    if version == 3:
        fields.take(1)
    elif version not in (1, 2):
        raise MalformedArtifactError(f"HDF5 attribute of unknown version {version}")
    step = 8 if version == 1 else 1
    raw = [fields.take(-(-size // step) * step) for size in sizes]
    name = decode(raw[0].split(b"\0")[0])
    kind = datatype(file, Message(TYPE, _SHARED if version > 1 and flags & 1 else 0, raw[1]))
    count = count_of(file.fields(raw[2]))
    return RawAttribute(name, kind, count, fields.take(min(count * kind.size, 2**40)))


def link(file: File, data: bytes) -> RawLink:
    """A link message.

    Raises:
        MalformedArtifactError: shorter than it says.
    """
    fields = file.fields(data)
    _, flags = fields.number(1), fields.number(1)
    kind = fields.number(1) if flags & 8 else 0
    fields.take((8 if flags & 4 else 0) + (1 if flags & 16 else 0))
    name = decode(fields.take(fields.number(1 << (flags & 3))))
    if kind == 0:
        return RawLink(name, "hard", fields.address())
    value = fields.take(fields.number(2))
    if kind == 1:
        return RawLink(name, "soft", value=decode(value))
    if kind == 64:
        inside = file.fields(value)
        inside.take(1)
        outside = inside.text()
        return RawLink(name, "external", value=inside.text(), file=outside)
    return RawLink(name, "user-defined", value=decode(value))
