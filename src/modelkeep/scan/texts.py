"""The bytes of a stream as text, in windows, for rules that look for words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.formats import gguf, safetensors
from modelkeep.scan.interface import Context

TEXT_FORMATS: Final = frozenset(
    "text json yaml jinja python xml toml notebook gguf safetensors".split()
)
"""Streams in which people write; headers of weights too."""
_WINDOW: Final = 1 << 20
_OVERLAP: Final = 1 << 12
_MOST: Final = 4 << 20


def windows(context: Context) -> Iterator[tuple[int, bytes]]:
    """Overlapping windows of the beginning, each ``(offset, bytes)``; none of binary data."""
    end = min(_header(context), _MOST)
    at = 0
    while at < end:
        yield at, context.source.read(at, min(_WINDOW + _OVERLAP, end - at))
        context.budget.tick()
        at += _WINDOW


def _header(context: Context) -> int:
    """How far the text of a stream goes: to its end, or to where weights begin."""
    document = context.document
    if isinstance(document, safetensors.Header):
        return document.buffer
    if isinstance(document, gguf.Model):
        return document.end
    return 0 if b"\0" in context.source.read(0, 4096) else context.source.size
