"""What a check is: it looks at blocks as they pass and names the rows that break its rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import msgspec
import numpy as np

from modelkeep.core import InputError, Rule, Verdict
from modelkeep.data.cells import Cells

SHOWN: Final = 20  # rows listed for a rule
Bound = int | float | str


class CannotRunError(InputError):
    """A rule that cannot be applied to this data: INCONCLUSIVE, never passed."""


class ColumnRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What must hold for the cells of one column; what is left out is not checked.

    Attributes:
        type: ``int``, ``float``, ``text``, ``bool``, ``moment`` or ``other``.
        nulls: whether cells may be missing.
        low: least value allowed; of moments as text, such as ``2026-01-31``.
        high: greatest value allowed.
        unique: whether no value may occur twice.
        categories: the only values allowed, as texts.
        pattern: a regular expression (RE2) that each whole text must match.
        optional: whether the column may be absent.
    """

    type: str = ""
    nulls: bool = True
    low: Bound | None = None
    high: Bound | None = None
    unique: bool = False
    categories: list[str] | None = None
    pattern: str = ""
    optional: bool = False


class RowRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An expression over the columns that must hold for every row."""

    name: str
    expression: str


class Schema(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a data set must look like.

    Attributes:
        version: of this form; 1.
        closed: whether columns not named here are a finding.
        unique_together: columns whose values together may not occur twice.
        columns: rules by name of the column.
        rules: expressions over several columns.
        unread: rules of an imported schema that are not known here.
    """

    version: int
    closed: bool = True
    unique_together: list[list[str]] = []
    columns: dict[str, ColumnRules] = {}
    rules: list[RowRule] = []
    unread: list[str] = []


@dataclass(frozen=True, slots=True)
class View:
    """A block as the checks see it.

    Attributes:
        cells: by name of the column; texts of JSON without their quotes.
        rows: how many.
        numeric: columns of texts that stand for numbers, by the schema.
    """

    cells: dict[str, Cells]
    rows: int
    numeric: frozenset[str] = frozenset()

    def spelled(self, name: str) -> bool:
        """Whether the texts of a column stand for numbers, by the schema."""
        return name in self.numeric

    def column(self, name: str) -> Cells:
        """The cells of a column.

        Raises:
            CannotRunError: there is no such column.
        """
        try:
            return self.cells[name]
        except KeyError:
            raise CannotRunError(f"there is no column {name!r}") from None


class Check(Protocol):
    """One rule about one or more columns, over all blocks of a data set."""

    @property
    def rule(self) -> Rule:
        """What it stands for."""
        ...

    @property
    def what(self) -> str:
        """The rule as a phrase, such as ``age lies in 18 to 90``."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it looks at."""
        ...

    def look(self, view: View) -> np.ndarray | None:
        """Rows of this block that break the rule, shape ``(rows,)``, bool; ``None``: none.

        Raises:
            CannotRunError: the rule cannot be applied.
        """
        ...

    def finish(self) -> np.ndarray:
        """Rows that break it, seen only once all were; numbers from the first block on."""
        ...


class CheckResult(msgspec.Struct, frozen=True):
    """What one check found.

    Attributes:
        rule: id of its rule.
        what: the rule as a phrase.
        columns: the columns it looks at.
        verdict: ``fail`` if rows break it, ``inconclusive`` if it could not run.
        bad: how many rows break it.
        rows: the first of them, each as file and number of the row in it, from 0.
        why: why it could not run, or what is wrong besides rows.
    """

    rule: str
    what: str
    columns: tuple[str, ...]
    verdict: str
    bad: int
    rows: tuple[tuple[str, int], ...]
    why: str = ""

    @property
    def outcome(self) -> Verdict:
        """The verdict as such."""
        return Verdict(self.verdict)


def no_rows() -> np.ndarray:
    """What a check that is done once all blocks passed hands back."""
    return np.zeros(0, np.int64)


def data_rule(number: int, name: str, summary: str, remedy: str) -> Rule:
    """A rule about data."""
    return Rule(f"DAT{number:03}", name, summary, remedy, "data.quality_outliers", ("CWE-20",))
