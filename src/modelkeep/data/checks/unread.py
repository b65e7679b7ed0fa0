"""A rule of another tool's schema that is not known here: it could not run, and says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.data.checks.interface import CannotRunError, View, data_rule, no_rows

RULE: Final = data_rule(
    9,
    "data-rule-unread",
    "A rule of an imported schema is not known here.",
    "Write it as an expression under [[rules]], or check it with the tool it comes from.",
)


@dataclass(frozen=True, slots=True)
class UnreadCheck:
    """Stands for a rule nobody here can apply."""

    what: str
    rule = RULE
    columns: tuple[str, ...] = ()

    def look(self, view: View) -> np.ndarray | None:
        """Say that it cannot run."""
        raise CannotRunError(f"not known here, and not applied to {view.rows} rows or more")

    def finish(self) -> np.ndarray:
        """Nothing is left to say."""
        return no_rows()
