"""A CatBoost binary model: a flatbuffer of a stated length, then optional parts.

Source: CatBoost ``libs/model/model.cpp`` (``CBM1``, core size, core, model parts).
"""

from __future__ import annotations

import struct
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Source

_MAGIC: Final = b"CBM1"


def looks_like(source: Source) -> bool:
    """Whether the file starts with the magic."""
    return source.read(0, 4) == _MAGIC


def read(source: Source, budget: Budget, _reading: Reading) -> None:
    """Make sure that the core is whole; nothing in it can name code.

    Raises:
        MalformedArtifactError: it ends behind the file, or its root points outside.
    """
    budget.entry()
    head = source.read(4, 8)
    if len(head) < 8:
        raise MalformedArtifactError("CatBoost model without a core (truncated?)")
    size, root = struct.unpack("<II", head)
    if 8 + size > source.size:
        raise MalformedArtifactError(
            f"CatBoost core of {size} bytes, the file holds {source.size - 8} (truncated?)"
        )
    if not 4 <= root <= size - 4:
        raise MalformedArtifactError(f"CatBoost core whose root lies at {root:#x}, outside it")


FORMAT: Final = Format("catboost", looks_like, read, first=b"C")
