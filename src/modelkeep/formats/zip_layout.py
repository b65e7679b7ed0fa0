"""A zip with all its views side by side: which bytes belong to which member.

Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.contents import Contents
from modelkeep.formats.interface import Budget, Slice, Source, cut
from modelkeep.formats.zip_directory import (
    DESCRIPTOR,
    Member,
    View,
    central,
    end_records,
    local,
    views,
    walk,
)
from modelkeep.formats.zip_member import MARKED

LARGE: Final = 0xFFFFFFFF
MOST_LIES: Final = 100
_DEFLATE_RATIO: Final = 1032
_TFLITE: Final = b"TFL3"  # at offset 4; archives of files are packed behind such models
_END: Final = 22  # bytes of an end record
_PIECE: Final = 1 << 20


@dataclass(slots=True)
class Archive(Contents):
    """All views of a zip file.

    Attributes:
        source: the bytes.
        members: entries of the central directory, in its order, then those of other views.
        lies: where the views disagree, each as ``(offset, sentence)``.
        comment: free text behind the directory.
        hidden: bytes outside every member, as slices worth reading.
        errors: what broke on the way; the rest was read all the same.
    """

    source: Source = field(kw_only=True)
    members: list[Member] = field(default_factory=list)
    lies: list[tuple[int, str]] = field(default_factory=list)
    comment: bytes = b""
    hidden: list[Slice] = field(default_factory=list)
    errors: list[MalformedArtifactError] = field(default_factory=list)

    def tell(self, offset: int, sentence: str) -> None:
        """Note a contradiction; a hundred of them say enough."""
        if len(self.lies) < MOST_LIES:
            self.lies.append((offset, sentence))


def open_archive(source: Source, budget: Budget) -> Archive:
    """Parse all views; what breaks on the way is kept as ``errors``.

    Raises:
        LimitExceededError: more entries than the budget allows.
    """
    archive = Archive(source=source)
    every = [view for at in end_records(source) for view in views(source, at)]
    if every:
        archive.comment = source.read(
            every[0].record + _END, every[0].tail - every[0].record - _END
        )
        _read_directory(archive, every[0], budget)
        spans = _compare(archive, every[0])
        for other in every[1:]:
            _read_other(archive, other, spans, budget)
    else:
        message = "zip without its central directory (truncated?)"
        archive.errors.append(MalformedArtifactError(message))
        _collect(archive, walk(source, budget))
    return archive


def _collect(archive: Archive, members: Iterator[Member]) -> None:
    """Keep members up to the one that breaks."""
    try:
        for member in members:
            archive.members.append(member)
    except LimitExceededError:
        raise
    except MalformedArtifactError as error:
        archive.errors.append(error)


def _read_directory(archive: Archive, view: View, budget: Budget) -> None:
    _collect(archive, central(archive.source, view, budget))
    if len(archive.members) != view.count:
        archive.tell(
            view.record,
            f"the directory holds {len(archive.members)} entries, its end says {view.count}",
        )


def _read_other(
    archive: Archive, view: View, spans: list[tuple[int, int]], budget: Budget
) -> None:
    """Members that a second directory shows, unless it is that of an archive in this one."""
    inner = any(start <= view.shift and view.tail <= end for start, end in spans)
    if inner or any(gap.start <= view.shift < gap.start + gap.length for gap in archive.hidden):
        return
    archive.tell(view.record, "another end record or place leads to another directory")
    known = set(archive.members)
    other = Archive(source=archive.source)
    _collect(other, central(archive.source, view, budget))
    archive.members += [member for member in other.members if member not in known]


def _compare(archive: Archive, view: View) -> list[tuple[int, int]]:
    """Lay the members out side by side; returns the spans they take up."""
    seen: set[str] = set()
    spans: list[tuple[int, int]] = []
    at = overlapping = total = 0
    for member in sorted(archive.members, key=lambda m: m.header):
        if member.name in seen:
            archive.tell(member.header, f"two members are named {member.name!r}")
        seen.add(member.name)
        if member.name.endswith("/") and not member.is_folder:
            archive.tell(member.header, f"folder {member.name!r} holds bytes")
        if member.header > at:
            _gap(archive, at, min(member.header, view.start))
        elif member.header < at:
            overlapping += 1
            archive.tell(member.header, f"member {member.name!r} overlaps the one before it")
        try:
            end = _after(archive, member)
        except MalformedArtifactError as error:
            archive.errors.append(error)
            continue
        spans.append((member.header, end))
        total += min(member.size, member.packed * _DEFLATE_RATIO)
        at = max(at, end)
    if at < view.start:
        _gap(archive, at, view.start)
    if view.tail < archive.source.size:
        length = archive.source.size - view.tail
        archive.tell(view.tail, f"{length} bytes follow the archive")
        archive.hidden.append(cut(archive.source, view.tail, length))
    if overlapping:
        _weigh(archive, overlapping, total)
    return spans


def _weigh(archive: Archive, overlapping: int, total: int) -> None:
    """Members that share their packed bytes multiply what comes out."""
    if total > max(64 << 20, 200 * archive.source.size):
        archive.bombs.append(
            (0, f"{overlapping} overlapping members unpack to {total} bytes in all")
        )


def _gap(archive: Archive, start: int, end: int) -> None:
    gap = cut(archive.source, start, end - start)
    if gap.length > 0 and len(archive.hidden) < MOST_LIES:
        whole = _concatenated(gap) if start == 0 else []
        if whole or (start == 0 and gap.read(4, 4) == _TFLITE):
            archive.hidden += whole or [gap]  # honest writers put these in front of an archive
            return
        where = "before the first member" if start == 0 else "between members"
        archive.tell(start, f"{gap.length} bytes {where} belong to no member")
        archive.hidden.append(gap)


def _concatenated(gap: Slice) -> list[Slice]:
    """The archives a gap consists of, if it is nothing but whole archives in a row.

    PyTorch's distributed checkpoints are files of that kind.
    """
    found: list[Slice] = []
    at = start = 0
    while start < gap.size and gap.read(start, 4) == b"PK\x03\x04":
        end = _find(gap, max(at, start))
        if end is None:
            return []
        comment = int.from_bytes(gap.read(end + 20, 2), "little")
        behind = end + 22 + comment
        if behind == gap.size or gap.read(behind, 4) == b"PK\x03\x04":
            found.append(cut(gap, start, behind - start))
            start = behind
        at = end + 4
    return found if start == gap.size else []


def _find(gap: Slice, at: int) -> int | None:
    """The next end record, read in pieces."""
    while at < gap.size:
        place = gap.read(at, _PIECE).find(b"PK\x05\x06")
        if place >= 0:
            return at + place
        at += _PIECE - 3
    return None


def _after(archive: Archive, member: Member) -> int:
    """Offset behind a member's data and descriptor; notes what its header says otherwise."""
    told, start = local(archive.source, member.header, member.name)
    described = bool(told.flags & DESCRIPTOR)
    differs = _differences(told, member, described=described)
    if differs:
        archive.tell(
            member.header,
            f"header and directory of {member.name!r} differ in {', '.join(differs)}",
        )
    flags = told.flags | member.flags
    if flags & MARKED and not member.method and member.packed == member.size:
        archive.tell(member.header, f"member {member.name!r} says it is encrypted and is not")
    end = start + member.packed
    if end > archive.source.size:
        raise MalformedArtifactError(f"zip member {member.name!r} ends behind the file")
    if described:
        end += 16 if archive.source.read(end, 4) == b"PK\x07\x08" else 12
        if member.size >= LARGE or _has_wide_descriptor(archive.source, start, member):
            end += 8
    return end


def _differences(told: Member, member: Member, *, described: bool) -> list[str]:
    """What the local header says otherwise; a descriptor says sizes and CRC later."""
    pairs: list[tuple[str, object, object]] = [
        ("name", told.name, member.name),
        ("method", told.method, member.method),
    ]
    if not described:
        pairs += [
            ("CRC", told.crc, member.crc),
            ("packed size", told.packed, member.packed),
            ("size", told.size, member.size),
        ]
    return [label for label, one, other in pairs if one not in (other, LARGE)]


def _has_wide_descriptor(source: Source, start: int, member: Member) -> bool:
    """Whether the descriptor holds 8-byte sizes though 4 would do, as some writers store."""
    descriptor = source.read(start + member.packed, 24)
    return descriptor[8:24] == struct.pack("<QQ", member.packed, member.size)
