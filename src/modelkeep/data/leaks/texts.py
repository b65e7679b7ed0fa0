"""Near-duplicates among texts: MinHash finds pairs, their true likeness decides.

A text is the set of its runs of three words. Texts that agree in one band of MinHash values
are compared; what is reported is the Jaccard index itself, so the sketch can miss a pair,
at the threshold about four in ten million, and invents none.

Sources: Broder, "On the resemblance and containment of documents" (1997); Leskovec,
Rajaraman, Ullman, "Mining of Massive Datasets" (3rd ed.), section 3.4, for bands.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import blake3
import numpy as np

from modelkeep.data.leaks.interface import Leak

ALIKE: Final = 0.8
_RUN: Final = 3  # words
_BANDS, _ROWS = 28, 4
_PRIME: Final = (1 << 31) - 1
_MOST_IN_BUCKET: Final = 200
_WORDS: Final = re.compile(r"\w+")


def shingles(text: str) -> frozenset[int]:
    """Hashes of the runs of three words, of a shorter text of all its words."""
    words = _WORDS.findall(text.lower())
    runs = {" ".join(words[n : n + _RUN]) for n in range(max(1, len(words) - _RUN + 1))}
    return frozenset(
        int.from_bytes(blake3.blake3(run.encode("utf-8", "replace")).digest(4), "little")
        % _PRIME
        for run in runs
        if run
    )


def near_texts(train: Sequence[str], test: Sequence[str]) -> Iterator[Leak]:
    """For each test text the most alike training text, if it is at least ``ALIKE``.

    A bucket of very many texts is looked at in its first 200.
    """
    draw = np.random.default_rng(0)
    factors = draw.integers(1, _PRIME, _BANDS * _ROWS, dtype=np.uint64)
    offsets = draw.integers(0, _PRIME, _BANDS * _ROWS, dtype=np.uint64)
    sets = [shingles(text) for text in train]
    buckets: defaultdict[tuple[int, bytes], list[int]] = defaultdict(list)
    for row, held in enumerate(sets):
        for key in _bands(held, factors, offsets):
            if len(buckets[key]) < _MOST_IN_BUCKET:
                buckets[key].append(row)
    for row, text in enumerate(test):
        mine = shingles(text)
        rows = {r for key in _bands(mine, factors, offsets) for r in buckets.get(key, ())}
        best = max(((_jaccard(mine, sets[r]), -r) for r in rows), default=(0.0, 0))
        if best[0] >= ALIKE:
            yield Leak("near text", -best[1], row, best[0])


def _bands(
    held: frozenset[int], factors: np.ndarray, offsets: np.ndarray
) -> Iterator[tuple[int, bytes]]:
    if not held:
        return
    values = np.fromiter(held, np.uint64, len(held))
    least = np.full(len(factors), _PRIME, np.uint64)
    for part in np.array_split(values, -(-len(values) // 1024)):
        hashed = (part[:, None] * factors + offsets) % _PRIME
        least = np.minimum(least, hashed.min(axis=0))
    for band in range(_BANDS):
        yield band, least[band * _ROWS : (band + 1) * _ROWS].tobytes()


def _jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / len(one | other)
