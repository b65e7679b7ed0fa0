"""Draft a schema from data that somebody trusts.

What a sample shows is not a law: numbers get a tenth of their span as leeway to either side
(whole numbers that are never negative stay so), few values that repeat become categories,
and what never repeats in a column of whole numbers or texts becomes unique. A person reads
the draft before it guards anything.
"""

from __future__ import annotations

import math
import secrets
from collections import Counter
from typing import Any, Final

import numpy as np

from modelkeep.data.cells import Block, Cells
from modelkeep.data.checks.interface import Bound, ColumnRules, Schema, View
from modelkeep.data.checks.nulls import absent
from modelkeep.data.checks.types import kind_of, spelled_kind
from modelkeep.data.checks.uniqueness import UniquenessCheck
from modelkeep.data.checks.views import view_of
from modelkeep.data.row_tags import Tagger
from modelkeep.data.summary import Summary
from modelkeep.models.extras import need

_MOST_CATEGORIES: Final = 50
_REPEATS: Final = 10  # times a category occurs on average at least
_MOST_UNIQUE: Final = 64  # columns looked at for repeats, the first ones
_LEEWAY: Final = 0.1  # of the span


class Drafter:
    """Takes the blocks of a sample and hands back a schema."""

    def __init__(self) -> None:
        self._tagger = Tagger(secrets.token_bytes(32))
        self._columns: dict[str, _Column] = {}
        self._files: set[str] = set()
        self.rows = 0

    def add(self, path: str, style: str, block: Block) -> None:
        """Take in one block of one file."""
        view = view_of(block, style)
        fresh = path not in self._files and bool(self._files)
        self._files.add(path)
        for name, cells in view.cells.items():
            if name not in self._columns:
                exact = len(self._columns) < _MOST_UNIQUE
                self._columns[name] = _Column(name, missed=fresh, exact=exact)
            self._columns[name].add(
                cells, self._tagger, view, textual=style in {"csv", "jsonl"}
            )
        for name, known in self._columns.items():
            known.missed |= name not in view.cells
        self.rows += block.rows

    def schema(self) -> Schema:
        """The draft."""
        columns = {name: column.rules() for name, column in self._columns.items()}
        return Schema(version=1, columns=columns)


class _Column:
    """What a sample shows of one column."""

    def __init__(self, name: str, *, missed: bool, exact: bool) -> None:
        self._name = name
        self._summary = Summary(numeric_text=False)
        self._kind = ""
        self._gone = 0
        self._rows = 0
        self._low = math.inf
        self._high = -math.inf
        self._counts: Counter[str] | None = Counter()
        self._unique = UniquenessCheck((name,)) if exact else None
        self.missed = missed

    def add(self, cells: Cells, tagger: Tagger, view: View, *, textual: bool) -> None:
        kind = kind_of(cells)
        if need("pyarrow.types", "drafting").is_null(cells.plain.type):
            kind = ""
        elif textual and kind == "text":
            kind = spelled_kind(cells)
        self._kind = _joined_kind(self._kind, kind)
        gone = absent(cells)
        self._gone += 0 if gone is None else int(gone.sum())
        self._rows += cells.rows
        self._summary.add(cells, tagger.words(self._name, cells))
        if kind in {"int", "float"}:
            self._widen(cells)
        distinct = self._summary.distinct()
        self._count(cells, distinct)
        if self._unique is not None:
            if distinct * 2 > self._rows and self._kind in {"int", "text"}:
                self._unique.look(view)
            else:
                self._unique = None

    def _widen(self, cells: Cells) -> None:
        values = cells.floats
        finite = values[np.isfinite(values)] if values is not None else np.zeros(0)
        if len(finite):
            self._low = min(self._low, float(finite.min()))
            self._high = max(self._high, float(finite.max()))

    def _count(self, cells: Cells, distinct: int) -> None:
        if self._counts is None:
            return
        nested = need("pyarrow.types", "drafting").is_nested(cells.plain.type)
        if nested or distinct > _MOST_CATEGORIES:
            self._counts = None
            return
        self._counts.update(cells.counts())

    def rules(self) -> ColumnRules:
        fields: dict[str, Any] = {
            "type": self._kind,
            "nulls": self._gone > 0,
            "optional": self.missed,
        }
        if self._kind in {"int", "float"} and self._low <= self._high:
            fields["low"], fields["high"] = self._leeway()
        if self._kind == "text" and self._counts is not None:
            names = sorted(name for name in self._counts if name)
            if names and sum(self._counts.values()) >= _REPEATS * len(names):
                fields["categories"] = names
        if self._unique is not None and self._rows > 1:
            fields["unique"] = not len(self._unique.finish()) and self._gone < self._rows
        return ColumnRules(**fields)

    def _leeway(self) -> tuple[Bound, Bound]:
        span = (self._high - self._low) * _LEEWAY
        low, high = self._low - span, self._high + span
        if self._low >= 0:
            low = max(low, 0.0)
        if self._kind == "int":
            return math.floor(low), math.ceil(high)
        return low, high


def _joined_kind(known: str, found: str) -> str:
    if not known or not found or known == found:
        return known or found
    if {known, found} == {"int", "float"}:
        return "float"
    return "text"
