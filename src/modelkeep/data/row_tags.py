"""Keyed 64-bit tags of rows: they point at a row, they prove nothing.

A tag is a keyed linear hash of the row's cells with a finaliser. The weights come from
keyed BLAKE3 over the column's name, so nobody without the key can aim for equal tags;
what proves is the BLAKE3 digest of the block. Each cell is folded first, or two flipped
signs in one row would cancel.

Source: Lemire and Kaser, Strongly Universal String Hashing is Fast (2014), multilinear
hashing; MurmurHash3's 64-bit finaliser (public domain).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import blake3
import numpy as np

from modelkeep.data.canonical import digest_column, numbers, plain, text_parts, type_name
from modelkeep.data.interface import Arrow, Block
from modelkeep.models.extras import need

_POSITIONS: Final = 512  # longer texts are hashed one by one
_FIRST: Final = np.uint64(0xFF51AFD7ED558CCD)
_SECOND: Final = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT: Final = np.uint64(33)
_HALF: Final = np.uint64(32)


class Tagger:
    """Tags rows of one file under one key (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._weights: dict[str, np.ndarray] = {}

    def cells(self, name: str, array: Arrow) -> np.ndarray:
        """A word per cell, shape ``(rows,)``, uint64; a missing cell has its own."""
        weights = self._of(name)
        found = self._words(plain(array), weights)
        words: np.ndarray = found ^ (found >> _HALF)
        words *= weights[0] | np.uint64(1)
        if array.null_count:
            missing = array.is_null().to_numpy(zero_copy_only=False)
            words[missing] = weights[1]
        return words

    def _of(self, name: str) -> np.ndarray:
        found = self._weights.get(name)
        if found is None:
            text = blake3.blake3(name.encode("utf-8", "surrogatepass"), key=self._key)
            found = np.frombuffer(text.digest(8 * (_POSITIONS + 3)), "<u8")
            self._weights[name] = found
        return found

    def _words(self, array: Arrow, weights: np.ndarray) -> np.ndarray:
        types = need("pyarrow.types", "sealing a table")
        kind = array.type
        if types.is_null(kind):
            return np.zeros(len(array), np.uint64)
        if types.is_large_string(kind) or types.is_large_binary(kind):
            return self._text_words(array, weights)
        if types.is_nested(kind) or types.is_decimal(kind):
            digests = [digest_column(array.slice(row, 1)) for row in range(len(array))]
            return np.array([int(digest[:16], 16) for digest in digests], np.uint64)
        values = np.ascontiguousarray(numbers(array))
        if values.dtype.itemsize == 8:  # noqa: PLR2004 - a whole word
            return values.view(np.uint64)
        width = {1: np.uint8, 2: np.uint16, 4: np.uint32}[values.dtype.itemsize]
        return values.view(width).astype(np.uint64)

    def _text_words(self, array: Arrow, weights: np.ndarray) -> np.ndarray:
        starts, data = text_parts(array)
        lengths = np.diff(starts)
        if len(lengths) and lengths.max() > _POSITIONS:
            raw = data.tobytes()
            return np.array(
                [
                    int.from_bytes(
                        blake3.blake3(raw[first:last], key=self._key).digest(8), "little"
                    )
                    for first, last in pairwise(starts.tolist())
                ],
                np.uint64,
            )
        place = np.arange(len(data)) - np.repeat(starts[:-1], lengths)
        weighted = weights[3:][place] * (data.astype(np.uint64) + np.uint64(1))
        sums = np.zeros(len(data) + 1, np.uint64)
        np.cumsum(weighted, out=sums[1:])
        words: np.ndarray = sums[starts[1:]] - sums[starts[:-1]]
        return words


def finish(words: np.ndarray) -> np.ndarray:
    """Spread every bit over the whole word."""
    mixed: np.ndarray = words ^ (words >> _SHIFT)
    mixed *= _FIRST
    mixed ^= mixed >> _SHIFT
    mixed *= _SECOND
    mixed ^= mixed >> _SHIFT
    return mixed


def tag_rows(block: Block, cells: list[np.ndarray]) -> np.ndarray:
    """A tag per row from its cells' words, shape ``(rows,)``, uint64 little-endian."""
    total = np.zeros(block.rows, np.uint64)
    for words in cells:
        total += words
    return finish(total).astype("<u8")


def types_of(block: Block) -> list[str]:
    """Canonical type of each column."""
    return [type_name(array.type) for array in block.arrays]
