"""The map of tensors in a GGUF file: every byte belongs to one tensor or is padding.

Writers lay tensors side by side, each aligned; loaders rely on it. What is laid out
otherwise is either cut short or made by hand.

Source: the GGUF description; block sizes from ``ggml-common.h``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from modelkeep.formats.interface import Reading, Source, cut, part

# Type: (weights in a block, bytes of a block). A type that is not here has no known size.
_BLOCKS: Final = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
    15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18),
    21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4),
    27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66),
    39: (32, 17), 40: (64, 36), 41: (128, 18),
}  # fmt: skip
_PADDING: Final = 1 << 16
"""Most zero bytes that may follow the last tensor: some writers fill up a page."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One entry: ``shape`` innermost first, ``offset`` in the data, ``at`` in the header."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int
    at: int

    @property
    def size(self) -> int | None:
        """Length in bytes, or ``None`` for a type whose blocks are not known."""
        block = _BLOCKS.get(self.kind)
        if block is None:
            return None
        weights, length = block
        return -(-math.prod(self.shape) // weights) * length


def check_map(
    source: Source, tensors: list[Tensor], header: int, alignment: int, reading: Reading
) -> int:
    """Note overlaps, holes and tails as lies; hand out bytes that belong to no tensor.

    Args:
        source: the file.
        tensors: its entries.
        header: where the entries end.
        alignment: of each tensor.
        reading: what lies and parts are added to.

    Returns:
        Where the last tensor ends, or the first begins if sizes are not known.
    """
    start = _aligned(header, alignment)
    _check_names(tensors, reading)
    _padding(source, header, min(start, source.size), reading)
    at: int | None = 0
    for tensor in sorted(tensors, key=lambda t: (t.offset, t.size or 0)):
        if tensor.offset % alignment:
            reading.lies.append((tensor.at, f"tensor {tensor.name!r} is not aligned"))
        if at is not None and tensor.size != 0:
            _step(source, tensor, start + at, start + _aligned(at, alignment), start, reading)
        at = None if tensor.size is None else max(at or 0, tensor.offset + tensor.size)
    if at is None:
        return start
    _tail(source, start + at, reading)
    return start + at


def _check_names(tensors: list[Tensor], reading: Reading) -> None:
    seen: set[str] = set()
    for tensor in tensors:
        if tensor.name in seen:
            reading.lies.append((tensor.at, f"two tensors are named {tensor.name!r}"))
        seen.add(tensor.name)


def _step(
    source: Source, tensor: Tensor, end: int, expected: int, start: int, reading: Reading
) -> None:
    """Compare where a tensor begins with where the one before it ends."""
    begin = start + tensor.offset
    if begin < end:
        reading.lies.append((tensor.at, f"tensor {tensor.name!r} overlaps the one before it"))
    elif begin > expected:
        reading.lies.append(
            (tensor.at, f"{begin - end} bytes before {tensor.name!r} belong to no tensor")
        )
        _hand_out(source, end, begin, reading)
    else:
        _padding(source, end, begin, reading)


def _padding(source: Source, begin: int, end: int, reading: Reading) -> None:
    """Bytes between two things are few and zero, as every writer leaves them."""
    length = end - begin
    if length > _PADDING or (length > 0 and any(source.read(begin, length))):
        reading.lies.append((begin, f"{length} bytes of padding are not zero, or too many"))
        _hand_out(source, begin, end, reading)


def _tail(source: Source, end: int, reading: Reading) -> None:
    length = source.size - end
    if length <= 0 or (length <= _PADDING and not any(source.read(end, length))):
        return
    reading.lies.append((end, f"{length} bytes follow the last tensor"))
    _hand_out(source, end, source.size, reading)


def _hand_out(source: Source, begin: int, end: int, reading: Reading) -> None:
    """Hand out bytes that no tensor owns, without the zeros in front of them."""
    head = source.read(begin, max(0, min(end - begin, _PADDING)))
    begin += len(head) - len(head.lstrip(b"\0"))
    length = min(end, source.size) - begin
    if length > 0:
        reading.parts.append(part(cut(source, begin, length), f"[{begin:#x}]"))


def _aligned(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment
