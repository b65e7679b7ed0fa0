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
    return ("text",) if _is_text(head) else ("unread:unknown binary content",)


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return not any(byte < 9 for byte in head)
