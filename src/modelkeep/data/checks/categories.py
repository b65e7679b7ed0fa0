"""Values are among those named."""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.data.cells import Cells, held
from modelkeep.data.checks.interface import CannotRunError, View, data_rule, no_rows
from modelkeep.data.checks.nulls import absent
from modelkeep.models.extras import need

RULE: Final = data_rule(
    4,
    "data-category",
    "Values are not among the categories the schema names.",
    "Correct the rows listed, or add the category to the schema.",
)


class CategoryCheck:
    """Values of ``column``, as texts, are among ``allowed``."""

    rule = RULE

    def __init__(self, column: str, allowed: list[str]) -> None:
        self._column = column
        self._allowed = frozenset(allowed)
        self._list = sorted(self._allowed)

    @property
    def what(self) -> str:
        """The rule as a phrase."""
        return f"{self._column} is one of {len(self._list)} categories"

    @property
    def columns(self) -> tuple[str, ...]:
        """The column."""
        return (self._column,)

    def look(self, view: View) -> np.ndarray | None:
        """Rows with another value; missing cells are left to the rule about them."""
        cells = view.column(self._column)
        mask = ~self._known(cells)
        if not mask.any():
            return None
        gone = absent(cells)
        return mask if gone is None else mask & ~gone

    def _known(self, cells: Cells) -> np.ndarray:
        arrow, compute = need("pyarrow", "checks"), need("pyarrow.compute", "checks")
        if cells.vocabulary is not None:
            known: np.ndarray = self._known(cells.vocabulary)[cells.codes]
            return known
        types, array = need("pyarrow.types", "checks"), cells.plain
        if types.is_nested(array.type) or types.is_binary(array.type):
            raise CannotRunError(f"{self._column} holds {array.type}, which has no categories")
        if not cells.is_text:
            array = array.cast(arrow.string())
        options = arrow.array(self._list, arrow.large_string())
        return held(compute.is_in(array.cast(arrow.large_string()), value_set=options))

    def finish(self) -> np.ndarray:
        """Nothing is left to say."""
        return no_rows()
