"""An ExecuTorch program (``.pte``): the kernels and backends its plans call.

The program is a flatbuffer; tensors and compiled parts for backends lie in
segments behind it.

Source: executorch/schema/program.fbs; "PTE file format" (extended header).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.flatbuffers import Table, check_root, overlaps, root
from modelkeep.formats.interface import Budget, Format, Reading, Source, cut, part
from modelkeep.formats.payloads import is_stream

_HEADER: Final = struct.Struct("<4sIQQ")


@dataclass(slots=True)
class ExecutorchProgram:
    """What a program calls: names of kernels and of backends, each ``(name, offset)``."""

    kernels: list[tuple[str, int]] = field(default_factory=list)
    backends: list[tuple[str, int]] = field(default_factory=list)


def looks_like(source: Source) -> bool:
    """Whether the file identifier of ExecuTorch follows the root offset."""
    head = source.read(4, 4)
    return head[:2] == b"ET" and len(head) == 4 and head[2:].isdigit()


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is an ``ExecutorchProgram``."""
    document = ExecutorchProgram()
    reading.document = document
    check_root(source, reading)
    program = root(source)
    for plan in program.tables(1, budget):
        for kernel in plan.tables(6, budget):
            name, overload = kernel.text(0), kernel.text(1)
            document.kernels.append((f"{name}.{overload}" if overload else name, kernel.at))
        for backend in plan.tables(7, budget):
            document.backends.append((backend.text(0), backend.at))
    for index, data in enumerate(program.tables(3, budget)):
        inline = data.bytes(0)
        if inline is not None and is_stream(inline):
            reading.parts.append(part(inline, f"[backend data {index}]"))
    _segments(source, program, budget, reading)


def _segments(source: Source, program: Table, budget: Budget, reading: Reading) -> None:
    """Every segment must lie in the file; no two may share some of their bytes."""
    magic, _, _, base = _HEADER.unpack(source.read(8, _HEADER.size).ljust(_HEADER.size, b"\0"))
    start = base if magic == b"eh00" else 0
    ranges: list[tuple[int, int]] = []
    for index, segment in enumerate(program.tables(4, budget)):
        offset, size = start + segment.scalar(0, "Q"), segment.scalar(1, "Q")
        if offset + size > source.size:
            raise MalformedArtifactError(f"ExecuTorch segment {index} ends behind the file")
        ranges.append((offset, offset + size))
        data = cut(source, offset, size)
        if is_stream(data):
            reading.parts.append(part(data, f"[segment {index}]"))
    twice = overlaps(ranges)
    if twice is not None:
        reading.lies.append((twice, "two segments share some of their bytes"))


FORMAT: Final = Format("executorch", looks_like, read)
