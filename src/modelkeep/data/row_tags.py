"""Keyed 64-bit tags of rows: they point at a row, they prove nothing.

A tag is a keyed hash of the row's cells: each cell is multiplied, folded and multiplied
again by weights of its column, the words are summed and the sum is finished. The weights
come from keyed BLAKE3 over the column's name, so nobody without the key can aim for equal
tags; what proves is the BLAKE3 digest of the block. Without the fold two flipped signs in
one row would cancel. Texts are read eight bytes at a time.

Source: Lemire and Kaser, Strongly Universal String Hashing is Fast (2014), multilinear
hashing; MurmurHash3's 64-bit finaliser (public domain).
"""

from __future__ import annotations

from typing import Final

import blake3
import numpy as np

from modelkeep.data.canonical import digest_column, type_name
from modelkeep.data.cells import Block, Cells
from modelkeep.models.extras import need

_WORD: Final = 8  # bytes
_POSITIONS: Final = 64  # words of a text; longer ones are hashed one by one
_FIRST: Final = np.uint64(0xFF51AFD7ED558CCD)
_SECOND: Final = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT: Final = np.uint64(33)
_HALF: Final = np.uint64(32)
_ONE: Final = np.uint64(1)
_MASKS: Final = np.array([(1 << (8 * count)) - 1 for count in range(_WORD + 1)], np.uint64)


class Tagger:
    """Tags rows of one file under one key (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._weights: dict[str, np.ndarray] = {}

    def words(self, name: str, cells: Cells) -> np.ndarray:
        """A word per cell, shape ``(rows,)``, uint64; a missing cell has its own.

        Cells of fixed width have different words if they differ.
        """
        weights = self._of(name)
        if cells.vocabulary is not None:
            words: np.ndarray = self.words(name, cells.vocabulary)[cells.codes]
        else:
            words = _mixed(self._raw(cells, weights), weights[0], weights[1])
        if cells.missing is not None:
            words[cells.missing] = weights[2]
        return words

    def tags(self, block: Block) -> np.ndarray:
        """A tag per row, shape ``(rows,)``, uint64."""
        pairs = zip(block.names, block.cells, strict=True)
        return tag_rows(block, [self.words(name, cells) for name, cells in pairs])

    def _of(self, name: str) -> np.ndarray:
        found = self._weights.get(name)
        if found is None:
            text = blake3.blake3(name.encode("utf-8", "surrogatepass"), key=self._key)
            found = np.frombuffer(text.digest(8 * (_POSITIONS + 4)), "<u8") | _ONE
            self._weights[name] = found
        return found

    def _raw(self, cells: Cells, weights: np.ndarray) -> np.ndarray:
        types = need("pyarrow.types", "sealing a table")
        array = cells.plain
        kind = array.type
        if types.is_null(kind):
            return np.zeros(len(array), np.uint64)
        if cells.is_text:
            return self._text_words(cells, weights)
        if types.is_nested(kind) or types.is_decimal(kind):
            digests = [digest_column(Cells(array.slice(n, 1))) for n in range(len(array))]
            return np.array([int(digest[:16], 16) for digest in digests], np.uint64)
        values = np.ascontiguousarray(cells.numbers)
        if values.dtype.itemsize == _WORD:
            return values.view(np.uint64)
        width = {1: np.uint8, 2: np.uint16, 4: np.uint32}[values.dtype.itemsize]
        return values.view(width).astype(np.uint64)

    def _text_words(self, cells: Cells, weights: np.ndarray) -> np.ndarray:
        starts, data = cells.texts
        lengths = np.diff(starts)
        words: np.ndarray = lengths.astype(np.uint64) * weights[3]
        padded = np.concatenate([data, np.zeros(_WORD, np.uint8)])
        every = np.ndarray((len(data) + 1,), "<u8", padded, strides=(1,))  # at each byte
        rows = np.flatnonzero((lengths > 0) & (lengths <= _POSITIONS * _WORD))
        for position in range(_POSITIONS):
            if not len(rows):
                break
            rest = lengths[rows] - _WORD * position
            part = every[starts[rows] + _WORD * position] & _MASKS[np.minimum(rest, _WORD)]
            words[rows] += _mixed(part, weights[0], weights[4 + position])
            rows = rows[rest > _WORD]
        for row in np.flatnonzero(lengths > _POSITIONS * _WORD).tolist():
            text = data[starts[row] : starts[row + 1]].tobytes()
            words[row] = int.from_bytes(blake3.blake3(text, key=self._key).digest(8), "little")
        return words


def _mixed(words: np.ndarray, first: np.uint64, second: np.uint64) -> np.ndarray:
    """Multiply, fold and multiply: one to one for odd weights, and spread over the word."""
    mixed: np.ndarray = words * first
    mixed ^= mixed >> _HALF
    mixed *= second
    return mixed


def finish(words: np.ndarray) -> np.ndarray:
    """Spread every bit over the whole word."""
    mixed: np.ndarray = words ^ (words >> _SHIFT)
    mixed *= _FIRST
    mixed ^= mixed >> _SHIFT
    mixed *= _SECOND
    mixed ^= mixed >> _SHIFT
    return mixed


def tag_rows(block: Block, words: list[np.ndarray]) -> np.ndarray:
    """A tag per row from its cells' words, shape ``(rows,)``, uint64 little-endian."""
    total = np.zeros(block.rows, np.uint64)
    for column in words:
        total += column
    return finish(total).astype("<u8", copy=False)


def types_of(block: Block) -> list[str]:
    """Canonical type of each column."""
    return [type_name(cells.plain.type) for cells in block.cells]
