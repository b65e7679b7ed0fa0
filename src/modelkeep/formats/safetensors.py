"""A safetensors header: names, types, shapes, byte ranges; no tensor is read.

The format cannot run code. What can be wrong is the map: overlapping ranges,
holes that hide bytes, a name given twice, bytes behind the last tensor.

Source: the safetensors format description (8-byte length, JSON header, buffer).
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Source, read_exactly
from modelkeep.formats.json_text import check_depth
from modelkeep.formats.remains import after

_BITS: Final = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    """One entry: where in the buffer ``[start, end)`` its bytes lie."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a file.

    Attributes:
        tensors: entries in header order.
        metadata: the free-text ``__metadata__`` map.
        buffer: offset of the buffer in the file.
        problems: what is wrong with the map, each ``(offset, sentence)``.
    """

    tensors: tuple[Tensor, ...]
    metadata: dict[str, str]
    buffer: int
    problems: tuple[tuple[int, str], ...]


def looks_like(source: Source) -> bool:
    """Whether the file starts with a plausible length and a JSON object."""
    head = source.read(0, 9)
    return len(head) == 9 and head[8:9] == b"{" and head[4:8] == b"\0\0\0\0"


def read_header(source: Source, budget: Budget) -> Header:
    """Parse and check the header.

    Raises:
        MalformedArtifactError: the header is not what the format says, or a
            tensor lies outside the file.
        LimitExceededError: the header is longer than the limit.
    """
    (length,) = struct.unpack("<Q", read_exactly(source, 0, 8, "safetensors length"))
    if length > budget.limits.header_bytes:
        raise LimitExceededError(f"safetensors header of {length} bytes")
    text = read_exactly(source, 8, length, "safetensors header")
    check_depth(text, budget.limits.depth)
    repeated: list[str] = []

    def keep_pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
        merged: dict[str, object] = {}
        for key, value in pairs:
            if key in merged:
                repeated.append(key)
            merged[key] = value
        return merged

    try:
        header = json.loads(text, object_pairs_hook=keep_pairs)
    except (ValueError, RecursionError) as error:
        raise MalformedArtifactError(f"safetensors header is not JSON: {error}") from error
    if not isinstance(header, dict):
        raise MalformedArtifactError("safetensors header is not a JSON object")
    budget.entry(len(header))
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise MalformedArtifactError("safetensors __metadata__ is not an object")
    buffer = 8 + length
    room = source.size - buffer
    tensors = tuple(_tensor(name, entry, room) for name, entry in header.items())
    problems = [(8, f"key {key!r} stands twice in the header") for key in repeated]
    problems += _map_problems(tensors, buffer, room)
    return Header(
        tensors, {str(k): str(v) for k, v in metadata.items()}, buffer, tuple(problems)
    )


def _tensor(name: str, entry: object, room: int) -> Tensor:
    if not isinstance(entry, dict):
        raise MalformedArtifactError(f"safetensors entry {name!r} is not an object")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in _BITS:
        raise MalformedArtifactError(f"safetensors entry {name!r} has unknown dtype {dtype!r}")
    extents, span = _naturals(shape), _naturals(offsets)
    if extents is None or span is None or len(span) != 2:
        raise MalformedArtifactError(f"safetensors entry {name!r} has no valid shape or range")
    start, end = span
    bits = _BITS[dtype]
    for extent in extents if 0 not in extents else (0,):
        bits *= extent
        if bits > 8 * room:
            raise MalformedArtifactError(
                f"safetensors entry {name!r} needs more bytes than the file holds"
            )
    needed = (bits + 7) // 8
    if end - start != needed:
        raise MalformedArtifactError(
            f"safetensors entry {name!r} spans {end - start} bytes, its shape needs {needed}"
        )
    return Tensor(name, dtype, extents, start, end)


def _naturals(value: object) -> tuple[int, ...] | None:
    if not isinstance(value, list):
        return None
    whole = tuple(item for item in value if type(item) is int and item >= 0)
    return whole if len(whole) == len(value) else None


def _map_problems(tensors: tuple[Tensor, ...], buffer: int, size: int) -> list[tuple[int, str]]:
    problems = []
    at = 0
    for tensor in sorted(tensors, key=lambda t: (t.start, t.end)):
        if tensor.end > size:
            raise MalformedArtifactError(
                f"safetensors entry {tensor.name!r} ends behind the file (truncated?)"
            )
        if tensor.start > at:
            problems.append(
                (
                    buffer + at,
                    f"{tensor.start - at} bytes before {tensor.name!r} belong to no tensor",
                )
            )
        if tensor.start < at and tensor.end > tensor.start:
            problems.append((buffer + tensor.start, f"{tensor.name!r} overlaps another tensor"))
        at = max(at, tensor.end)
    if at < size:
        problems.append((buffer + at, f"{size - at} bytes follow the last tensor"))
    return problems


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``Header``; what is wrong with its map are the lies."""
    header = read_header(source, budget)
    reading.document = header
    reading.lies += header.problems
    ends = [tensor.end for tensor in header.tensors]
    after(source, header.buffer + max(ends, default=0), budget, reading)


FORMAT: Final = Format("safetensors", looks_like, read)
