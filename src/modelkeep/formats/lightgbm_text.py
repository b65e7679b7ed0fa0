"""A LightGBM model as text: trees in blocks whose sizes the head announces.

The format holds numbers and names only; its parser is native code that believes the
announced sizes, so they are compared with what stands there.

Source: LightGBM ``gbdt_model_text.cpp`` (``SaveModelToString``).
"""

from __future__ import annotations

import re
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Source

_START: Final = b"tree\nversion=v"
_CHUNK: Final = 1 << 20
_OVERLAP: Final = 64
_HEAD: Final = 1 << 20
_SIZES: Final = re.compile(rb"^tree_sizes=([0-9 ]*)$", re.MULTILINE)
_TREE: Final = re.compile(rb"^Tree=[0-9]+$", re.MULTILINE)
_END: Final = b"\nend of trees"


def looks_like(source: Source) -> bool:
    """Whether the file starts as LightGBM writes it."""
    return source.read(0, len(_START)) == _START


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """Count the trees; a head that announces others is a lie. There is no document.

    Raises:
        MalformedArtifactError: the list of trees does not end.
    """
    announced = _SIZES.search(source.read(0, _HEAD))
    count = ended = 0
    for at in range(0, source.size, _CHUNK):
        budget.tick()
        window = source.read(max(0, at - _OVERLAP), _CHUNK + min(at, _OVERLAP))
        skip = min(at, _OVERLAP)
        count += sum(1 for found in _TREE.finditer(window) if found.end() > skip)
        ended += _END in window
    if not ended:
        raise MalformedArtifactError("LightGBM model without an end of its trees (truncated?)")
    if announced is not None and len(announced[1].split()) != count:
        promised = len(announced[1].split())
        reading.lies.append((0, f"the head announces {promised} trees, the file holds {count}"))


FORMAT: Final = Format("lightgbm", looks_like, read, first=b"t")
