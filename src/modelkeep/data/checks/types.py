"""Cells are of the type they should be: whole numbers, fractions, texts, flags, moments.

In CSV and JSON every cell is a text and is read for what it says, cell by cell: one word in
a column of numbers is one bad row, not another type for the whole column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.data.cells import Cells, held
from modelkeep.data.checks.interface import CannotRunError, View, data_rule, no_rows
from modelkeep.models.extras import need

RULE: Final = data_rule(
    1,
    "data-type",
    "Cells are not of the type the schema names.",
    "Correct the rows listed, or the type in the schema.",
)
_PATTERNS: Final = {
    "int": r"[+-]?[0-9]{1,19}(\.0+)?",
    "float": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[nN]a[nN]|[+-]?[iI]nf(inity)?",
    "bool": r"(?i)true|false|0|1",
    "moment": r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?)?",
}
KINDS: Final = ("int", "float", "text", "bool", "moment", "other")


def kind_of(cells: Cells) -> str:
    """The type of a column as the schema names it; texts are not looked into."""
    types, kind = need("pyarrow.types", "checking data"), cells.plain.type
    if cells.is_text:
        return "text"
    if types.is_boolean(kind):
        return "bool"
    if types.is_integer(kind):
        return "int"
    if types.is_floating(kind) or types.is_decimal(kind):
        return "float"
    return "moment" if types.is_temporal(kind) else "other"


def spelled_kind(cells: Cells) -> str:
    """The narrowest type that all texts of a column can be read as; ``""`` if all are empty."""
    held_texts = cells.plain.drop_null().filter(
        need("pyarrow.compute", "checking data").not_equal(cells.plain.drop_null(), "")
    )
    if not len(held_texts):
        return ""
    for kind in ("int", "float", "moment"):
        if matches(Cells(held_texts), _PATTERNS[kind]).all():
            return kind
    return "text"


def matches(cells: Cells, pattern: str) -> np.ndarray:
    """Which texts match as a whole, shape ``(rows,)``; a missing one does not.

    Patterns run on RE2, whose time is bounded by the length of the text.

    Raises:
        CannotRunError: not a pattern of RE2.
    """
    if cells.vocabulary is not None:
        found: np.ndarray = matches(cells.vocabulary, pattern)[cells.codes]
        return found if cells.missing is None else found & ~cells.missing
    arrow, compute = need("pyarrow", "patterns"), need("pyarrow.compute", "patterns")
    try:
        mask = compute.match_substring_regex(cells.plain, f"^(?:{pattern})$")
    except arrow.ArrowException as error:
        raise CannotRunError(f"{pattern!r} is no pattern of RE2 ({error})") from error
    return held(mask.fill_null(False))


@dataclass(frozen=True, slots=True)
class TypeCheck:
    """Cells of ``column`` are of type ``kind``."""

    column: str
    kind: str
    rule = RULE

    @property
    def what(self) -> str:
        """The rule as a phrase."""
        return f"{self.column} is of type {self.kind}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def look(self, view: View) -> np.ndarray | None:
        """Rows whose cell is of another type."""
        if self.kind not in KINDS:
            raise CannotRunError(f"{self.kind!r} is no type; use one of {', '.join(KINDS)}")
        cells = view.column(self.column)
        found = kind_of(cells)
        if found == self.kind or (found, self.kind) == ("int", "float"):
            return None
        if need("pyarrow.types", "checking data").is_null(cells.plain.type):
            return None  # a column of missing cells only is of every type
        if found != "text" or self.kind not in _PATTERNS:
            return np.ones(view.rows, bool) if cells.missing is None else ~cells.missing
        empty = matches(cells, "")
        good = matches(cells, _PATTERNS[self.kind]) | empty
        bad: np.ndarray = ~good if cells.missing is None else ~good & ~cells.missing
        return bad

    def finish(self) -> np.ndarray:
        """Nothing is left to say."""
        return no_rows()
