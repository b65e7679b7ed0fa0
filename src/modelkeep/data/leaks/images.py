"""Near-duplicates among images: a hash of the slopes of brightness, 64 bits.

An image scaled, compressed or made brighter keeps nearly all of its bits. Two of up to four
different bits agree in one of five parts whole, so no pair is missed. An image without
slopes says nothing and is left out.

Source: the difference hash (dHash) as described by N. Krawetz, "Kind of Like That" (2013).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import numpy as np

from modelkeep.data.leaks.interface import Leak

MOST_BITS: Final = 4
_BITS: Final = 64
_PLAIN: Final = 6  # so few bits set, or unset: hardly a slope
_SIDE: Final = 8


def hash_images(rows: np.ndarray) -> np.ndarray:
    """Hashes, shape ``(n,)`` of ``uint64``.

    Args:
        rows: shape ``(n, channels, height, width)``, in [0, 1].
    """
    grey = rows.mean(axis=1)
    small = _shrunk(_shrunk(grey, 1, _SIDE), 2, _SIDE + 1)
    bits = (small[:, :, 1:] - small[:, :, :-1] > 1e-3).reshape(len(rows), _BITS)  # noqa: PLR2004
    packed: np.ndarray = np.packbits(bits, axis=1).copy().view(">u8")[:, 0].astype(np.uint64)
    return packed


def _shrunk(images: np.ndarray, axis: int, size: int) -> np.ndarray:
    """Means of ``size`` equal parts of an axis; a short axis is repeated first."""
    length = images.shape[axis]
    if length < size:
        images = np.repeat(images, -(-size // length), axis=axis)
        length = images.shape[axis]
    edges = np.arange(size) * length // size
    counts = np.diff([*edges, length])
    shape = [1, 1, 1]
    shape[axis] = size
    return np.asarray(np.add.reduceat(images, edges, axis=axis) / counts.reshape(shape))


def near_images(train: np.ndarray, test: np.ndarray) -> Iterator[Leak]:
    """For each test image the most alike training image, if at most four bits differ.

    Args:
        train: hashes of the training images, shape ``(n,)``.
        test: hashes of the test images, shape ``(m,)``.
    """
    buckets: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for row, code in enumerate(train.tolist()):
        if _tells(code):
            for key in _parts(code):
                buckets[key].append(row)
    codes = train.tolist()
    for row, code in enumerate(test.tolist()):
        if not _tells(code):
            continue
        rows = {r for key in _parts(code) for r in buckets.get(key, ())}
        best = min((((codes[r] ^ code).bit_count(), r) for r in rows), default=(_BITS, 0))
        if best[0] <= MOST_BITS:
            yield Leak("near image", best[1], row, 1 - best[0] / _BITS)


def _tells(code: int) -> bool:
    return _PLAIN <= code.bit_count() <= _BITS - _PLAIN


def _parts(code: int) -> Iterator[tuple[int, int]]:
    for part in range(MOST_BITS + 1):
        yield part, code >> (13 * part) & 0x1FFF
