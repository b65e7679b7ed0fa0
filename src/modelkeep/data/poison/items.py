"""Everything simple that can be said of a row, as one sparse table of yes and no.

A trigger is a few such items together. Numbers are cut where the data has its
quantiles, at several widths and twice, half a bin apart, so that a value that is
jittered falls whole into some bin; values that occur often are items of their own, and
so are the ends of each column, where a value out of the usual range lies.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import sparse

from modelkeep.data.poison.patterns import Character, Phrase, Pixel, Range, Term
from modelkeep.data.poison.views import WORDS, blocks_of
from modelkeep.models import Dataset

_WIDTHS: Final = (8, 32, 128)  # bins a column is cut into
_ENDS: Final = (8, 16, 32, 64)  # rows at either end of a column
_OFTEN: Final = 150  # values of a column that are items of their own
_GRAMS: Final = 4  # words in a phrase
_SHADES: Final = 6  # of a pixel
_COMMON: Final = 0.3  # an item of more of the images is background
_MOST_PHRASES: Final = 60_000
_EPSILON: Final = 1e-6  # what belongs to the next shade


@dataclass(frozen=True, slots=True)
class Items:
    """Which items hold for which rows.

    Attributes:
        terms: the items.
        parts: the part (column, block) an item looks at; -1 for texts.
        table: sparse by item, shape ``(n, items)``, ones where the item holds.
        by_row: the same, sparse by row.
    """

    terms: tuple[Term, ...]
    parts: np.ndarray
    table: Any
    by_row: Any

    def rows_of(self, item: int) -> np.ndarray:
        """Rows for which an item holds, ascending."""
        return np.asarray(
            self.table.indices[self.table.indptr[item] : self.table.indptr[item + 1]]
        )


def list_items(data: Dataset, least: int) -> Items:
    """Items that hold for at least ``least`` rows and not for all."""
    found = {"tabular": _of_table, "text": _of_texts, "image": _of_images}[data.kind]
    terms, parts, rows = [], [], []
    for term, part, holds in found(data, least):
        terms.append(term)
        parts.append(part)
        rows.append(holds)
    pointers = np.concatenate([[0], np.cumsum([len(holds) for holds in rows])])
    indices = np.concatenate(rows) if rows else np.empty(0, dtype=int)
    table = sparse.csc_matrix(
        (np.ones(len(indices), dtype=np.float32), indices, pointers),
        shape=(len(data), len(terms)),
    )
    return Items(tuple(terms), np.array(parts, dtype=int), table, table.tocsr())


Found = Iterator[tuple[Term, int, np.ndarray]]


def _of_table(data: Dataset, least: int) -> Found:
    for index, column in enumerate(data.columns):
        values = data.rows[:, index]
        seen: set[bytes] = set()
        ranges = _values(values, least) if column.categories else _ranges(values, least)
        for low, high in ranges:
            holds = np.flatnonzero((values >= low) & (values <= high))
            key = holds.tobytes()
            if least <= len(holds) < len(values) and key not in seen:
                seen.add(key)
                yield Range(index, float(low), float(high)), index, holds


def _values(values: np.ndarray, least: int) -> Iterator[tuple[float, float]]:
    kinds, counts = np.unique(values, return_counts=True)
    often = np.argsort(-counts, kind="stable")[:_OFTEN]
    for value in kinds[often[counts[often] >= least]]:
        yield value, value


def _ranges(values: np.ndarray, least: int) -> Iterator[tuple[float, float]]:
    yield from _values(values, least)
    ordered = np.sort(values)
    count = len(ordered)
    for bins in _WIDTHS:
        size = count / bins
        if 2 * size < least:
            break
        for shift in (0.0, 0.5):
            edges = np.arange(shift, bins, 1.0) * size
            for first in edges.astype(int):
                yield ordered[first], ordered[min(int(first + size), count - 1)]
    for rows in _ENDS:
        if rows < count:
            yield ordered[0], ordered[rows - 1]
            yield ordered[-rows], ordered[-1]


def _of_texts(data: Dataset, least: int) -> Found:
    holding: dict[tuple[str, ...], list[int]] = defaultdict(list)
    letters: dict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(data.rows):
        words = re.findall(WORDS, text)
        grams = {
            tuple(words[first : first + size])
            for size in range(1, _GRAMS + 1)
            for first in range(len(words) - size + 1)
        }
        for gram in sorted(grams):
            holding[gram].append(row)
        for letter in set(text):
            letters[letter].append(row)
    sizes = Counter({gram: len(rows) for gram, rows in holding.items() if len(rows) >= least})
    for gram, size in sizes.most_common(_MOST_PHRASES):
        if size < len(data):
            yield Phrase(gram), -1, np.array(holding[gram])
    for letter in sorted(letters):
        if least <= len(letters[letter]) < len(data) and not letter.isspace():
            yield Character(letter), -1, np.array(letters[letter])


def _of_images(data: Dataset, least: int) -> Found:
    channels, height, width = data.rows.shape[1:]
    blocks = blocks_of(height, width)
    edges = np.linspace(0, 1, _SHADES + 1)
    for channel, down, across in np.ndindex(channels, height, width):
        values = data.rows[:, channel, down, across]
        shades = np.minimum((values * _SHADES).astype(int), _SHADES - 1)
        for shade in range(_SHADES):
            holds = np.flatnonzero(shades == shade)
            if least <= len(holds) <= _COMMON * len(data):
                low, high = float(edges[shade]), float(edges[shade + 1])
                high = 1.0 if shade == _SHADES - 1 else high - _EPSILON
                term = Pixel(channel, down, across, low, high)
                yield term, int(blocks[down, across]), holds
