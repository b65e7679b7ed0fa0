"""A GGUF file: its key-values and the map of its tensors; no tensor is read.

The format cannot run code by itself. Three things in it can hurt: templates in its
strings, which some servers render without a sandbox; counts, lengths and extents so
large that a native loader's arithmetic overflows; and a map that hides bytes. Versions 1 to
3 are read in both byte orders. A large array, such as a vocabulary, is stepped over.

Source: the GGUF description in the ggml repository; block sizes from ``ggml-common.h``.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.gguf_tensors import Tensor, check_map
from modelkeep.formats.interface import Budget, Format, Reading, Source
from modelkeep.formats.jinja_text import template_parts
from modelkeep.formats.payloads import parts_of_map

_SCALARS: Final = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip
_STRING: Final = 8
_ARRAY: Final = 9
_KEPT: Final = 1024
"""Longest array whose items are kept."""
_WINDOW: Final = 1 << 20
_STRINGS: Final = 16 << 20
"""Most bytes of text that are kept."""
# Counts above these are written by nobody; below them a file is taken to be cut short.
_MOST_PAIRS: Final = 1 << 12
_MOST_TENSORS: Final = 1 << 15
_MOST_BYTES: Final = 1 << 22
_FAR: Final = 256
"""A file cut short holds more than this part of its tensors."""
_LONGEST_KEY: Final = (1 << 16) - 1
_INT64: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Array:
    """An array that was stepped over: what it holds and how many."""

    kind: int
    length: int


@dataclass(slots=True)
class Model:
    """What a GGUF file says about itself.

    Attributes:
        version: 1, 2 or 3.
        metadata: values by key: numbers, text, short lists, or an ``Array``.
        tensors: entries in file order.
        end: where the header ends, or where reading it stopped.
        attacks: numbers that overflow a loader's arithmetic, each ``(offset, sentence)``.
    """

    version: int = 0
    metadata: dict[str, object] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)
    end: int = 0
    attacks: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Cursor:
    """A position in the file with the bytes around it at hand."""

    source: Source
    budget: Budget
    model: Model
    order: str = "<"
    wide: bool = True
    at: int = 4
    _window: bytes = b""
    _start: int = 0
    _text: int = 0

    def take(self, length: int, what: str) -> bytes:
        """The next bytes.

        Raises:
            MalformedArtifactError: the file ends before.
        """
        if length > self.source.size - self.at:
            raise MalformedArtifactError(
                f"{what} at {self.at:#x} needs {length} bytes, the file ends at "
                f"{self.source.size:#x}"
            )
        offset = self.at - self._start
        if offset + length > len(self._window):
            self._window = self.source.read(self.at, max(length, _WINDOW))
            self._start, offset = self.at, 0
        self.at += length
        return self._window[offset : offset + length]

    def number(self, code: str, what: str) -> int | float:
        """The next number of a ``struct`` code."""
        raw = self.take(struct.calcsize("<" + code), what)
        value: int | float = struct.unpack(self.order + code, raw)[0]
        return value

    def count(self, what: str, each: int, most: int) -> int:
        """The next count, checked against the bytes that are left.

        Raises:
            MalformedArtifactError: the file cannot hold so many; where nobody writes
                so many either, it is noted as an attack first.
        """
        start = self.at
        value = int(self.number("Q" if self.wide else "I", what))
        if value * each > self.source.size - self.at:
            sentence = f"{what} {value} is more than the file holds"
            if value > most:
                self.model.attacks.append((start, sentence))
            raise MalformedArtifactError(f"{sentence} (at {start:#x})")
        return value

    def text(self, what: str, most: int = _MOST_BYTES) -> str:
        """The next string.

        Raises:
            LimitExceededError: more text than a header holds.
        """
        length = self.count(f"length of {what}", 1, most)
        self._text += length
        if self._text > _STRINGS:
            raise LimitExceededError(f"more than {_STRINGS} bytes of text in the header")
        return self.take(length, what).decode("utf-8", "backslashreplace")

    def value(self, kind: int, depth: int) -> object:
        """The next value of a type."""
        code = _SCALARS.get(kind)
        if code is not None:
            return self.number("B" if code == "?" else code, "value")
        if kind == _STRING:
            return self.text("string")
        if kind == _ARRAY:
            return self._array(depth)
        sentence = f"value type {kind} does not exist"
        if kind > 0xFF:
            self.model.attacks.append((self.at - 4, sentence))
        raise MalformedArtifactError(f"{sentence} (at {self.at - 4:#x})")

    def _array(self, depth: int) -> object:
        if depth > self.budget.limits.depth:
            raise LimitExceededError(f"arrays nested deeper than {self.budget.limits.depth}")
        kind = int(self.number("I", "array type"))
        length_bytes = 8 if self.wide else 4
        each = {_STRING: length_bytes, _ARRAY: length_bytes + 4}.get(kind, 1)
        code = _SCALARS.get(kind)
        each = struct.calcsize("<" + code) if code else each
        length = self.count("array length", each, _MOST_BYTES)
        if length > _KEPT and code:
            self.at += length * each
            return Array(kind, length)
        if length > _KEPT and kind == _STRING:
            return self._skip_strings(length)
        self.budget.entry(length)
        return [self.value(kind, depth + 1) for _ in range(length)]

    def _skip_strings(self, length: int) -> Array | list[str]:
        """Step over many strings; those that look like templates are kept.

        A vocabulary holds some 200,000, so the loop works on a window of bytes at hand.
        """
        self.budget.operations(length)
        code = struct.Struct(self.order + ("Q" if self.wide else "I"))
        size, unpack = code.size, code.unpack_from
        kept: list[str] = []
        left = length
        while left:
            window = self.source.read(self.at, _WINDOW)
            at, end = 0, len(window) - size
            while left and at <= end:
                span = unpack(window, at)[0]
                after = at + size + span
                if after > len(window):
                    break
                if span >= 24 and b"{" in (item := window[at + size : after]):
                    self._keep(item, kept)
                at = after
                left -= 1
            self.at += at
            if left and at == 0:  # one item larger than the window
                self._keep(self.text("string").encode(), kept)
                left -= 1
            self.budget.tick()
        return kept or Array(_STRING, length)

    def _keep(self, item: bytes, kept: list[str]) -> None:
        if (b"{{" in item or b"{%" in item) and len(kept) < _KEPT:
            kept.append(item.decode("utf-8", "backslashreplace"))


def looks_like(source: Source) -> bool:
    """Whether the magic is followed by a version in either byte order."""
    head = source.read(0, 8)
    return head[:4] == b"GGUF" and any(head[4:])


def _header(cursor: _Cursor, reading: Reading) -> None:
    version = struct.unpack("<I", cursor.take(4, "version"))[0]
    if version & 0xFFFF == 0:  # written on a machine of the other byte order
        cursor.order = ">"
        version = int.from_bytes(version.to_bytes(4, "little"), "big")
    if version not in (1, 2, 3):
        raise MalformedArtifactError(f"GGUF version {version} is not read")
    cursor.model.version = version
    cursor.wide = version > 1
    tensors = cursor.count("tensor count", 24 if cursor.wide else 16, _MOST_TENSORS)
    pairs = cursor.count("key count", 13 if cursor.wide else 9, _MOST_PAIRS)
    cursor.budget.entry(pairs + tensors)
    metadata = cursor.model.metadata
    for _ in range(pairs):
        start = cursor.at
        key = cursor.text("key", _LONGEST_KEY)
        value = cursor.value(int(cursor.number("I", "value type")), 0)
        if key in metadata:
            reading.lies.append((start, f"key {key!r} stands twice"))
            reading.parts += template_parts({key: metadata[key]})
        metadata[key] = value
    for _ in range(tensors):
        _tensor(cursor)


def _tensor(cursor: _Cursor) -> None:
    start = cursor.at
    name = cursor.text("tensor name", _LONGEST_KEY)
    dimensions = int(cursor.number("I", "dimension count"))
    # Five are written for video models; the loader of llama.cpp has room for four.
    if dimensions > 5:
        cursor.model.attacks.append((start, f"tensor {name!r} has {dimensions} dimensions"))
        raise MalformedArtifactError(f"tensor {name!r} has {dimensions} dimensions")
    code = "Q" if cursor.wide else "I"
    shape = tuple(int(cursor.number(code, "extent")) for _ in range(dimensions))
    kind = int(cursor.number("I", "tensor type"))
    offset = int(cursor.number("Q", "tensor offset"))
    tensor = Tensor(name, shape, kind, offset, start)
    cursor.model.tensors.append(tensor)
    cursor.model.attacks += _overflows(tensor)


def _overflows(tensor: Tensor) -> list[tuple[int, str]]:
    found = []
    if math.prod(extent or 1 for extent in tensor.shape) > _INT64 >> 4:
        found.append(f"the extents {tensor.shape} of {tensor.name!r} overflow 64 bits")
    elif tensor.offset > _INT64 >> 8:
        found.append(f"the offset {tensor.offset} of {tensor.name!r} overflows")
    if tensor.kind > 0xFFF:
        found.append(f"tensor {tensor.name!r} has type {tensor.kind}, far outside the table")
    return [(tensor.at, sentence) for sentence in found]


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``Model``; its templates and what follows the tensors are the parts."""
    model = Model()
    reading.document = model
    cursor = _Cursor(source, budget, model)
    try:
        _header(cursor, reading)
    finally:
        model.end = cursor.at
        reading.parts += template_parts(model.metadata)
        reading.parts += parts_of_map(model.metadata, "metadata")
    alignment = model.metadata.get("general.alignment", 32)
    if type(alignment) is not int or alignment <= 0 or alignment & (alignment - 1):
        model.attacks.append((0, f"the alignment {alignment!r} is not a power of two"))
        raise MalformedArtifactError(f"GGUF alignment {alignment!r}")
    if model.attacks:
        return
    end = check_map(source, model.tensors, cursor.at, alignment, reading)
    if end > max(_FAR * source.size, source.size + (1 << 30)):
        model.attacks.append((0, f"the tensors end at {end:#x}, the file at {source.size:#x}"))
    if end > source.size and model.tensors:
        raise MalformedArtifactError(
            f"the tensors end at {end:#x}, the file at {source.size:#x} (truncated?)"
        )


FORMAT: Final = Format("gguf", looks_like, read, first=b"G")
