"""A safetensors header: names, types, shapes, byte ranges; no tensor is read.

The format cannot run code. What can be wrong is the map (overlapping ranges, holes that
hide bytes, a name given twice, a range that does not fit its shape, bytes behind the last
tensor) and the free text beside it, which can carry anything.

Source: the safetensors format description (8-byte length, JSON header, buffer).
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import (
    Budget,
    Format,
    Part,
    Reading,
    Source,
    cut,
    part,
    read_exactly,
)
from modelkeep.formats.jinja_text import template_parts
from modelkeep.formats.json_text import check_depth
from modelkeep.formats.payloads import is_stream, parts_of_map

_BITS: Final = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "C128": 128,
}  # fmt: skip
_LONGEST_HEADER: Final = 100_000_000
"""The library refuses longer ones."""
_BOMB: Final = 1 << 24
"""A header that long which is not there is no file cut short."""
_LARGEST: Final = 1 << 50
_FAR: Final = 256
"""A file cut short holds more than this part of its tensors."""
_ENTRY: Final = re.compile(rb'"(?:dtype|data_offsets|shape|__metadata__)"')
_TINY: Final = 64
_TYPE: Final = re.compile(r"[A-Z]{1,8}\d{0,3}(?:_[A-Z0-9]{1,12})?")
_LONGEST_TEXT: Final = 1 << 24

Problem = tuple[int, str]


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
        remarks: what is odd about the free text, each a sentence.
    """

    tensors: tuple[Tensor, ...]
    metadata: dict[str, str]
    buffer: int
    problems: tuple[Problem, ...]
    remarks: tuple[str, ...] = ()


def looks_like(source: Source) -> bool:
    """Whether the file starts with a length and a JSON object.

    A made-up length and blanks are believed if the object holds what a header does.
    """
    head = source.read(0, 9)
    if head[8:9] == b"{" and head[4:8] == b"\0\0\0\0":
        return not _only_by_chance(source)
    # Some parsers accept blanks in front; some lengths are made up.
    text = source.read(8, 4096) if head[8:9] in (b"{", b" ", b"\t", b"\r", b"\n") else b""
    if text.lstrip()[:1] != b"{" or _is_json(head):
        return False
    no_text = any(byte < 9 or byte > 126 for byte in head[:8])
    far = head[7] > 0 and not head[:8].isascii()
    is_bomb = no_text and (far or source.size <= _TINY) and text[:2] in (b'{"', b"{}")
    return bool(_ENTRY.search(text)) or is_bomb


def _only_by_chance(source: Source) -> bool:
    """Whether a number and a brace begin something else, such as a catalogue of messages.

    No loader takes a header longer than the file, and what follows the brace is no JSON.
    """
    claimed = int.from_bytes(source.read(0, 8), "little")
    follows = source.read(9, 4096).lstrip(b" \t\r\n")[:1]
    return claimed > max(source.size, _LONGEST_HEADER) and follows not in (b"", b'"', b"}")


def _is_json(head: bytes) -> bool:
    """Whether text begins where the length belongs: JSON whose first map is its second."""
    return head[:1] == b"{" and head.isascii() and head.decode("ascii").isprintable()


def read_header(
    source: Source, budget: Budget, problems: list[Problem] | None = None
) -> Header:
    """Parse and check the header.

    Args:
        source: the file.
        budget: what may be spent.
        problems: filled with what is wrong with the map, so that it is known though
            reading stops early.

    Raises:
        MalformedArtifactError: the header is not what the format says, or a
            tensor lies outside the file.
        LimitExceededError: the header is longer than the limit.
    """
    problems = [] if problems is None else problems
    header, metadata, buffer = _parse(source, budget, problems)
    room = source.size - buffer
    found = [_tensor(name, entry, problems) for name, entry in header.items()]
    tensors = tuple(tensor for tensor in found if tensor is not None)
    if len(tensors) == len(found):
        _check_map(tensors, buffer, room, problems)
    tensors = tuple(tensor for tensor in tensors if tensor.end <= room)
    plain = {str(key): value for key, value in metadata.items() if isinstance(value, str)}
    return Header(tensors, plain, buffer, tuple(problems), tuple(_remarks(metadata)))


def _parse(
    source: Source, budget: Budget, problems: list[Problem]
) -> tuple[dict[str, object], dict[str, object], int]:
    """The entries, the free text, and where the buffer begins."""
    (length,) = struct.unpack("<Q", read_exactly(source, 0, 8, "safetensors length"))
    if length > _BOMB and 8 + length > source.size:
        problems.append((0, f"the header claims {length} bytes, the file has {source.size}"))
    if length > min(budget.limits.header_bytes, _LONGEST_HEADER):
        raise LimitExceededError(f"safetensors header of {length} bytes")
    text = read_exactly(source, 8, length, "safetensors header")
    check_depth(text, budget.limits.depth)

    def keep_pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
        merged: dict[str, object] = {}
        for key, value in pairs:
            if key in merged:
                problems.append((8, f"key {key!r} stands twice in the header"))
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
    return header, metadata, 8 + length


def _remarks(metadata: dict[str, object]) -> list[str]:
    """What the library would refuse about the free text, or nobody writes."""
    odd = [key for key, value in metadata.items() if not isinstance(value, str)]
    found = [f"__metadata__ {key!r} is not text" for key in odd[:20]]
    return found + [
        f"__metadata__ {key!r} holds {len(value)} characters"
        for key, value in metadata.items()
        if isinstance(value, str) and len(value) > _LONGEST_TEXT
    ]


def _tensor(name: str, entry: object, problems: list[Problem]) -> Tensor | None:
    """One entry; ``None`` if a problem keeps it from being placed."""
    if not isinstance(entry, dict):
        raise MalformedArtifactError(f"safetensors entry {name!r} is not an object")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(dtype, str) or not _TYPE.fullmatch(dtype):
        raise MalformedArtifactError(f"safetensors entry {name!r} has no dtype: {dtype!r}")
    extents, span = _naturals(shape), _naturals(offsets)
    if extents is None or span is None or len(span) != 2:
        problems.append((8, f"{name!r} has no shape or range of natural numbers"))
        return None
    if dtype not in _BITS:
        raise MalformedArtifactError(f"safetensors entry {name!r} has unknown dtype {dtype!r}")
    start, end = span
    bits = _BITS[dtype]
    for extent in extents if 0 not in extents else (0,):
        bits *= extent
        if bits > 8 * _LARGEST:
            break
    if end - start != (bits + 7) // 8 or end > _LARGEST:
        problems.append((8, f"{name!r} does not span the bytes that its shape needs"))
        return None
    return Tensor(name, dtype, extents, start, end)


def _naturals(value: object) -> tuple[int, ...] | None:
    if not isinstance(value, list):
        return None
    whole = tuple(item for item in value if type(item) is int and item >= 0)
    return whole if len(whole) == len(value) else None


def _check_map(
    tensors: tuple[Tensor, ...], buffer: int, size: int, problems: list[Problem]
) -> None:
    at = 0
    for tensor in sorted(tensors, key=lambda t: (t.start, t.end)):
        where = buffer + tensor.start
        if tensor.start > at:
            hole = f"{tensor.start - at} bytes before {tensor.name!r} belong to no tensor"
            problems.append((buffer + at, hole))
        if tensor.start < at and tensor.end > tensor.start:
            problems.append((where, f"{tensor.name!r} overlaps another tensor"))
        at = max(at, tensor.end)
    if at > max(_FAR * size, size + (1 << 30)):
        problems.append((8, f"the tensors end {at - size} bytes behind the file"))
    if at > size:
        raise MalformedArtifactError(
            f"the tensors end {at - size} bytes behind the file (truncated?)"
        )
    if at < size:
        problems.append((buffer + at, f"{size - at} bytes follow the last tensor"))


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``Header``; what is wrong with its map are the lies.

    Bytes of no tensor and streams packed into the free text are the parts.
    """
    header = read_header(source, budget, reading.lies)
    reading.document = header
    reading.parts += _unowned(source, header)
    reading.parts += _smuggled(source, header, budget)
    reading.parts += parts_of_map(header.metadata, "__metadata__")
    reading.parts += template_parts({"__metadata__": header.metadata})


def _smuggled(source: Source, header: Header, budget: Budget) -> Iterator[Part]:
    """Tensors whose numbers are a pickle, an archive or a program."""
    for tensor in header.tensors:
        budget.tick()
        body = cut(source, header.buffer + tensor.start, tensor.end - tensor.start)
        if is_stream(body):
            yield part(body, f"[{tensor.name}]")


def _unowned(source: Source, header: Header) -> list[Part]:
    """Holes and the tail, as long as every tensor is placed."""
    if any("span the bytes" in what or "no shape" in what for _, what in header.problems):
        return []
    spans: list[tuple[int, int]] = []
    at = header.buffer
    for tensor in sorted(header.tensors, key=lambda t: (t.start, t.end)):
        spans.append((at, header.buffer + tensor.start))
        at = max(at, header.buffer + tensor.end)
    spans.append((at, source.size))
    return [
        part(cut(source, start, end - start), f"[{start:#x}]")
        for start, end in spans
        if start < end
    ]


FORMAT: Final = Format("safetensors", looks_like, read)
