"""No cell is missing where none may be; an empty cell of CSV is missing, and so is NaN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.data.cells import Cells
from modelkeep.data.checks.interface import View, data_rule, no_rows
from modelkeep.data.checks.types import matches
from modelkeep.models.extras import need

RULE: Final = data_rule(
    2,
    "data-missing",
    "Cells are missing in a column that must be complete.",
    "Fill or drop the rows listed, or allow missing cells in the schema.",
)


def absent(cells: Cells) -> np.ndarray | None:
    """Which cells are missing, empty or NaN, shape ``(rows,)``; ``None`` if none is."""
    mask = cells.missing
    kind = cells.plain.type
    if cells.is_text and need("pyarrow.types", "checks").is_large_string(kind):
        empty = matches(cells, "") if _may_be_empty(cells) else None
        if empty is not None and empty.any():
            mask = empty if mask is None else mask | empty
    elif need("pyarrow.types", "checks").is_floating(kind):
        strange = np.isnan(cells.numbers)
        if strange.any():
            mask = strange if mask is None else mask | strange
    return mask


def _may_be_empty(cells: Cells) -> bool:
    source = cells if cells.vocabulary is None else cells.vocabulary
    starts, _ = source.texts
    return bool((np.diff(starts) == 0).any())


@dataclass(frozen=True, slots=True)
class NullCheck:
    """Cells of ``column`` are there."""

    column: str
    rule = RULE

    @property
    def what(self) -> str:
        """The rule as a phrase."""
        return f"{self.column} is never missing"

    @property
    def columns(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def look(self, view: View) -> np.ndarray | None:
        """Rows whose cell is missing."""
        return absent(view.column(self.column))

    def finish(self) -> np.ndarray:
        """Nothing is left to say."""
        return no_rows()
