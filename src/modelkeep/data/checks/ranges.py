"""Numbers and moments lie between two bounds.

Whole numbers are compared as such, not as fractions that cannot hold them. A block whose
least and greatest value are within the bounds is not looked at row by row. NaN lies in no
range, and is left to the rule about missing cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from modelkeep.data.cells import Cells
from modelkeep.data.checks.interface import (
    Bound,
    CannotRunError,
    View,
    data_rule,
    no_rows,
)
from modelkeep.data.checks.types import kind_of
from modelkeep.models.extras import need

RULE: Final = data_rule(
    3,
    "data-range",
    "Values lie outside of the range the schema allows.",
    "Correct the rows listed, or widen the range if the values are right.",
)


@dataclass(frozen=True, slots=True)
class RangeCheck:
    """Values of ``column`` are at least ``low`` and at most ``high``."""

    column: str
    low: Bound | None
    high: Bound | None
    rule = RULE

    @property
    def what(self) -> str:
        """The rule as a phrase."""
        if self.low is None:
            return f"{self.column} is at most {self.high}"
        if self.high is None:
            return f"{self.column} is at least {self.low}"
        return f"{self.column} lies in {self.low} to {self.high}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def look(self, view: View) -> np.ndarray | None:
        """Rows whose value is out of range, or is no number in a column of texts."""
        cells = view.column(self.column)
        if need("pyarrow.types", "checks").is_null(cells.plain.type):
            return None
        low, high = self._bound(cells, self.low), self._bound(cells, self.high)
        if cells.is_text:
            return _outside_texts(cells, low, high)
        found = cells.bounds
        if found is None or (
            (low is None or low <= found[0]) and (high is None or found[1] <= high)
        ):
            return None
        values = cells.numbers
        if kind_of(cells) == "float":
            loose = cells.floats
            values = values if loose is None else loose
        mask = _outside(values, low, high)
        return mask if cells.missing is None else mask & ~cells.missing

    def _bound(self, cells: Cells, bound: Bound | None) -> Any:  # noqa: ANN401 - of its type
        if bound is None:
            return None
        kind = kind_of(cells)
        if kind in {"int", "float", "text"} and not isinstance(bound, str):
            return bound
        if kind == "moment" and isinstance(bound, str):
            return _moment(bound, cells)
        raise CannotRunError(f"{self.column} is of type {kind}, which {bound!r} does not bound")

    def finish(self) -> np.ndarray:
        """Nothing is left to say."""
        return no_rows()


def _outside(values: np.ndarray, low: float | None, high: float | None) -> np.ndarray:
    mask = np.zeros(len(values), bool)
    if low is not None:
        mask |= values < low
    if high is not None:
        mask |= values > high
    return mask


def _outside_texts(cells: Cells, low: float | None, high: float | None) -> np.ndarray | None:
    values = cells.floats
    if values is None:  # some are no numbers: those are out of every range
        words = cells.plain.to_pylist()
        values = np.array([_number(word) for word in words])
        strange = np.array([bool(word) for word in words]) & np.isnan(values)
        mask: np.ndarray = _outside(values, low, high) | strange
        return mask
    return _outside(values, low, high)


def _number(text: str | None) -> float:
    try:
        return float(text) if text and len(text) < 400 else np.nan  # noqa: PLR2004 - bounded
    except ValueError:
        return np.nan


def _moment(bound: str, cells: Cells) -> int:
    arrow, kind = need("pyarrow", "checks"), cells.plain.type
    try:
        scalar = arrow.array([bound]).cast(kind)
    except arrow.ArrowException as error:
        raise CannotRunError(f"{bound!r} is no {kind} ({error})") from error
    found = Cells(scalar).bounds
    if found is None:
        raise CannotRunError(f"{bound!r} is no {kind}")
    return int(found[0])
