"""A TensorRT engine: a plan of compiled kernels for one kind of GPU.

Its layout is not documented. What can be seen all the same are libraries for the host
that were packed into it, ELF files whose machine is no GPU, and paths of libraries.
Ultralytics puts a length and a JSON document in front of it, which is handed out.

Source: NVIDIA TensorRT documentation, "Plugin shared libraries"; Ultralytics exporter.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modelkeep.formats.interface import Budget, Format, Reading, Source, cut, part

_MAGIC: Final = b"ftrt"
_LONGEST: Final = 1 << 16
_CHUNK: Final = 1 << 20
_OVERLAP: Final = 512
_MOST: Final = 20
_ELF_OR_PATH: Final = re.compile(
    rb"\x7fELF[\x01\x02]\x01|(?<![\w.+/-])(?P<path>(?:\.\./|/)[\w.+/-]{1,200}\.so(?:\.\d+)*(?![\w.]))"
)
_HOSTS: Final = frozenset({3, 21, 40, 62, 183, 243})  # x86, PowerPC, ARM and RISC-V


@dataclass(frozen=True, slots=True)
class TensorrtEngine:
    """An engine.

    Attributes:
        offset: where its plan begins.
        libraries: host code in it: ``(offset, what)``, at most 20.
    """

    offset: int
    libraries: tuple[tuple[int, str], ...] = ()


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
    at = _plan(source) or 0
    reading.document = TensorrtEngine(at)
    if at:
        reading.parts.append(part(cut(source, 4, at - 4), "metadata.json"))
    found = itertools.islice(_host_code(source, budget), _MOST)
    reading.document = TensorrtEngine(at, tuple(dict.fromkeys(found)))


def _host_code(source: Source, budget: Budget) -> Iterator[tuple[int, str]]:
    """Libraries in the bytes; chunks overlap so that none is cut in two."""
    for start in range(0, source.size, _CHUNK):
        budget.tick()
        first = max(0, start - 1)  # one byte more, to see that a path does not begin before
        chunk = source.read(first, _CHUNK + _OVERLAP)
        for match in _ELF_OR_PATH.finditer(chunk, start - first):
            if first + match.start() >= start + _CHUNK:
                break
            path = match.group("path")
            machine = int.from_bytes(chunk[match.start() + 18 : match.start() + 20], "little")
            if path is not None:
                yield first + match.start(), f"names the library {path.decode('latin-1')!r}"
            elif machine in _HOSTS:
                yield first + match.start(), "holds a library for the host"


FORMAT: Final = Format("tensorrt engine", looks_like, read)
