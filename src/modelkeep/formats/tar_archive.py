"""A tar archive of any age: v7, ustar, GNU with long names, pax.

A header is known by its checksum and not by its magic, which the oldest tars lack. A broken
header does not end the search, since some programs go on behind it, and what follows the
end marks is a stream of its own. Two members of one name are both handed out: which of
them counts depends on the program.

Sources: POSIX.1-2017 pax, "Extended Header" and "ustar Interchange Format"; the GNU tar
manual, "Basic Tar Format"; CPython ``Lib/tarfile.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.contents import Contents, Entry, Kind
from modelkeep.formats.interface import Budget, Format, Reading, Source, cut, part, read_exactly
from modelkeep.formats.remains import after

BLOCK: Final = 512
_CHUNK: Final = 1 << 20
_LONGEST_EXTENSION: Final = 1 << 20
_KINDS: Final[dict[bytes, Kind]] = {
    b"1": "hardlink", b"2": "symlink", b"3": "device", b"4": "device", b"5": "folder",
    b"6": "device",
}  # fmt: skip
_EXTENSIONS: Final = frozenset((b"L", b"K", b"x", b"X", b"g"))
_RECORD: Final = re.compile(rb"([0-9]{1,9}) ([^=]{1,4096})=")
_HUGE: Final = 8 << 30  # a size that eleven octal digits cannot hold


@dataclass(frozen=True, slots=True)
class _Header:
    name: str
    size: int
    kind: bytes
    target: str


@dataclass(slots=True)
class _Walk:
    """The way through one archive.

    Attributes:
        for_all: pax records of global headers.
        for_next: pax records and GNU long names of the member that comes next.
        errors: what broke on the way.
    """

    source: Source
    budget: Budget
    reading: Reading
    contents: Contents
    for_all: dict[str, str] = field(default_factory=dict)
    for_next: dict[str, str] = field(default_factory=dict)
    errors: list[MalformedArtifactError] = field(default_factory=list)


def looks_like(source: Source) -> bool:
    """Whether the first block is a header by its checksum."""
    block = source.read(0, BLOCK)
    return _is_header(block) and block[0] != 0


def _is_header(block: bytes) -> bool:
    if len(block) < BLOCK:
        return False
    try:
        stored = _number(block[148:156])
    except MalformedArtifactError:
        return False
    rest = block[:148] + block[156:]
    plain = 256 + sum(rest)
    return stored in (plain, plain - 256 * sum(byte > 127 for byte in rest))


def _number(raw: bytes) -> int:
    """An octal number, or a binary one if the first byte says so.

    Raises:
        MalformedArtifactError: neither.
    """
    if raw[0] in (0x80, 0xFF):
        return int.from_bytes(raw[1:], "big", signed=raw[0] == 0xFF)
    digits = raw.partition(b"\0")[0].strip(b" ")
    try:
        return int(digits or b"0", 8)
    except ValueError as error:
        raise MalformedArtifactError(f"tar header holds no number: {raw!r}") from error


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "backslashreplace")


def _header(block: bytes, at: int) -> _Header:
    if not _is_header(block):
        raise MalformedArtifactError(f"tar header at {at:#x} has a wrong checksum")
    name = _text(block[:100])
    prefix = _text(block[345:500])
    if prefix and block[257:263] != b"ustar ":
        name = f"{prefix}/{name}"
    return _Header(name, _number(block[124:136]), block[156:157], _text(block[157:257]))


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """Hand out every member and what lies between and behind; the document is ``Contents``."""
    walk = _Walk(source, budget, reading, Contents())
    reading.document = walk.contents
    at = 0
    while True:
        budget.entry()
        block = source.read(at, BLOCK)
        if len(block) < BLOCK or not any(block):
            break
        try:
            at = _step(walk, at, _header(block, at))
        except LimitExceededError:
            raise
        except MalformedArtifactError as error:
            walk.errors.append(error)
            at = _next_header(walk, at)
    _end(walk, at)
    if walk.errors:
        raise walk.errors[0]


def _step(walk: _Walk, at: int, header: _Header) -> int:
    """Take in one header and its data; the offset of the next header."""
    data = at + BLOCK
    if header.size < 0:
        raise MalformedArtifactError(f"tar member at {at:#x} has a negative size")
    if header.kind in _EXTENSIONS:
        if header.size > _LONGEST_EXTENSION:
            raise LimitExceededError(f"tar extension of {header.size} bytes")
        _extend(walk, header, read_exactly(walk.source, data, header.size, "tar extension"))
        return data + _padded(header.size)
    records = {**walk.for_all, **walk.for_next}
    walk.for_next = {}
    name = records.get("GNU.sparse.name", records.get("path", header.name))
    target = records.get("linkpath", header.target)
    size = _size(walk, at, header, records)
    kind = _KINDS.get(header.kind, "file")
    if kind == "file" and name.endswith("/"):
        kind = "folder"  # v7 knows no other sign, and ustar readers agree
    walk.contents.entries.append(Entry(name, at, kind, target))
    if _is_sparse(header, records):
        walk.errors.append(
            MalformedArtifactError(f"tar member {name!r} is sparse, read without its holes")
        )
        size = header.size
    if header.kind in _KINDS and not _has_data(walk.source, data, size):
        return data
    if size:
        _hand_out(walk, name, data, size)
    return data + _padded(size)


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _size(walk: _Walk, at: int, header: _Header, records: dict[str, str]) -> int:
    if "size" not in records:
        return header.size
    if not records["size"].isascii() or not records["size"].isdecimal():
        raise MalformedArtifactError(f"tar member at {at:#x} has no valid size")
    size = int(records["size"][:20])
    if size != header.size and size < _HUGE:
        walk.reading.lies.append((at, f"header says {header.size} bytes, its extension {size}"))
    return size


def _is_sparse(header: _Header, records: dict[str, str]) -> bool:
    return header.kind == b"S" or any(key.startswith("GNU.sparse.") for key in records)


def _has_data(source: Source, data: int, size: int) -> bool:
    """Whether a link or folder is followed by bytes all the same, as some writers do."""
    if not size:
        return False
    block = source.read(data, BLOCK)
    if _is_header(block) or not any(block):
        return False
    after = source.read(data + _padded(size), BLOCK)
    return _is_header(after) or (len(after) == BLOCK and not any(after))


def _hand_out(walk: _Walk, name: str, start: int, size: int) -> None:
    there = max(0, min(size, walk.source.size - start))
    walk.reading.parts.append(part(cut(walk.source, start, there), name))
    if there < size:
        walk.errors.append(
            MalformedArtifactError(f"tar member {name!r} ends behind the file (truncated?)")
        )


def _extend(walk: _Walk, header: _Header, body: bytes) -> None:
    if header.kind == b"L":
        walk.for_next["path"] = _text(body)
    elif header.kind == b"K":
        walk.for_next["linkpath"] = _text(body)
    else:
        records = walk.for_all if header.kind == b"g" else walk.for_next
        records.update(_pax(body))


def _pax(body: bytes) -> dict[str, str]:
    """Records of the form ``length key=value`` and a line feed.

    Raises:
        MalformedArtifactError: anything else.
    """
    records = {}
    at = 0
    while at < len(body) and body[at]:
        found = _RECORD.match(body, at)
        length = int(found[1]) if found else 0
        if found is None or found.end() > at + length or at + length > len(body):
            raise MalformedArtifactError("tar extension holds no valid record")
        value = body[found.end() : at + length - 1]
        records[found[2].decode("utf-8", "backslashreplace")] = value.decode(
            "utf-8", "backslashreplace"
        )
        at += length
    return records


def _next_header(walk: _Walk, at: int) -> int:
    """Go on behind a header that broke; the bytes stepped over are handed out."""
    begin = at = at + BLOCK
    while at < walk.source.size:
        walk.budget.tick()
        chunk = walk.source.read(at, _CHUNK)
        for place in range(0, len(chunk), BLOCK):
            block = chunk[place : place + BLOCK]
            if _is_header(block) or (place == 0 and at == begin and not any(block)):
                at += place
                break
        else:
            at += len(chunk)
            continue
        break
    if at > begin:
        gap = cut(walk.source, begin, min(at, walk.source.size) - begin)
        walk.reading.parts.append(part(gap, f"[{begin:#x}]"))
    return at


def _end(walk: _Walk, at: int) -> None:
    """What stands at the end: marks, nothing (so it was cut), or something else."""
    first = walk.source.read(at, BLOCK)
    if len(first) < BLOCK:
        walk.errors.append(MalformedArtifactError("tar ends without its end mark (truncated?)"))
    after(walk.source, at, walk.budget, walk.reading)


FORMAT: Final = Format("tar", looks_like, read)
