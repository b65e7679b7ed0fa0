"""An expression over several columns holds for every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.data.checks.expressions import Expression, parse_expression
from modelkeep.data.checks.interface import CannotRunError, View, data_rule, no_rows

RULE: Final = data_rule(
    7,
    "data-row-rule",
    "A rule over several columns does not hold.",
    "Correct the rows listed, or the expression in the schema.",
)


@dataclass(frozen=True, slots=True)
class RowCheck:
    """``expression`` is false for no row; one that cannot be parsed could not run."""

    name: str
    text: str
    rule = RULE

    @property
    def what(self) -> str:
        """The rule as a phrase."""
        return f"{self.name}: {self.text}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns the expression names."""
        try:
            return self._expression().columns
        except CannotRunError:
            return ()

    def _expression(self) -> Expression:
        return parse_expression(self.text)

    def look(self, view: View) -> np.ndarray | None:
        """Rows for which it is false."""
        return self._expression().false_rows(view)

    def finish(self) -> np.ndarray:
        """Nothing is left to say."""
        return no_rows()
