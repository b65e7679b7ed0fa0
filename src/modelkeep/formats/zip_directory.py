"""The directory views of a zip: end records, central entries, local headers.

A zip may have several end records, and one record may be believed in several ways: where
it says the directory starts, or where the directory must start to end in front of it.
Every way that leads to entries is a view some program has.

Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.6; CPython ``Lib/zipfile.py``.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Budget, Source, cut, read_exactly

_EOCD: Final = struct.Struct("<4sHHHHIIH")
_EOCD64: Final = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR64: Final = struct.Struct("<4sIQI")
_CENTRAL: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_LARGE: Final = 0xFFFFFFFF
_MOST_ENDS: Final = 32
DESCRIPTOR: Final = 0x8
_SHORT_NOTE: Final = 12
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """One entry as the central directory or its local header shows it.

    Attributes:
        header: offset of the local header.
        mode: Unix type and permissions, or 0.
        other_name: what the Unicode path field calls it, if something else.
        notes: comment and extra fields that say nothing about the member.
    """

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    header: int
    mode: int = 0
    other_name: str | None = None
    notes: tuple[bytes, ...] = field(default=(), compare=False)

    @property
    def is_folder(self) -> bool:
        """Whether it is only a name; an empty deflate stream is two bytes long."""
        return self.name.endswith("/") and not self.size and self.packed <= 2

    @property
    def is_symlink(self) -> bool:
        """Whether extraction would make a symbolic link."""
        return self.mode & 0o170000 == 0o120000


@dataclass(frozen=True, slots=True)
class View:
    """One way to read the directory.

    Attributes:
        start: offset of its first entry.
        end: offset behind its last entry.
        shift: what to add to the offsets of members.
        count: how many entries the end record promises.
        record: offset of the end record.
        tail: offset behind the archive's comment.
    """

    start: int
    end: int
    shift: int
    count: int
    record: int
    tail: int


def end_records(source: Source) -> list[int]:
    """Offsets of end records, that which ``zipfile`` would choose first."""
    span = min(source.size, _EOCD.size + 0xFFFF)
    base = source.size - span
    tail = source.read(base, span)
    found: list[int] = []
    at = len(tail)
    while len(found) < _MOST_ENDS and (at := tail.rfind(b"PK\x05\x06", 0, at + 3)) >= 0:
        if at + _EOCD.size <= len(tail):
            found.append(base + at)
    last = len(tail) - _EOCD.size
    if last >= 0 and tail[last:].startswith(b"PK\x05\x06") and tail.endswith(b"\0\0"):
        found.sort(key=lambda at: at != base + last)
    return found


_WIDE_TAIL: Final = _LOCATOR64.size + _EOCD64.size


def views(source: Source, record: int) -> Iterator[View]:
    """Ways to read one end record that lead to an entry, the usual one first."""
    f = _EOCD.unpack(read_exactly(source, record, _EOCD.size, "zip end record"))
    tail = min(source.size, record + _EOCD.size + f[7])
    wide = list(_wide(source, record))
    seen = set()
    for end, count, length, start in (*wide, (record, f[4], f[5], f[6])):
        ways = [(end - length, end - length - start), (start, 0)]
        if end == record and any(at == record - _WIDE_TAIL for at, *_ in wide):
            del ways[0]  # with a zip64 record between, nobody expects the directory here
        for first, shift in ways:
            view = View(first, first + length, shift, count, record, tail)
            viable = (
                source.read(first, 4) == b"PK\x01\x02" if length else not count and first <= end
            )
            if viable and first >= 0 and (view.start, view.end, view.shift) not in seen:
                seen.add((view.start, view.end, view.shift))
                yield view


def _wide(source: Source, record: int) -> Iterator[tuple[int, int, int, int]]:
    """Zip64 records: the one in front of its locator, and the one the locator points to."""
    raw = source.read(max(0, record - _LOCATOR64.size), _LOCATOR64.size)
    if record < _LOCATOR64.size or not raw.startswith(b"PK\x06\x07"):
        return
    place = _LOCATOR64.unpack(raw)[2]
    for at in dict.fromkeys((record - _WIDE_TAIL, place)):
        wide = source.read(at, _EOCD64.size) if at >= 0 else b""
        if len(wide) == _EOCD64.size and wide.startswith(b"PK\x06\x06"):
            f = _EOCD64.unpack(wide)
            yield at, f[7], f[8], f[9]


def central(source: Source, view: View, budget: Budget) -> Iterator[Member]:
    """Every entry of a directory, whatever its end record counts.

    Raises:
        MalformedArtifactError: an entry without its signature; those before it stand.
    """
    directory = cut(source, view.start, min(view.end, source.size) - view.start)
    at = 0
    while at < directory.size:
        budget.entry()
        raw = read_exactly(directory, at, _CENTRAL.size, "zip directory entry")
        f = _CENTRAL.unpack(raw)
        if f[0] != b"PK\x01\x02":
            raise MalformedArtifactError(
                f"zip directory entry at {view.start + at:#x} has no signature"
            )
        rest = directory.read(at + _CENTRAL.size, f[10] + f[11] + f[12])
        name, extra, comment = _split(rest, f[10], f[11])
        packed, size, header = _widen(f[8], f[9], f[16], extra)
        yield Member(
            name=_text(name),
            flags=f[3],
            method=f[4],
            crc=f[7],
            packed=packed,
            size=size,
            header=header + view.shift,
            mode=f[15] >> 16,
            other_name=_unicode_path(name, extra),
            notes=_notes(extra, comment),
        )
        at += _CENTRAL.size + f[10] + f[11] + f[12]


def local(source: Source, at: int, what: str = "") -> tuple[Member, int]:
    """What the header in front of a member says, and where its data starts.

    Raises:
        MalformedArtifactError: there is none.
    """
    what = f"zip member {what!r}" if what else f"zip member at {at:#x}"
    f = _LOCAL.unpack(read_exactly(source, at, _LOCAL.size, what))
    if f[0] != b"PK\x03\x04":
        raise MalformedArtifactError(f"{what} has no local header")
    rest = read_exactly(source, at + _LOCAL.size, f[9] + f[10], f"{what}: its name")
    name, extra = rest[: f[9]], rest[f[9] :]
    packed, size, _ = _widen(f[7], f[8], 0, extra)
    found = Member(
        name=_text(name),
        flags=f[2],
        method=f[3],
        crc=f[6],
        packed=packed,
        size=size,
        header=at,
        other_name=_unicode_path(name, extra),
    )
    return found, at + _LOCAL.size + f[9] + f[10]


def walk(source: Source, budget: Budget) -> Iterator[Member]:
    """Members by their local headers alone, as a program sees them that reads from a pipe."""
    at = 0
    while source.read(at, 4) == b"PK\x03\x04":
        budget.entry()
        member, start = local(source, at)
        if (member.flags & DESCRIPTOR and not member.packed) or member.packed == _LARGE:
            end = _next_record(source, start, budget)
            member = replace(member, packed=end - start)
        yield member
        at = start + member.packed
        if member.flags & DESCRIPTOR:
            at = _next_record(source, at, budget, (b"PK\x03\x04",))


def _next_record(
    source: Source,
    at: int,
    budget: Budget,
    kinds: tuple[bytes, ...] = (b"PK\x07\x08", b"PK\x03\x04", b"PK\x01\x02"),
) -> int:
    while at < source.size:
        budget.tick()
        chunk = source.read(at, _CHUNK + 3)
        found = [place for kind in kinds if (place := chunk.find(kind)) >= 0]
        if found:
            return at + min(found)
        at += _CHUNK
    return source.size


def _split(rest: bytes, name: int, extra: int) -> tuple[bytes, bytes, bytes]:
    return rest[:name], rest[name : name + extra], rest[name + extra :]


def _notes(extra: bytes, comment: bytes) -> tuple[bytes, ...]:
    """What is long enough to be something of its own."""
    bodies = [body for _, body in extra_fields(extra)] if len(extra) > _SHORT_NOTE else []
    return tuple(note for note in (*bodies, comment) if len(note) > _SHORT_NOTE)


def extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and body of each extra field."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        yield tag, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _widen(packed: int, size: int, header: int, extra: bytes) -> tuple[int, int, int]:
    """Apply the zip64 extra field, which holds only the fields that overflowed."""
    for tag, body in extra_fields(extra):
        if tag != 1:
            continue
        values = iter(struct.unpack(f"<{len(body) // 8}Q", body[: len(body) // 8 * 8]))
        size = next(values, size) if size == _LARGE else size
        packed = next(values, packed) if packed == _LARGE else packed
        header = next(values, header) if header == _LARGE else header
    return packed, size, header


def _unicode_path(name: bytes, extra: bytes) -> str | None:
    """The name in field 0x7075, which counts only while its CRC fits the other name."""
    for tag, body in extra_fields(extra):
        if (
            tag == 0x7075
            and len(body) > 5
            and body[1:5] == zlib.crc32(name).to_bytes(4, "little")
        ):
            other = _text(body[5:])
            return other if other != _text(name) else None
    return None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="backslashreplace")
