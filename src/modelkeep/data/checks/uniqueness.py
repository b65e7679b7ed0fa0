"""No value, or combination of values, occurs twice.

Every row has a 64-bit word under a key drawn for this run; for a column of fixed width words
differ if the values do, else two rows would have to collide by chance (one in 300,000 for ten
million rows). A column that only rises needs no memory at all. Otherwise words go to a file
without a name and are sorted part by part, so that memory stays bounded.
"""

from __future__ import annotations

import secrets
import tempfile
import weakref
from typing import IO, Final

import numpy as np

from modelkeep.data.checks.interface import View, data_rule
from modelkeep.data.checks.nulls import absent
from modelkeep.data.row_tags import Tagger, finish
from modelkeep.models.extras import need

RULE: Final = data_rule(
    6,
    "data-duplicate",
    "Values that must be unique occur more than once.",
    "Drop the repeated rows listed, or the rule if repeats are right.",
)
_PART: Final = 4_000_000  # words sorted at a time
_HELD: Final = 1 << 18  # words kept in memory
_MISSING: Final = np.uint64(0)  # stands for a row that is left alone


class UniquenessCheck:
    """Values of the columns together occur once; rows with a missing one are left alone."""

    rule = RULE

    def __init__(self, columns: tuple[str, ...]) -> None:
        self._columns = columns
        self._tagger = Tagger(secrets.token_bytes(32))
        self._rows = 0
        self._last: float | None = None
        self._rising = len(columns) == 1
        self._held: list[np.ndarray] = []
        self._file: IO[bytes] | None = None

    @property
    def what(self) -> str:
        """The rule as a phrase."""
        return (
            f"{' and '.join(self._columns)} {'is' if len(self._columns) == 1 else 'are'} unique"
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns."""
        return self._columns

    def look(self, view: View) -> np.ndarray | None:
        """Take in a block; which rows repeat is known at the end."""
        total = np.zeros(view.rows, np.uint64)
        for name in self._columns:
            total += self._tagger.words(name, view.column(name))
        words = finish(total)
        words[words == _MISSING] = np.uint64(1)
        for name in self._columns:
            gone = absent(view.column(name))
            if gone is not None:
                words[gone] = _MISSING
        self._rising = self._rising and self._rises(view)
        self._held.append(words)
        self._rows += view.rows
        if sum(map(len, self._held)) > _HELD:
            self._spill()
        return None

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this object
            weakref.finalize(self, self._file.close)
        for words in self._held:
            self._file.write(words.tobytes())
        self._held = []

    def _rises(self, view: View) -> bool:
        cells = view.column(self._columns[0])
        if cells.missing is not None or not need("pyarrow.types", "checks").is_integer(
            cells.plain.type
        ):
            return False
        values = cells.numbers
        rises = bool((values[1:] > values[:-1]).all())
        rises = rises and (self._last is None or int(values[0]) > self._last)
        self._last = int(values[-1])
        return rises

    def finish(self) -> np.ndarray:
        """Rows whose values stood in an earlier row, ascending."""
        if self._rising or self._rows == 0:
            return np.zeros(0, np.int64)
        if self._file is None:
            words = np.concatenate(self._held)
        else:
            self._spill()
            self._file.flush()
            words = np.memmap(self._file, "<u8", "r", shape=(self._rows,))
        parts = 1 << (self._rows // _PART).bit_length()
        found = [_repeated(words, part, parts) for part in range(parts)]
        return np.sort(np.concatenate(found))


def _repeated(words: np.ndarray, part: int, parts: int) -> np.ndarray:
    """Rows of one part, by the words' last bits, whose word stood in an earlier row."""
    mine, mask = [], np.uint64(parts - 1)
    for first in range(0, len(words), _PART):
        piece = np.asarray(words[first : first + _PART])
        mine.append(piece[(piece & mask) == part] if parts > 1 else piece)
    ranked = np.sort(np.concatenate(mine))
    twice = np.unique(ranked[1:][(ranked[1:] == ranked[:-1]) & (ranked[1:] != _MISSING)])
    if not len(twice):
        return np.zeros(0, np.int64)
    found = []
    for first in range(0, len(words), _PART):
        piece = np.asarray(words[first : first + _PART])
        found.append(np.flatnonzero(np.isin(piece, twice)) + first)
    rows = np.concatenate(found)
    _, firsts = np.unique(words[rows], return_index=True)
    return np.delete(rows, firsts)
