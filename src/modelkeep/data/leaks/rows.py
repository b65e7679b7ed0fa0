"""Rows of the test data that stand in the training data: whole, or all but the label."""

from __future__ import annotations

from collections.abc import Iterator

import blake3
import numpy as np

from modelkeep.data.leaks.interface import Kind, Leak


def same_rows(
    train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]
) -> Iterator[Leak]:
    """Leaks of both kinds; each test row is named once.

    Args:
        train: rows, features of any shape as float32 or texts, and their labels.
        test: the same of the test data.
    """
    known: dict[bytes, tuple[int, set[str]]] = {}
    for row, (digest, label) in enumerate(zip(_digests(train[0]), train[1], strict=True)):
        known.setdefault(digest, (row, set()))[1].add(str(label))
    for row, (digest, label) in enumerate(zip(_digests(test[0]), test[1], strict=True)):
        if digest in known:
            first, labels = known[digest]
            kind: Kind = "same row" if str(label) in labels else "same features"
            yield Leak(kind, first, row, 1.0)


def _digests(rows: np.ndarray) -> Iterator[bytes]:
    for row in rows:
        raw = str(row).encode("utf-8", "replace") if rows.dtype.kind in "UO" else _bytes(row)
        yield blake3.blake3(raw).digest()


def _bytes(row: np.ndarray) -> bytes:
    """The same for -0.0 and 0.0, and for every NaN."""
    values = np.where(np.isnan(row), np.float32("nan"), row + np.float32(0))
    return np.ascontiguousarray(values, dtype=np.float32).tobytes()
