"""Which formats the bytes are, by content and never by name."""

from __future__ import annotations

import codecs
from pathlib import PurePosixPath
from typing import Final

from modelkeep.formats.interface import Preview, Source
from modelkeep.formats.registry import candidates, formats

# Recognised so that "not read" can say what it is; each gets a reader of its own later.
_UNREAD: Final = (
    (b"lmgg", "GGML (before GGUF)"),
    (b"fmgg", "GGML (before GGUF)"),
    (b"tjgg", "GGML (before GGUF)"),
    (b"algg", "GGML (before GGUF)"),
    (b"PAR1", "Parquet"),
    (b"ARROW1", "Arrow"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"MSCF", "cabinet"),
    (b"\xed\xab\xee\xdb", "RPM package"),
    (b"070701", "cpio archive"),
    (b"070702", "cpio archive"),
    (b"070707", "cpio archive"),
    (b"\xc7\x71", "cpio archive"),
    (b"hsqs", "squashfs image"),
    (b"SQLite format 3\0", "SQLite database"),
    (b"MZ", "Windows program"),
)
# The same for what is no text, each behind an offset: some begin with a word.
_UNREAD_BINARY: Final = (
    (0, b"MATLAB 5.0 MAT-file", "MATLAB data"),
    (0, b"CDF\1", "NetCDF"),
    (0, b"CDF\2", "NetCDF"),
    (0, b"CDF\5", "NetCDF"),
    (0, b"ORC", "ORC"),
    (0, b"Obj\1", "Avro"),
    (0, b"SR\0\4", "IDL data"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE document"),
    (0, b"%PDF-", "PDF"),
    (0, b"\xde\x12\x04\x95", "message catalogue"),
    (0, b"\x95\x04\x12\xde", "message catalogue"),
    (0, b"TZif", "time zone"),
    (0, b"!<arch>\n", "library archive"),
    (0, b"PACK\0\0\0", "git pack"),
    (0, b"\xfftOc", "git pack index"),
    (0, b"\xca\xfe\xba\xbe", "Java class"),
    (0, b"\0\1\0\0\0", "font"),
    (0, b"OTTO", "font"),
    (0, b"ttcf", "font"),
    (0, b"wOFF", "font"),
    (0, b"wOF2", "font"),
    (0, b"RIFF", "sound or picture (RIFF)"),
    (0, b"RIFX", "sound or picture (RIFF)"),
    (0, b"RF64", "sound or picture (RIFF)"),
    (0, b"FORM", "sound or picture (IFF)"),
    (0, b"fLaC", "sound"),
    (0, b"OggS", "sound"),
    (0, b".snd", "sound"),
    (0, b"GIF8", "picture"),
    (0, b"II*\0", "picture"),
    (0, b"MM\0*", "picture"),
    (0, b"v/1\1", "picture"),
    (4, b"PTMF", "PyTorch mobile model"),
    (4, b"ftyp", "film or picture (MP4)"),
)


def sniff(source: Source, name: str = "") -> tuple[str, ...]:
    """Return every format the bytes pass for, the likeliest first.

    One file can be two things to two programs, so a match does not end the search. A
    single name that is no reader's is ``empty``, ``text`` or ``unread:NAME``.

    Args:
        source: the bytes.
        name: a text of this name may be read as more than its content shows.
    """
    if source.size == 0:
        return ("empty",)
    preview = Preview(source)
    head = preview.head
    found = [format_.name for format_ in candidates(head[0]) if format_.looks_like(preview)]
    suffix = PurePosixPath(name).suffix.lower()
    named = [f.name for f in formats().values() if suffix in f.suffixes and f.name not in found]
    if named and _is_text(head):
        found += named
    if found:
        return tuple(found)
    for magic, kind in _UNREAD:
        if head.startswith(magic):
            return (f"unread:{kind}",)
    if _is_text(head):
        return ("text",)
    kinds = (kind for at, magic, kind in _UNREAD_BINARY if head.startswith(magic, at))
    return (f"unread:{next(kinds, 'unknown binary content')}",)


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return not any(byte < 9 for byte in head)
