"""Whether a value inside a model is a stream of its own: a pickle, an archive, a program.

Text and numbers are values; what begins like one of these and is whole enough to
be one is handed out and read as what it is.
"""

from __future__ import annotations

from typing import Final

from modelkeep.formats.interface import Source

_MAGICS: Final = (
    b"PK\x03\x04",
    b"\x7fELF\x01",
    b"\x7fELF\x02",
    b"\x1f\x8b\x08",
    b"GGUF",
    b"\x89HDF",
)
_SHORTEST: Final = 12


def is_stream(body: Source) -> bool:
    """Whether bytes begin as a pickle, archive or program does."""
    if body.size < _SHORTEST:
        return False
    head = body.read(0, 64)
    if head.startswith(_MAGICS):
        return True
    if head[:2] == b"MZ" and len(head) == 64:
        return body.read(int.from_bytes(head[60:64], "little"), 4) == b"PE\0\0"
    return _is_pickle(head, body)


def _is_pickle(head: bytes, body: Source) -> bool:
    if head[:1] == b"\x80" and head[1] in range(2, 6):
        return body.read(body.size - 1, 1) == b"." or (head[2] == 0x95 and head[1] >= 4)
    # Protocol 0 calls by GLOBAL: c, module, newline, name, newline.
    text = head[1:].split(b"\n")[:2]
    return (
        head[:1] == b"c"
        and len(text) == 2
        and all(name.replace(b".", b"_").decode("latin-1").isidentifier() for name in text)
        and body.read(body.size - 1, 1) in (b".", b"\n")
    )
