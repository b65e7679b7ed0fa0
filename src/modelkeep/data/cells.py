"""The cells of one column in one block, each form of them worked out once.

Seal, tags, summary, checks and sketches look at the same cells: as numbers, as texts, as
codes of a vocabulary, as bounds. A column that came dictionary-encoded keeps its codes, so
that what is true of a value is worked out once per value, not once per row.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from modelkeep.data.interface import Arrow
from modelkeep.models.extras import need

_READS: Final = "reading a table"
_SHORT: Final = 32  # bits
_NAMES: Final = {  # NumPy's, where they differ from Arrow's
    "halffloat": "float16",
    "float": "float32",
    "double": "float64",
}


def plain(array: Arrow) -> Arrow:
    """The array without dictionary or extension, texts and bytes in one width."""
    arrow, types = need("pyarrow", _READS), need("pyarrow.types", _READS)
    if isinstance(array, arrow.ExtensionArray):
        return plain(array.storage)
    kind = array.type
    if types.is_dictionary(kind):
        return plain(array.dictionary_decode())
    if types.is_string(kind) or types.is_string_view(kind):
        return array.cast(arrow.large_string())
    if types.is_binary(kind) or types.is_binary_view(kind) or types.is_fixed_size_binary(kind):
        return array.cast(arrow.large_binary())
    return array


def held(array: Arrow) -> np.ndarray:
    """Numbers or flags as they lie in memory, shape ``(rows,)``; none may be missing."""
    types, kind = need("pyarrow.types", _READS), array.type
    data = array.buffers()[1]
    first, last = array.offset, array.offset + len(array)
    dtype = np.dtype(_NAMES.get(str(kind), str(kind)))
    if data is None or len(array) == 0:
        return np.zeros(0, dtype)
    if types.is_boolean(kind):
        part = np.frombuffer(data, np.uint8)[first // 8 : (last + 7) // 8]
        bits = np.unpackbits(part, bitorder="little").view(bool)
        return bits[first % 8 : first % 8 + len(array)]
    return np.frombuffer(data, dtype)[first:last]


class Cells:
    """One column of one block."""

    def __init__(self, array: Arrow) -> None:
        self._array = array
        self.rows = len(array)

    @cached_property
    def plain(self) -> Arrow:
        """The cells as a plain Arrow array."""
        return plain(self._array)

    @cached_property
    def missing(self) -> np.ndarray | None:
        """Which cells are missing, shape ``(rows,)``; ``None`` if none is."""
        if self.plain.null_count == 0:
            return None
        return held(self.plain.is_null())

    @cached_property
    def is_text(self) -> bool:
        """Whether the cells are texts or bytes."""
        types, kind = need("pyarrow.types", _READS), self.plain.type
        return bool(types.is_large_string(kind) or types.is_large_binary(kind))

    @cached_property
    def vocabulary(self) -> Cells | None:
        """The texts that occur, where the column came dictionary-encoded; never missing."""
        if self._coded is None:
            return None
        return Cells(self._coded[0])

    @cached_property
    def codes(self) -> np.ndarray:
        """Each cell's place in the vocabulary, shape ``(rows,)``; 0 where it is missing."""
        if self._coded is None:
            raise TypeError("the column has no vocabulary")
        return self._coded[1]

    @cached_property
    def _coded(self) -> tuple[Arrow, np.ndarray] | None:
        types, array = need("pyarrow.types", _READS), self._array
        if not types.is_dictionary(array.type) or self.rows == 0:
            return None
        words = plain(array.dictionary)
        if not types.is_large_string(words.type) or words.null_count or len(words) == 0:
            return None
        codes = held(array.indices.fill_null(0))
        there = codes if self.missing is None else codes[~self.missing]
        used = np.bincount(there, minlength=len(words)) > 0
        if not used.all():  # the dictionary serves other rows too
            if not used.any():
                return None
            words = words.filter(need("pyarrow", _READS).array(used))
            codes = np.maximum(np.cumsum(used) - 1, 0)[codes]
        return words, codes

    @cached_property
    def texts(self) -> tuple[np.ndarray, np.ndarray]:
        """Starts (one more than rows, from 0) and bytes of texts; a missing one is empty."""
        array = self.plain
        if array.null_count:
            array = array.fill_null("" if "string" in str(array.type) else b"")
        _, places, data = array.buffers()
        if len(array) == 0 or places is None:
            return np.zeros(1, np.int64), np.zeros(0, np.uint8)
        starts = np.frombuffer(places, np.int64)[array.offset : array.offset + len(array) + 1]
        held = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
        return starts - starts[0], held[starts[0] : starts[-1]]

    @cached_property
    def numbers(self) -> np.ndarray:
        """Cells of fixed width, shape ``(rows,)``: null is 0, one NaN, one zero."""
        arrow, types = need("pyarrow", _READS), need("pyarrow.types", _READS)
        array, kind = self._ordered, self.plain.type
        if array.null_count:
            array = array.fill_null(arrow.scalar(0).cast(array.type))
        values = held(array)
        if types.is_floating(kind):
            with np.errstate(invalid="ignore"):
                values = values + values.dtype.type(0)  # minus zero becomes zero
            strange = np.isnan(values)
            if strange.any():
                values[strange] = np.nan
        return values

    @cached_property
    def _ordered(self) -> Arrow:
        """The cells as an array whose values Arrow can order: moments as whole numbers."""
        arrow, types = need("pyarrow", _READS), need("pyarrow.types", _READS)
        array = self.plain
        if types.is_temporal(array.type):  # Python's dates end in the year 9999
            short = array.type.bit_width == _SHORT
            array = array.view(arrow.int32() if short else arrow.int64())
        return array

    @cached_property
    def bounds(self) -> tuple[Any, Any] | None:
        """Least and greatest value, moments as whole numbers; ``None`` if there is none."""
        types = need("pyarrow.types", _READS)
        array = self._ordered if self.vocabulary is None else self.vocabulary.plain
        if types.is_nested(array.type) or types.is_null(array.type):
            return None
        if self.missing is not None and self.missing.all():
            return None
        if types.is_float16(array.type):  # has no order in Arrow
            array = array.cast(need("pyarrow", _READS).float32())
        found = need("pyarrow.compute", _READS).min_max(array)
        low, high = found["min"].as_py(), found["max"].as_py()
        if low is None or low != low:  # noqa: PLR0124 - only NaN
            return None
        return low, high

    @cached_property
    def floats(self) -> np.ndarray | None:
        """The cells as float64, NaN where missing; ``None`` if they are no numbers.

        Texts count as numbers if all of them can be read as such; an empty one is missing.
        """
        arrow, types = need("pyarrow", _READS), need("pyarrow.types", _READS)
        kind = self.plain.type
        array = self._ordered
        if self.is_text:
            array = self._parsed
            if array is None:
                return None
        elif types.is_nested(kind) or types.is_null(kind):
            return None
        array = array.cast(arrow.float64(), safe=False)
        return held(array.fill_null(np.nan) if array.null_count else array)

    def counts(self) -> dict[str, int]:
        """How often each value occurs, by its text; a missing one is the empty text."""
        found: dict[str, int] = {}
        if self.vocabulary is not None and self.missing is None:
            times = np.bincount(self.codes).tolist()
            return dict(zip(self.vocabulary.plain.to_pylist(), times, strict=True))
        for entry in self.plain.value_counts().to_pylist():
            value = "" if entry["values"] is None else str(entry["values"])
            found[value] = found.get(value, 0) + entry["counts"]
        return found

    @cached_property
    def _parsed(self) -> Arrow | None:
        arrow, compute = need("pyarrow", _READS), need("pyarrow.compute", _READS)
        source = self.vocabulary.plain if self.vocabulary is not None else self.plain
        try:
            filled = compute.if_else(compute.equal(source, ""), None, source)
            parsed = filled.cast(arrow.float64())
        except arrow.ArrowException:
            return None
        if self.vocabulary is None:
            return parsed
        places = arrow.array(self.codes, mask=self.missing)
        return parsed.take(places)


@dataclass(frozen=True, slots=True)
class Block:
    """Up to ``BLOCK`` consecutive rows, the cells of each column apart."""

    names: tuple[str, ...]
    cells: tuple[Cells, ...]
    rows: int
