"""Least and greatest value, missing cells and distinct values of a column, as it streams.

Distinct values are estimated from the smallest hashes seen (the k minimum values), which
is exact below k and off by about one part in sixteen above.

Source: Bar-Yossef and others, Counting Distinct Elements in a Data Stream (2002).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.data.canonical import plain
from modelkeep.data.interface import Arrow
from modelkeep.data.row_tags import finish
from modelkeep.models.extras import need

KEPT: Final = 256
_SHOWN: Final = 80  # characters of a text
_SHORT: Final = 32  # bits
_WHOLE: Final = float(1 << 64)


class Summary:
    """One column's running summary."""

    def __init__(self, *, numeric_text: bool) -> None:
        self.nulls = 0
        self._least = np.zeros(0, np.uint64)
        self._low: Arrow = None
        self._high: Arrow = None
        self._numbers: tuple[float, float] | None = None
        self._numeric = numeric_text
        self._moment: Arrow = None

    def add(self, array: Arrow, words: np.ndarray) -> None:
        """Take in a block: its cells and their words."""
        self.nulls += array.null_count
        hashed = finish(words)
        if len(self._least) == KEPT:
            hashed = hashed[hashed < self._least[-1]]
        if len(hashed):
            self._least = np.unique(np.concatenate([self._least, hashed]))[:KEPT]
        types = need("pyarrow.types", "sealing a table")
        array = plain(array)
        if types.is_nested(array.type) or types.is_null(array.type):
            return
        if types.is_float16(array.type):  # has no order in Arrow
            array = array.cast(need("pyarrow", "sealing a table").float32())
        if self._numeric:
            self._add_numbers(array)
        if types.is_temporal(array.type):  # Python's dates end in the year 9999
            self._moment = array.type
            arrow = need("pyarrow", "sealing a table")
            array = array.view(
                arrow.int32() if array.type.bit_width == _SHORT else arrow.int64()
            )
        found = need("pyarrow.compute", "sealing a table").min_max(array).as_py()
        if found["min"] is None or found["min"] != found["min"]:  # only NaN
            return
        self._low = found["min"] if self._low is None else min(self._low, found["min"])
        self._high = found["max"] if self._high is None else max(self._high, found["max"])

    def _add_numbers(self, array: Arrow) -> None:
        arrow = need("pyarrow", "sealing a table")
        try:
            values = array.cast(arrow.float64())
        except arrow.ArrowException:
            self._numeric = False
            return
        found = need("pyarrow.compute", "sealing a table").min_max(values).as_py()
        if found["min"] is not None:
            low, high = self._numbers or (found["min"], found["max"])
            self._numbers = (min(low, found["min"]), max(high, found["max"]))

    def bounds(self) -> tuple[str, str]:
        """Least and greatest value as text: of numbers, if a text column holds only those."""
        if self._numeric and self._numbers is not None:
            return str(self._numbers[0]), str(self._numbers[1])
        if self._low is None:
            return "", ""
        return self._shown(self._low), self._shown(self._high)

    def _shown(self, value: object) -> str:
        arrow = need("pyarrow", "sealing a table")
        if self._moment is not None and not str(self._moment).startswith("duration"):
            word = arrow.int32() if self._moment.bit_width == _SHORT else arrow.int64()
            moment = arrow.array([value], word).view(self._moment)
            return str(moment.cast(arrow.string())[0].as_py())
        return (value.hex() if isinstance(value, bytes) else str(value))[:_SHOWN]

    def distinct(self) -> int:
        """How many values differ; missing counts as one."""
        if len(self._least) < KEPT:
            return len(self._least)
        return round((KEPT - 1) / (float(self._least[-1]) / _WHOLE))
