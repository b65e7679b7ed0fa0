"""Least and greatest value, missing cells and distinct values of a column, as it streams.

Distinct values are estimated from the smallest hashes seen (the k minimum values), which
is exact below k and off by about one part in sixteen above.

Source: Bar-Yossef and others, Counting Distinct Elements in a Data Stream (2002).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from modelkeep.data.cells import Cells
from modelkeep.data.interface import Arrow
from modelkeep.models.extras import need

KEPT: Final = 256
_SHOWN: Final = 80  # characters of a text
_WHOLE: Final = float(1 << 64)


class Summary:
    """One column's running summary."""

    def __init__(self, *, numeric_text: bool) -> None:
        self.nulls = 0
        self._least = np.zeros(0, np.uint64)
        self._bounds: tuple[Any, Any] | None = None
        self._numbers: tuple[float, float] | None = None
        self._numeric = numeric_text
        self._type: Arrow = None

    def add(self, cells: Cells, words: np.ndarray) -> None:
        """Take in a block: its cells and their words under one key."""
        self.nulls += 0 if cells.missing is None else int(cells.missing.sum())
        if len(self._least) == KEPT:
            words = words[words < self._least[-1]]
        if len(words):
            ranked = np.sort(np.concatenate([self._least, words]))
            self._least = ranked[np.append(True, ranked[1:] != ranked[:-1])][:KEPT]
        self._type = cells.plain.type
        if self._numeric:
            self._add_numbers(cells)
        self._bounds = _widened(self._bounds, cells.bounds)

    def _add_numbers(self, cells: Cells) -> None:
        values = cells.floats
        if values is None:
            self._numeric = False
        elif not np.isnan(values).all():
            found = float(np.nanmin(values)), float(np.nanmax(values))
            self._numbers = _widened(self._numbers, found)

    def bounds(self) -> tuple[str, str]:
        """Least and greatest value as text: of numbers, if a text column holds only those."""
        if self._numeric and self._numbers is not None:
            return str(self._numbers[0]), str(self._numbers[1])
        if self._bounds is None:
            return "", ""
        low, high = self._bounds
        return self._shown(low), self._shown(high)

    def _shown(self, value: object) -> str:
        arrow, types = need("pyarrow", "sealing"), need("pyarrow.types", "sealing")
        if types.is_temporal(self._type) and not types.is_duration(self._type):
            short = self._type.bit_width == 32  # noqa: PLR2004 - bits
            word = arrow.int32() if short else arrow.int64()
            moment = arrow.array([value], word).view(self._type)
            return str(moment.cast(arrow.string())[0].as_py())
        return (value.hex() if isinstance(value, bytes) else str(value))[:_SHOWN]

    def distinct(self) -> int:
        """How many values differ; missing counts as one."""
        if len(self._least) < KEPT:
            return len(self._least)
        return round((KEPT - 1) / (float(self._least[-1]) / _WHOLE))


def _widened(
    known: tuple[Any, Any] | None, found: tuple[Any, Any] | None
) -> tuple[Any, Any] | None:
    """Bounds that hold both."""
    if known is None or found is None:
        return known or found
    return min(known[0], found[0]), max(known[1], found[1])
