"""Where the numbers of a tensor lie, whatever file holds it; a few of them as a sample.

Source: the layout of each format (safetensors description; NumPy enhancement proposal 1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modelkeep.formats import npy, safetensors

_NPY: Final = re.compile(r"[<>|=]?([fiu])([1248])")
_KINDS: Final = {
    "F64": ("f", 8), "F32": ("f", 4), "F16": ("f", 2), "BF16": ("b", 2),
    "I64": ("i", 8), "I32": ("i", 4), "I16": ("i", 2), "I8": ("i", 1),
    "U64": ("u", 8), "U32": ("u", 4), "U16": ("u", 2), "U8": ("u", 1),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Numbers:
    """A tensor's bytes.

    Attributes:
        name: of the tensor.
        kind: ``f`` IEEE floats, ``b`` bfloat16, ``i`` signed, ``u`` unsigned.
        width: bytes per number.
        start: offset of the first byte in the stream.
        size: length in bytes.
        little: whether the low byte comes first.
    """

    name: str
    kind: str
    width: int
    start: int
    size: int
    little: bool = True


def tensors(document: object, size: int) -> Iterator[Numbers]:
    """Every tensor of a document whose numbers are plain.

    Args:
        document: what the reader of the stream made.
        size: length of the stream in bytes.
    """
    if isinstance(document, safetensors.Header):
        for tensor in document.tensors:
            if tensor.dtype in _KINDS and tensor.end > tensor.start:
                kind, width = _KINDS[tensor.dtype]
                start = document.buffer + tensor.start
                yield Numbers(tensor.name, kind, width, start, tensor.end - tensor.start)
    elif isinstance(document, npy.Header) and not document.objects:
        found = _NPY.fullmatch(document.descr)
        if found is not None and size > document.data:
            length = size - document.data
            little = not document.descr.startswith(">")
            yield Numbers("", found[1], int(found[2]), document.data, length, little)
