"""A zip archive with its two views side by side: the directory and the members.

Two programs can read two different files out of one zip: one believes the
central directory at the end, the other the header in front of each member. The
reader parses both, says where they differ, and hands out every member that
either view shows. Bytes in front of, between and behind the members are handed out too.

Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.4.
"""

from __future__ import annotations

import bz2
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import (
    Budget,
    Format,
    MemorySource,
    Part,
    Reading,
    Slice,
    Source,
    cut,
    part,
    read_exactly,
)

_EOCD: Final = struct.Struct("<4sHHHHIIH")
_EOCD64: Final = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR64: Final = struct.Struct("<4sIQI")
_CENTRAL: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_CHUNK: Final = 1 << 20
_ENCRYPTED: Final = 0x1 | 0x40
_DESCRIPTOR: Final = 0x8
_LARGE: Final = 0xFFFFFFFF
_SYMLINK: Final = 0o120000


@dataclass(frozen=True, slots=True)
class Member:
    """One entry as the central directory shows it, with its place in the file."""

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    header: int
    mode: int

    @property
    def is_folder(self) -> bool:
        """Whether it is only a name; an empty deflate stream is two bytes long."""
        return self.name.endswith("/") and not self.size and self.packed <= 2

    @property
    def is_symlink(self) -> bool:
        """Whether extraction would make a symbolic link."""
        return self.mode & 0o170000 == _SYMLINK


@dataclass(frozen=True, slots=True)
class Archive:
    """Both views of a zip file.

    Attributes:
        source: the bytes.
        members: entries of the central directory, in its order.
        lies: where the views disagree, each as ``(offset, sentence)``.
        hidden: bytes outside every member, as slices worth reading.
    """

    source: Source
    members: tuple[Member, ...]
    lies: tuple[tuple[int, str], ...]
    hidden: tuple[Slice, ...]


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def looks_like(source: Source) -> bool:
    """Whether there is an end-of-central-directory record, wherever the zip begins."""
    return source.read(0, 4) == b"PK\x03\x04" or _find_end(source) is not None


def _find_end(source: Source) -> int | None:
    span = min(source.size, _EOCD.size + 0xFFFF)
    tail = source.read(source.size - span, span)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _EOCD.size > len(tail):
        return None
    return source.size - span + at


def open_archive(source: Source, budget: Budget) -> Archive:
    """Parse both views.

    Raises:
        MalformedArtifactError: no directory, or an entry points outside the file.
        LimitExceededError: more entries than the budget allows.
    """
    end = _find_end(source)
    if end is None:
        raise MalformedArtifactError("zip without its central directory (truncated?)")
    fields = _EOCD.unpack(read_exactly(source, end, _EOCD.size, "zip end record"))
    count, length, start, comment = fields[4], fields[5], fields[6], fields[7]
    directory_end = end
    at_locator = end - _LOCATOR64.size
    if at_locator >= 0 and source.read(at_locator, 4) == b"PK\x06\x07":
        count, length, start, directory_end = _zip64(source, end)
    shift = directory_end - length - start  # bytes put in front of the archive
    if shift < 0:
        raise MalformedArtifactError("zip central directory lies outside the file")
    members = tuple(_central(source, start + shift, directory_end, shift, budget))
    lies, hidden = _compare(source, members, start + shift)
    if len(members) != count:
        lies.append((end, f"the directory holds {len(members)} entries, its end says {count}"))
    tail = end + _EOCD.size + comment
    if tail < source.size:
        lies.append((tail, f"{source.size - tail} bytes follow the archive"))
        hidden.append(cut(source, tail, source.size - tail))
    return Archive(source, members, tuple(lies), tuple(hidden))


def _zip64(source: Source, end: int) -> tuple[int, int, int, int]:
    locator = _LOCATOR64.unpack(
        read_exactly(source, end - _LOCATOR64.size, _LOCATOR64.size, "zip64 locator")
    )
    if locator[0] != b"PK\x06\x07":
        raise MalformedArtifactError("zip64 archive without its locator")
    at = end - _LOCATOR64.size - _EOCD64.size
    record = _EOCD64.unpack(read_exactly(source, at, _EOCD64.size, "zip64 end record"))
    if record[0] != b"PK\x06\x06":
        raise MalformedArtifactError("zip64 end record is not where it must be")
    return record[7], record[8], record[9], at


def _central(source: Source, at: int, end: int, shift: int, budget: Budget) -> Iterator[Member]:
    """Every entry between two offsets, whatever the end record counts."""
    while at < end:
        budget.entry()
        f = _CENTRAL.unpack(read_exactly(source, at, _CENTRAL.size, "zip directory entry"))
        if f[0] != b"PK\x01\x02":
            raise MalformedArtifactError(f"zip directory entry at {at:#x} has no signature")
        name_length, extra_length, comment_length = f[10], f[11], f[12]
        rest = read_exactly(
            source, at + _CENTRAL.size, name_length + extra_length, "zip directory entry"
        )
        packed, size, header = _widen(f[8], f[9], f[16], rest[name_length:])
        yield Member(
            name=_text(rest[:name_length]),
            flags=f[3],
            method=f[4],
            crc=f[7],
            packed=packed,
            size=size,
            header=header + shift,
            mode=f[15] >> 16,
        )
        at += _CENTRAL.size + name_length + extra_length + comment_length


def _widen(packed: int, size: int, header: int, extra: bytes) -> tuple[int, int, int]:
    """Apply the zip64 extra field, which holds only the fields that overflowed."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        body = extra[at + 4 : at + 4 + length]
        at += 4 + length
        if tag != 1:
            continue
        values = iter(struct.unpack(f"<{len(body) // 8}Q", body[: len(body) // 8 * 8]))
        size = next(values, size) if size == _LARGE else size
        packed = next(values, packed) if packed == _LARGE else packed
        header = next(values, header) if header == _LARGE else header
    return packed, size, header


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="backslashreplace")


def _compare(
    source: Source, members: tuple[Member, ...], directory: int
) -> tuple[list[tuple[int, str]], list[Slice]]:
    lies: list[tuple[int, str]] = []
    hidden: list[Slice] = []
    seen: set[str] = set()
    at = 0
    for member in sorted(members, key=lambda m: m.header):
        if member.name in seen:
            lies.append((member.header, f"two members are named {member.name!r}"))
        seen.add(member.name)
        if member.name.endswith("/") and not member.is_folder:
            lies.append((member.header, f"folder {member.name!r} holds bytes"))
        if member.header > at:
            _gap(source, at, member.header, lies, hidden)
        elif member.header < at:
            lies.append((member.header, f"member {member.name!r} overlaps the one before it"))
        at = max(at, _after(source, member, lies))
    if at < directory:
        _gap(source, at, directory, lies, hidden)
    return lies, hidden


def _gap(
    source: Source, start: int, end: int, lies: list[tuple[int, str]], hidden: list[Slice]
) -> None:
    gap = cut(source, start, end - start)
    hidden.append(gap)
    if start == 0 and gap.read(4, 4) == b"TFL3":
        return  # TensorFlow Lite packs the files of a model behind it
    where = "before the first member" if start == 0 else "between members"
    lies.append((start, f"{gap.length} bytes {where} belong to no member"))


def _local(source: Source, member: Member) -> tuple[tuple[int, ...], str, int]:
    raw = read_exactly(source, member.header, _LOCAL.size, f"zip member {member.name!r}")
    fields = _LOCAL.unpack(raw)
    if fields[0] != b"PK\x03\x04":
        raise MalformedArtifactError(f"zip member {member.name!r} has no local header")
    names = read_exactly(source, member.header + _LOCAL.size, fields[9], "zip member name")
    start = member.header + _LOCAL.size + fields[9] + fields[10]
    return fields[1:], _text(names), start


def _after(source: Source, member: Member, lies: list[tuple[int, str]]) -> int:
    """Offset behind a member's data and descriptor; notes what its header says otherwise."""
    fields, name, start = _local(source, member)
    flags, method, crc, packed, size = fields[1], fields[2], fields[5], fields[6], fields[7]
    described = flags & _DESCRIPTOR
    differs = [
        label
        for label, local, central in (
            ("name", name, member.name),
            ("method", method, member.method),
            ("CRC", crc if not described else member.crc, member.crc),
            ("packed size", packed if not described else member.packed, member.packed),
            ("size", size if not described else member.size, member.size),
        )
        if local not in (central, _LARGE)
    ]
    if differs:
        lies.append(
            (
                member.header,
                f"header and directory of {member.name!r} differ in {', '.join(differs)}",
            )
        )
    if (flags | member.flags) & _ENCRYPTED:
        lies.append((member.header, f"member {member.name!r} says it is encrypted"))
    end = start + member.packed
    if end > source.size:
        raise MalformedArtifactError(f"zip member {member.name!r} ends behind the file")
    if described:
        end += 16 if source.read(end, 4) == b"PK\x07\x08" else 12
        if member.size >= _LARGE or _has_wide_descriptor(source, start, member):
            end += 8
    return end


def _has_wide_descriptor(source: Source, start: int, member: Member) -> bool:
    """Whether the descriptor holds 8-byte sizes though 4 would do, as some writers store."""
    descriptor = source.read(start + member.packed, 24)
    return descriptor[8:24] == struct.pack("<QQ", member.packed, member.size)


def member_source(
    archive: Archive, member: Member, budget: Budget
) -> tuple[Source, str | None]:
    """The bytes of a member, and what is wrong with them (CRC, size) if anything.

    A stored member is a slice of the file; a compressed one is unpacked in memory.

    Raises:
        MalformedArtifactError: the data cannot be unpacked or the method is unknown.
        LimitExceededError: larger, or better compressed, than the limits allow.
    """
    _, _, start = _local(archive.source, member)
    if start + member.packed > archive.source.size:
        raise MalformedArtifactError(f"zip member {member.name!r} ends behind the file")
    packed = cut(archive.source, start, member.packed)
    if member.method == 0:
        return packed, _crc_problem(packed, member)
    unpacked, rest = _unpack(packed, member, budget)
    data = MemorySource(unpacked)
    if rest:
        return data, f"{rest} bytes follow the end of member {member.name!r} inside it"
    return data, _crc_problem(data, member)


def _crc_problem(data: Source, member: Member) -> str | None:
    crc = 0
    for at in range(0, data.size, _CHUNK):
        crc = zlib.crc32(data.read(at, _CHUNK), crc)
    if data.size != member.size:
        return f"member {member.name!r} holds {data.size} bytes, its header says {member.size}"
    if crc != member.crc:
        return f"member {member.name!r} does not match its CRC"
    return None


def _unpack(packed: Source, member: Member, budget: Budget) -> tuple[bytes, int]:
    """The unpacked bytes, and how many packed ones lie behind their end."""
    limit = min(
        budget.limits.member_bytes,
        max(_CHUNK, member.packed * budget.limits.ratio),
    )
    out: list[bytes] = []
    total = used = 0
    try:
        decompressor = _decompressor(member)
        while used < packed.size and not decompressor.eof:
            chunk = packed.read(used, _CHUNK)
            used += len(chunk)
            out.append(decompressor.decompress(chunk, limit + 1 - total))
            total += len(out[-1])
            if total > limit:
                raise LimitExceededError(
                    f"zip member {member.name!r} unpacks to more than {limit} bytes"
                )
            budget.tick()
    except (zlib.error, OSError, EOFError) as error:
        raise MalformedArtifactError(f"zip member {member.name!r}: {error}") from error
    return b"".join(out), packed.size - used + len(decompressor.unused_data)


def _decompressor(member: Member) -> _Decompressor:
    if member.method == 8:
        return zlib.decompressobj(-15)
    if member.method == 12:
        return bz2.BZ2Decompressor()
    raise MalformedArtifactError(
        f"zip member {member.name!r} is packed by method {member.method}, which is not read"
    )


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """Hand out every member and all bytes between them; the document is an ``Archive``.

    Damage of a member is known once it is unpacked, and is added to the lies then.
    """
    archive = open_archive(source, budget)
    reading.document = archive
    reading.lies += archive.lies
    names = [member.name for member in archive.members]
    roots = {n.removesuffix("data.pkl") for n in names if n.rpartition("/")[2] == "data.pkl"}
    reading.parts += [
        Part(_opener(archive, member, budget, reading), member.name, _role(member.name, roots))
        for member in archive.members
        if not member.is_folder
    ]
    reading.parts += [part(gap, f"[{gap.start:#x}]") for gap in archive.hidden]


def _opener(
    archive: Archive, member: Member, budget: Budget, reading: Reading
) -> Callable[[], Source]:
    def open_member() -> Source:
        data, problem = member_source(archive, member, budget)
        if problem is not None:
            reading.lies.append((member.header, problem))
        return data

    return open_member


def _role(name: str, torch_roots: set[str]) -> str | None:
    """Members PyTorch reads as raw storage: any bytes, so sniffing them would guess."""
    folder, slash, last = name.rpartition("data/")
    is_storage = bool(slash) and folder in torch_roots and last.isdecimal()
    return "tensor data" if is_storage else None


FORMAT: Final = Format("zip", looks_like, read)
