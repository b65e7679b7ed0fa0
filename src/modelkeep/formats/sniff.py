"""Which format the bytes are, by content and never by name."""

from __future__ import annotations

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


def sniff(source: Source) -> str:
    """Return the format: a name from the readers, ``text``, or ``unread:NAME``."""
    if source.size == 0:
        return "empty"
    head = source.read(0, 4096)
    for magic, name in _UNREAD:
        if head.startswith(magic):
            return f"unread:{name}"
    for name, looks_like in _READ:
        if looks_like(source):
            return name
    return "text" if _is_text(head) else "unread:unknown binary content"


def _is_text(head: bytes) -> bool:
    try:
        head[: len(head) - 3 if len(head) == 4096 else None].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not any(byte < 9 for byte in head)
