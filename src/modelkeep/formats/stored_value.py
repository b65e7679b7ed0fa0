"""Which values inside a document are documents themselves: pickles, archives, configurations.

The bytes decide, as for a file: a mark at the start, or the text opcodes of a pickle of
protocol 0 with its full stop. Base64 of such marks is undone first.

Source: the marks are those of the formats; RFC 4648.
"""

from __future__ import annotations

import re
from typing import Final

from modelkeep.formats.json_text import unpack_base64

# Starts of pickles, archives, programs, arrays, compiled code and configurations.
_STARTS: Final = (
    *(
        b"PK\3\4",
        b"\x1f\x8b",
        b"BZh",
        b"\xfd7zXZ",
        b"7z\xbc\xaf",
        b"\x28\xb5\x2f\xfd",
        b"\xe3\0",
    ),
    *(
        b"\x7fELF",
        b"MZ",
        b"\x93NUMPY",
        b"\x89HDF",
        b"{",
        b"[",
        b"---\n",
        b"<?xml",
        b"!!",
        b"#!",
    ),
)
_PACKED: Final = re.compile(rb"gA[I-X]|UEsDB|H4sI")
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{", b"[\0", b"\0[")
_LEAST: Final = 6


def document_in(value: bytes) -> bytes | None:
    """The bytes a reader should be given, or ``None`` for plain text and numbers.

    Args:
        value: as stored, with the padding of a text of fixed length.
    """
    value = _without_padding(value)
    if len(value) < _LEAST:
        return None
    start = value.lstrip()[:8]
    if _PACKED.match(start):
        return unpack_base64(value.decode("utf-8", "replace").rstrip("\0")) or value
    return (
        value
        if start.startswith((*_STARTS, *_WIDE, b"\xef\xbb\xbf")) or _is_pickle(value)
        else None
    )


def _without_padding(value: bytes) -> bytes:
    """A text without the NULs behind it; two bytes a character stay two."""
    if value[:1] in (b"{", b"[") and value[1:2] != b"\0":
        return value.rstrip(b"\0")
    if value.startswith(_WIDE):
        value = value.rstrip(b"\0")
        return value + b"\0" * (len(value) % 2)
    return value


def _is_pickle(value: bytes) -> bool:
    """Whether bytes may be a pickle: by its mark, or text opcodes up to a full stop."""
    if value[0] == 0x80 and value[1] <= 5:
        return True
    text = value.rstrip(b"\0")
    return text.endswith(b".") and b"\n" in text and text[:1] in b"(cI]})lLSVNFpgid"
