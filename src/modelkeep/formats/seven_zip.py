"""A 7z archive: every file in it, as far as common methods unpack it.

LZMA, LZMA2, bzip2, deflate, Zstandard and plain copies are unpacked, with the filters for
program code and differences where LZMA goes with them. Whatever else is used is named. Files of
one folder are unpacked together, once.

Source: ``7zFormat.txt`` and ``Methods.txt`` of the LZMA SDK.
"""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.contents import Contents, Entry, Kind
from modelkeep.formats.interface import (
    Budget,
    Format,
    MemorySource,
    Part,
    Reading,
    Source,
    cut,
    part,
    read_exactly,
)
from modelkeep.formats.remains import after
from modelkeep.formats.seven_zip_header import (
    ADDITIONAL,
    ENCODED,
    FILES,
    HEADER,
    MAIN_STREAMS,
    Coder,
    Fields,
    Files,
    Folder,
    Streams,
)
from modelkeep.formats.unpacking import Decompressor, Inflate, Spool, Zstandard, bzip2, raw_lzma

MAGIC: Final = b"7z\xbc\xaf\x27\x1c"
_START: Final = 32
_CHUNK: Final = 1 << 20
_LAYERS: Final = 4  # headers packed in packed headers
_LONGEST_LINK: Final = 4096
_COPY, _LZMA, _LZMA2 = b"\0", b"\3\1\1", b"\x21"
_SIMPLE: Final[dict[bytes, Callable[[], Decompressor]]] = {
    b"\4\1\x08": Inflate,
    b"\4\2\2": bzip2,
    b"\4\xf7\x11\1": Zstandard,
}
_FILTERS: Final = {
    b"\3\3\1\3": lzma.FILTER_X86, b"\4": lzma.FILTER_X86,
    b"\3\3\2\5": lzma.FILTER_POWERPC, b"\5": lzma.FILTER_POWERPC,
    b"\3\3\4\1": lzma.FILTER_IA64, b"\6": lzma.FILTER_IA64,
    b"\3\3\5\1": lzma.FILTER_ARM, b"\7": lzma.FILTER_ARM,
    b"\3\3\7\1": lzma.FILTER_ARMTHUMB, b"\x08": lzma.FILTER_ARMTHUMB,
    b"\3\3\x08\5": lzma.FILTER_SPARC, b"\x09": lzma.FILTER_SPARC,
    b"\3": lzma.FILTER_DELTA,
}  # fmt: skip
_NAMED: Final = {
    b"\6\xf1\7\1": "AES (encrypted)", b"\3\4\1": "PPMd", b"\3\3\1\x1b": "BCJ2",
    b"\4\1\x09": "Deflate64", b"\x21": "LZMA2", b"\3\1\1": "LZMA", b"\4\xf7\x11\4": "LZ4",
    b"\4\xf7\x11\2": "Brotli", b"\x0a": "ARM64",
}  # fmt: skip


@dataclass(slots=True)
class _Unpacked:
    source: Source
    error: MalformedArtifactError | None = None


@dataclass(slots=True)
class _Archive:
    """An archive while its files are handed out; a folder is unpacked when asked for first."""

    source: Source
    budget: Budget
    reading: Reading
    contents: Contents
    streams: Streams = field(default_factory=Streams)
    unpacked: dict[int, _Unpacked] = field(default_factory=dict)


def looks_like(source: Source) -> bool:
    """Whether it starts with the magic."""
    return source.read(0, 6) == MAGIC


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """Hand out every file; the document is ``Contents``."""
    archive = _Archive(source, budget, reading, Contents())
    reading.document = archive.contents
    head = read_exactly(source, 0, _START, "7z start")
    offset, size, digest = struct.unpack("<QQI", head[12:32])
    if size > budget.limits.header_bytes:
        raise LimitExceededError(f"7z header of {size} bytes")
    raw = read_exactly(source, _START + offset, size, "7z header")
    fields = _open_header(archive, raw)
    if fields is not None:
        _read_header(archive, fields)
    after(source, _START + offset + size, budget, reading)
    if size and zlib.crc32(raw) != digest:
        raise MalformedArtifactError("7z header does not match its CRC")


def _open_header(archive: _Archive, raw: bytes) -> Fields | None:
    """The plain header, out of the packed ones around it."""
    for _ in range(_LAYERS):
        if not raw:
            return None
        fields = Fields(raw, archive.budget)
        kind = fields.byte()
        if kind == HEADER:
            return fields
        if kind != ENCODED:
            raise MalformedArtifactError(f"7z header of unknown kind {kind:#x}")
        streams = fields.streams()
        if len(streams.folders) != 1:
            raise MalformedArtifactError("7z header packed in more than one piece")
        found = _unpack(archive, streams, 0)
        if found.error is not None:
            raise found.error
        if found.source.size > archive.budget.limits.header_bytes:
            raise LimitExceededError(f"7z header of {found.source.size} bytes")
        raw = found.source.read(0, found.source.size)
    raise LimitExceededError(f"7z header packed more than {_LAYERS} times")


def _read_header(archive: _Archive, fields: Fields) -> None:
    files = Files()
    while (kind := fields.byte()) in (ADDITIONAL, MAIN_STREAMS, FILES):
        if kind == FILES:
            files = fields.files()
        elif kind == MAIN_STREAMS:
            archive.streams = fields.streams()
        else:
            fields.streams()
    places = _places(archive.streams)
    for index, name in enumerate(files.names):
        place = None if files.empty[index] else next(places, None)
        _hand_out(archive, name, files.attributes[index], place)
    for number, place in enumerate(places):  # bytes without a name
        _hand_out(archive, f"[{number}]", 0, place)


@dataclass(frozen=True, slots=True)
class _Place:
    folder: int
    start: int
    size: int
    digest: int | None


def _places(streams: Streams) -> Iterator[_Place]:
    for number, folder in enumerate(streams.folders):
        at = 0
        for size, digest in zip(folder.files, folder.digests, strict=True):
            if size < 0:
                raise MalformedArtifactError("7z files are larger than their folder")
            yield _Place(number, at, size, digest)
            at += size


def _hand_out(archive: _Archive, name: str, attributes: int, place: _Place | None) -> None:
    mode = attributes >> 16 if attributes & 0x8000 else 0
    kind: Kind = "folder" if attributes & 0x10 else "file"
    target = ""
    if mode & 0o170000 == 0o120000 and place is not None:
        kind, target = "symlink", _link_target(archive, place)
    archive.contents.entries.append(Entry(name, 0, kind, target))
    if place is not None and place.size:
        archive.reading.parts.append(Part(_opener(archive, name, place), name))


def _link_target(archive: _Archive, place: _Place) -> str:
    found = _folder(archive, place.folder)
    raw = found.source.read(place.start, min(place.size, _LONGEST_LINK))
    return raw.decode("utf-8", "backslashreplace")


def _opener(archive: _Archive, name: str, place: _Place) -> Callable[[], Source]:
    def open_file() -> Source:
        found = _folder(archive, place.folder)
        there = max(0, min(place.size, found.source.size - place.start))
        body = cut(found.source, place.start, there)
        if there < place.size:
            if there:
                archive.reading.parts.append(part(body, name))
            raise found.error or MalformedArtifactError(f"7z file {name!r} is cut short")
        if place.digest is not None and _crc(body) != place.digest:
            archive.reading.lies.append((0, f"file {name!r} does not match its CRC"))
        return body

    return open_file


def _crc(source: Source) -> int:
    crc = 0
    for at in range(0, source.size, _CHUNK):
        crc = zlib.crc32(source.read(at, _CHUNK), crc)
    return crc


def _folder(archive: _Archive, number: int) -> _Unpacked:
    if number not in archive.unpacked:
        try:
            archive.unpacked[number] = _unpack(archive, archive.streams, number)
        except MalformedArtifactError as error:
            archive.unpacked[number] = _Unpacked(MemorySource(b""), error)
    return archive.unpacked[number]


def _unpack(archive: _Archive, streams: Streams, number: int) -> _Unpacked:
    """Unpack one folder.

    Raises:
        MalformedArtifactError: it uses a method that is not read, or lies outside the file.
    """
    folder = streams.folders[number]
    first = sum(len(other.packed) for other in streams.folders[:number])
    if len(folder.packed) != 1 or first >= len(streams.packed):
        raise MalformedArtifactError(f"7z folder packed by {_methods(folder)}, not read")
    begin = _START + streams.start + sum(streams.packed[:first])
    size = streams.packed[first]
    packed = cut(archive.source, begin, max(0, min(size, archive.source.size - begin)))
    chain = _chain(folder)
    unpacked = folder.sizes[folder.coders.index(chain[-1])]
    if chain == [Coder(_COPY, chain[0].settings)]:
        short = MalformedArtifactError("7z folder ends behind the file")
        return _Unpacked(packed, short if packed.size < unpacked else None)
    start = _starter(folder, chain, archive.budget)
    spool = Spool(size, archive.budget, f"7z folder {number}")
    error = None
    try:
        spool.fill(packed, start, size=unpacked)
    except MalformedArtifactError as broken:
        error = broken
    bomb = spool.bomb()
    if bomb is not None:
        archive.contents.bombs.append((begin, bomb))
    return _Unpacked(spool.source(), error)


def _methods(folder: Folder) -> str:
    names = [_NAMED.get(c.method, f"method {c.method.hex() or 'none'}") for c in folder.coders]
    return " and ".join(names)


def _chain(folder: Folder) -> list[Coder]:
    """Coders in the order in which they unpack.

    Raises:
        MalformedArtifactError: they form no chain.
    """
    chain: list[Coder] = []
    at: int | None = folder.packed[0]
    while at is not None:
        if any(c.inputs != 1 or c.outputs != 1 for c in folder.coders) or (
            at >= len(folder.coders) or len(chain) >= len(folder.coders)
        ):
            raise MalformedArtifactError(f"7z folder packed by {_methods(folder)}, not read")
        chain.append(folder.coders[at])
        at = next((into for into, out in folder.bonds if out == at), None)
    return chain


def _starter(folder: Folder, chain: list[Coder], budget: Budget) -> Callable[[], Decompressor]:
    """What unpacks a chain: one compressor, and behind LZMA any filters.

    Raises:
        MalformedArtifactError: a method, or an order of methods, that is not read.
    """
    main, *filters = chain
    refused = MalformedArtifactError(f"7z folder packed by {_methods(folder)}, not read")
    if main.method in _SIMPLE and not filters:
        return _SIMPLE[main.method]
    if main.method not in (_LZMA, _LZMA2) or any(c.method not in _FILTERS for c in filters):
        raise refused
    if main.method == _LZMA and not filters:
        return lambda: raw_lzma(main.settings, budget.limits.member_bytes)
    steps = [_filter(coder) for coder in reversed(filters)]
    steps.append(_lzma_step(main, budget.limits.member_bytes))

    def start() -> Decompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=steps)

    return start


def _filter(coder: Coder) -> dict[str, int]:
    kind = _FILTERS[coder.method]
    if kind == lzma.FILTER_DELTA:
        return {"id": kind, "dist": 1 + (coder.settings[:1] or b"\0")[0]}
    return {"id": kind}


def _lzma_step(coder: Coder, most: int) -> dict[str, int]:
    settings = coder.settings
    if coder.method == _LZMA2:
        if len(settings) != 1 or settings[0] > 40:
            raise MalformedArtifactError("7z folder has no LZMA2 settings")
        size = (2 | settings[0] & 1) << (settings[0] // 2 + 11)
        return {"id": lzma.FILTER_LZMA2, "dict_size": max(4096, min(size, most))}
    if len(settings) != 5 or settings[0] >= 225:
        raise MalformedArtifactError("7z folder has no LZMA settings")
    counts, size = struct.unpack("<BI", settings)
    return {
        "id": lzma.FILTER_LZMA1, "dict_size": max(4096, min(size, most)),
        "lc": counts % 9, "lp": counts // 9 % 5, "pb": counts // 45,
    }  # fmt: skip


FORMAT: Final = Format("7z", looks_like, read, first=MAGIC[:1])
