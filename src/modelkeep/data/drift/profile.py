"""How the columns of a data set are spread, small enough to keep and to hand on.

A profile holds quantiles and counts of categories, no rows: what compares with it needs no
access to the data it stands for.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec
import numpy as np

from modelkeep.core import InputError
from modelkeep.data.cells import Block, Cells
from modelkeep.data.checks.nulls import absent
from modelkeep.data.checks.types import kind_of
from modelkeep.data.checks.views import view_of
from modelkeep.data.drift.quantiles import QuantileSketch

EDGES: Final = 1_024
VERSION: Final = 1
_MOST_CATEGORIES: Final = 200


class ColumnProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One column.

    Attributes:
        rows: cells that are there.
        missing: cells that are not.
        edges: quantiles, ascending without repeats; empty for categories.
        shares: share of the cells up to and with each edge.
        counts: how often each category occurs; empty for numbers.
        span: distance from the first to the third quartile, in the column's unit.
    """

    rows: int
    missing: int
    edges: list[float] = []
    shares: list[float] = []
    counts: dict[str, int] = {}
    span: float = 0.0


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A data set's columns by name, and the columns that have no profile, with the reason."""

    version: int
    rows: int
    columns: dict[str, ColumnProfile]
    left_out: dict[str, str] = {}


class Profiler:
    """Takes the blocks of a data set and hands back its profile."""

    def __init__(self) -> None:
        self._columns: dict[str, _Numbers | _Words] = {}
        self._left_out: dict[str, str] = {}
        self.rows = 0

    def add(self, path: str, style: str, block: Block) -> None:
        """Take in one block of one file."""
        del path
        view = view_of(block, style)
        self.rows += block.rows
        for name, cells in view.cells.items():
            if name in self._left_out:
                continue
            if name not in self._columns:
                made = _begin(cells)
                if made is None:
                    self._left_out[name] = f"holds {cells.plain.type}"
                    continue
                self._columns[name] = made
            if not self._columns[name].add(cells):
                self._left_out[name] = self._columns.pop(name).why

    def profile(self) -> Profile:
        """The profile."""
        columns = {name: column.profile() for name, column in self._columns.items()}
        return Profile(VERSION, self.rows, columns, self._left_out)


def _begin(cells: Cells) -> _Numbers | _Words | None:
    kind = kind_of(cells)
    if kind in {"int", "float", "moment"} or (kind == "text" and cells.floats is not None):
        return _Numbers()
    return _Words() if kind in {"text", "bool"} else None


class _Numbers:
    why: Final = "holds numbers in some rows and texts in others"

    def __init__(self) -> None:
        self._sketch = QuantileSketch()
        self._missing = 0

    def add(self, cells: Cells) -> bool:
        values = cells.floats
        if values is not None:
            self.take(values)
        return values is not None

    def take(self, values: np.ndarray) -> None:
        there = np.isfinite(values)
        whole = bool(there.all())
        self._missing += 0 if whole else int((~there).sum())
        self._sketch.add(values if whole else values[there])

    def profile(self) -> ColumnProfile:
        values, shares = self._sketch.spread()
        if not len(values):
            return ColumnProfile(0, self._missing)
        wanted = np.linspace(0, 1, EDGES)
        places = np.minimum(np.searchsorted(shares, wanted, "left"), len(values) - 1)
        edges = np.unique(values[places])
        ends = np.searchsorted(values, edges, "right") - 1
        quartiles = values[np.minimum(np.searchsorted(shares, [0.25, 0.75]), len(values) - 1)]
        return ColumnProfile(
            rows=self._sketch.rows,
            missing=self._missing,
            edges=edges.tolist(),
            shares=shares[ends].tolist(),
            span=float(quartiles[1] - quartiles[0]),
        )


class _Words:
    why: Final = f"holds over {_MOST_CATEGORIES} different texts"

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._missing = 0

    def add(self, cells: Cells) -> bool:
        gone = absent(cells)
        missing = 0 if gone is None else int(gone.sum())
        self._missing += missing
        counts = cells.counts()
        if missing:
            counts.pop("", None)
        self._counts.update(counts)
        return len(self._counts) <= _MOST_CATEGORIES

    def profile(self) -> ColumnProfile:
        counts = dict(sorted(self._counts.items()))
        return ColumnProfile(sum(counts.values()), self._missing, counts=counts)


def profile_rows(rows: np.ndarray, names: tuple[str, ...]) -> Profile:
    """Profile of numbers at hand, such as a window of requests.

    Args:
        rows: shape ``(rows, columns)``.
        names: of the columns.
    """
    columns = {}
    for place, name in enumerate(names):
        column = _Numbers()
        column.take(rows[:, place].astype(np.float64))
        columns[name] = column.profile()
    return Profile(VERSION, len(rows), columns)


def read_profile(data: bytes, name: str) -> Profile:
    """Read a profile.

    Raises:
        InputError: it is none.
    """
    try:
        found = msgspec.json.decode(data, type=Profile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{name}: not a profile ({error})") from error
    fits = all(
        len(column.edges) == len(column.shares) and column.edges == sorted(column.edges)
        for column in found.columns.values()
    )
    if found.version != VERSION or not fits:
        raise InputError(f"{name}: not a profile of version {VERSION}")
    return found
