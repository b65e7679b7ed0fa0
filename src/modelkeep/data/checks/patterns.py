"""Texts match a regular expression as a whole.

The expression runs on RE2 (within Arrow): its time grows with the text, never faster, so a
pattern from a schema cannot hang the check.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.data.checks.interface import CannotRunError, View, data_rule, no_rows
from modelkeep.data.checks.nulls import absent
from modelkeep.data.checks.types import matches

RULE: Final = data_rule(
    5,
    "data-pattern",
    "Texts do not match the pattern the schema names.",
    "Correct the rows listed, or the pattern.",
)


@dataclass(frozen=True, slots=True)
class PatternCheck:
    """Texts of ``column`` match ``pattern``; missing and empty ones are left alone."""

    column: str
    pattern: str
    rule = RULE

    @property
    def what(self) -> str:
        """The rule as a phrase."""
        return f"{self.column} matches {self.pattern!r}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def look(self, view: View) -> np.ndarray | None:
        """Rows whose text does not match."""
        cells = view.column(self.column)
        if not cells.is_text:
            raise CannotRunError(f"{self.column} holds no texts, which a pattern needs")
        mask = ~matches(cells, self.pattern)
        gone = absent(cells)
        return mask if gone is None else mask & ~gone

    def finish(self) -> np.ndarray:
        """Nothing is left to say."""
        return no_rows()
