"""Which format the bytes are, by content and never by name."""

from __future__ import annotations

import codecs
from typing import Final

from modelkeep.formats import (
    json_text,
    npy,
    onnx_model,
    pickle_stream,
    safetensors,
    ubjson,
    zip_archive,
)
from modelkeep.formats.interface import Source

_READ: Final = (
    ("npy", npy.looks_like),
    ("safetensors", safetensors.looks_like),
    ("ubjson", ubjson.looks_like),
    ("json", json_text.looks_like),
    ("onnx", onnx_model.looks_like),
    ("zip", zip_archive.looks_like),
    ("pickle", pickle_stream.looks_like),
)
# Recognised so that "not read" can say what it is; each gets a reader of its own later.
_UNREAD: Final = (
    (b"\x89HDF\r\n\x1a\n", "HDF5"),
    (b"GGUF", "GGUF"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstandard"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"PAR1", "Parquet"),
    (b"\x7fELF", "ELF program"),
    (b"MZ", "Windows program"),
)


def sniff(source: Source) -> tuple[str, ...]:
    """Return every format the bytes pass for, the likeliest first.

    One file can be two things to two programs, so a match does not end the search. A
    single name that is no reader's is ``empty``, ``text`` or ``unread:NAME``.
    """
    if source.size == 0:
        return ("empty",)
    head = source.read(0, 4096)
    found = [name for name, looks_like in _READ if looks_like(source)]
    if head[:4] == b"PK\x03\x04":
        # To the unpickler these bytes are a persistent id, on which it stops.
        found = [name for name in found if name != "pickle"]
    elif "pickle" in found:
        found.sort(key=lambda name: name == "zip")  # the zip hangs behind the pickle
    if found:
        return tuple(found)
    for magic, name in _UNREAD:
        if head.startswith(magic):
            return (f"unread:{name}",)
    return ("text",) if _is_text(head) else ("unread:unknown binary content",)


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return not any(byte < 9 for byte in head)
