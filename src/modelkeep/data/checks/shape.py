"""The columns are those of the schema: none is gone, none came unannounced."""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.data.checks.interface import Schema, View, data_rule, no_rows

RULE: Final = data_rule(
    8,
    "data-columns",
    "Columns are missing, or are there that the schema does not name.",
    "Restore the column, or add it to the schema.",
)


class ColumnsCheck:
    """Every column of the schema is there, and no other where it is closed."""

    rule = RULE
    what = "the columns are those of the schema"

    def __init__(self, schema: Schema) -> None:
        self._wanted = {name for name, rule in schema.columns.items() if not rule.optional}
        self._known = set(schema.columns)
        self._closed = schema.closed
        self._gone: dict[str, None] = {}
        self._new: dict[str, None] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are wrong."""
        return (*self._gone, *self._new)

    @property
    def wrong(self) -> str:
        """What is wrong besides rows; empty if nothing is."""
        said = [f"{name!r} is missing" for name in list(self._gone)[:20]]
        said += [f"{name!r} is not in the schema" for name in list(self._new)[:20]]
        return "; ".join(said)

    def look(self, view: View) -> np.ndarray | None:
        """Compare names; no row is to blame."""
        self._gone.update(dict.fromkeys(sorted(self._wanted - set(view.cells))))
        if self._closed:
            self._new.update(dict.fromkeys(sorted(set(view.cells) - self._known)))
        return None

    def finish(self) -> np.ndarray:
        """No row is to blame."""
        return no_rows()
