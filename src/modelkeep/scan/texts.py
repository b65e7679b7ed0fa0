"""The bytes of a stream as text, in windows, for rules that look for words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.scan.interface import Context

TEXT_FORMATS: Final = frozenset(
    "text json yaml jinja python xml toml notebook gguf safetensors".split()
)
"""Streams in which people write; headers of weights too."""
_BINARY: Final = frozenset({"gguf", "safetensors"})
_WINDOW: Final = 1 << 20
_OVERLAP: Final = 1 << 12
_MOST: Final = 4 << 20


def windows(context: Context) -> Iterator[tuple[int, bytes]]:
    """Overlapping windows of the beginning, each ``(offset, bytes)``; none of binary data."""
    most = _WINDOW if context.format in _BINARY else _MOST
    if context.format not in _BINARY and b"\0" in context.source.read(0, 4096):
        return
    at = 0
    while at < min(context.source.size, most):
        yield at, context.source.read(at, _WINDOW + _OVERLAP)
        context.budget.tick()
        at += _WINDOW
