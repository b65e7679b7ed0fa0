"""A TensorRT engine: a plan of compiled kernels for one kind of GPU.

What is inside is undocumented machine code; it is recognised and not read. Ultralytics
puts a length and a JSON document in front of it, which is handed out.

Source: NVIDIA TensorRT documentation, "Serializing a plan"; Ultralytics exporter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from modelkeep.formats.interface import Budget, Format, Reading, Source, cut, part

_MAGIC: Final = b"ftrt"
_LONGEST: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class TensorrtEngine:
    """An engine; ``offset`` is where its plan begins."""

    offset: int


def looks_like(source: Source) -> bool:
    """Whether the plan's magic begins the file, or follows a document of known length."""
    return _plan(source) is not None


def _plan(source: Source) -> int | None:
    head = source.read(0, 5)
    if head[:4] == _MAGIC:
        return 0
    length = int.from_bytes(head[:4], "little")
    if head[4:5] == b"{" and length <= _LONGEST and source.read(4 + length, 4) == _MAGIC:
        return 4 + length
    return None


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``TensorrtEngine``."""
    budget.tick()
    at = _plan(source) or 0
    reading.document = TensorrtEngine(at)
    if at:
        reading.parts.append(part(cut(source, 4, at - 4), "metadata.json"))


FORMAT: Final = Format("tensorrt engine", looks_like, read)
