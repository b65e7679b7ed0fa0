"""A zip archive, read under every story that is told about it.

Two programs can read two different files out of one zip: one believes the
central directory at the end, the other the header in front of each member. The
reader parses both, says where they differ, and hands out every member that
any view shows, under every story told about it. Bytes in front of, between and behind
the members are handed out too.

Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats import pickle_stream, tar_archive
from modelkeep.formats.contents import Entry, Kind
from modelkeep.formats.interface import Budget, Format, Part, Reading, Source, cut, part
from modelkeep.formats.payloads import parts_of_gap
from modelkeep.formats.remains import behind_zeros
from modelkeep.formats.zip_directory import DESCRIPTOR, Member, View, end_records, local, views
from modelkeep.formats.zip_layout import LARGE, MOST_LIES, Archive, open_archive
from modelkeep.formats.zip_member import Unpacked, unpack

_LONGEST_LINK: Final = 4096


def looks_like(source: Source) -> bool:
    """Whether it starts as a zip, or an end record leads to a directory.

    A zip kept whole within a tar or a pickle does not make that a zip.
    """
    if source.read(0, 4) == b"PK\x03\x04":
        return True
    view = next((v for at in end_records(source) for v in views(source, at)), None)
    if view is None or tar_archive.looks_like(source):
        return False
    head = source.read(0, 2)
    return not (head[:1] == b"\x80" and head[1:] <= b"\x05" and _in_pickle(source, view))


def _in_pickle(source: Source, view: View) -> bool:
    end = pickle_stream.end_of_first(source)
    return end is not None and end > view.record


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """Hand out every member and all bytes between them; the document is an ``Archive``.

    Damage of a member is known once it is unpacked, and is added to the lies then.
    """
    archive = open_archive(source, budget)
    reading.document = archive
    reading.lies += archive.lies
    archive.entries += _entries(archive, budget)
    if archive.bombs:
        raise LimitExceededError(archive.bombs[0][1])
    names = [member.name for member in archive.members]
    roots = {n.removesuffix("data.pkl") for n in names if n.rpartition("/")[2] == "data.pkl"}
    for member in archive.members:
        for story in _stories(archive, member):
            role = _role(story.name, roots)
            if not story.is_folder:
                reading.parts.append(
                    Part(_opener(archive, story, budget, reading), story.name, role)
                )
    for gap in archive.hidden:
        start = behind_zeros(gap, 0, budget)
        hidden = cut(gap, start, gap.size - start)
        reading.parts += [part(hidden, f"[{hidden.start:#x}]")] if hidden.size else []
    reading.parts += parts_of_gap(archive.comment, "[comment]")
    for member in archive.members:
        for note in member.notes:
            reading.parts += parts_of_gap(note, f"{member.name}!note")
    if archive.errors:
        raise archive.errors[0]


def _stories(archive: Archive, member: Member) -> list[Member]:
    """A member as the directory tells it, by its other name, and as its header tells it."""
    told = [member]
    if member.other_name is not None:
        told.append(replace(member, name=member.other_name))
    try:
        header, _ = local(archive.source, member.header)
    except MalformedArtifactError:
        return told
    if header.flags & DESCRIPTOR:
        if header.name != member.name:
            told.append(replace(member, name=header.name))
    elif (header.name, header.method, header.packed, header.size) != (
        member.name, member.method, member.packed, member.size,
    ) and LARGE not in (header.packed, header.size):  # fmt: skip
        told.append(header)
    return told


def _opener(
    archive: Archive, member: Member, budget: Budget, reading: Reading
) -> Callable[[], Source]:
    def open_member() -> Source:
        found = unpack(archive.source, member, budget)
        if found.bomb is not None:
            archive.bombs.append((member.header, found.bomb))
        if found.problem is not None and len(reading.lies) < MOST_LIES:
            reading.lies.append((member.header, found.problem))
        reading.parts += _leftovers(found, member, reading)
        if found.error is not None:
            raise found.error
        return found.source

    return open_member


def _leftovers(found: Unpacked, member: Member, reading: Reading) -> list[Part]:
    """What a tolerant program makes of a member that is not what its entry says."""
    parts = []
    if found.rest.size:
        problem = f"{found.rest.size} bytes follow the end of member {member.name!r} inside it"
        reading.lies.append((member.header, problem))
        parts.append(part(found.rest, f"{member.name}!rest"))
    if found.error is not None and found.source.size:
        parts.append(part(found.source, member.name))
    if 0 < member.size < found.source.size:
        parts.append(part(cut(found.source, 0, member.size), member.name))
        behind = cut(found.source, member.size, found.source.size - member.size)
        parts.append(part(behind, f"{member.name}!rest"))
    return parts


def _entries(archive: Archive, budget: Budget) -> list[Entry]:
    entries = []
    for member in archive.members:
        target = _link_target(archive, member, budget) if member.is_symlink else ""
        kind: Kind = (
            "symlink" if member.is_symlink else "folder" if member.is_folder else "file"
        )
        names = [name for name in (member.name, member.other_name) if name is not None]
        entries += [Entry(name, member.header, kind, target) for name in names]
    return entries


def _link_target(archive: Archive, member: Member, budget: Budget) -> str:
    if member.packed > _LONGEST_LINK:
        return ""
    try:
        data = unpack(archive.source, member, budget).source
    except MalformedArtifactError:
        return ""
    return data.read(0, _LONGEST_LINK).decode("utf-8", "backslashreplace")


def _role(name: str, torch_roots: set[str]) -> str | None:
    """Members PyTorch reads as raw storage: any bytes, so sniffing them would guess."""
    folder, slash, last = name.rpartition("data/")
    is_storage = bool(slash) and folder in torch_roots and last.isdecimal()
    return "tensor data" if is_storage else None


FORMAT: Final = Format("zip", looks_like, read)

__all__ = ["FORMAT", "Archive", "Member", "looks_like", "open_archive", "read"]
