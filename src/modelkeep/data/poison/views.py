"""Rows as numbers, whole or with some of what they hold hidden.

A *part* is what a view can hide: a column of a table, a token of a text, a block of an
image. A model of a view that hides a trigger's parts knows the rows by everything else
and says what they really are.

Source: Rahimi and Recht, "Random features for large-scale kernel machines", NIPS 2007.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from modelkeep.models import Dataset, need

WORDS: Final = r"\w+|[^\w\s]+"
BLOCKS: Final = 7  # an image is cut into this many blocks a side
_WIDTH: Final = 600
_VOCABULARY: Final = 1500


def encode_rows(
    data: Dataset, *, seed: int, shown: np.ndarray | None = None, width: int = _WIDTH
) -> np.ndarray:
    """Features of unit length, float32, shape ``(n, d)``.

    Args:
        data: a table, images or texts.
        seed: seed of the random features.
        shown: which parts to look at, boolean; all by default. Texts are shown whole.
        width: how many random features.
    """
    if data.kind == "text":
        return encode_texts(data.rows)
    return _random_features(plain_rows(data, shown), seed, width)


def plain_rows(data: Dataset, shown: np.ndarray | None = None) -> np.ndarray:
    """The numbers of a table or the pixels of images that are shown, ``(n, d)``."""
    return encode_table(data, shown) if data.kind == "tabular" else _pixels(data, shown)


def parts_of(data: Dataset) -> int:
    """How many parts the rows of a table or of images have."""
    return len(data.columns) if data.kind == "tabular" else BLOCKS * BLOCKS


def blocks_of(height: int, width: int) -> np.ndarray:
    """The block of each pixel, shape ``(height, width)``."""
    down = np.arange(height) * BLOCKS // height
    across = np.arange(width) * BLOCKS // width
    return down[:, None] * BLOCKS + across[None]


def encode_table(data: Dataset, shown: np.ndarray | None = None) -> np.ndarray:
    """Ranks of numbers in [-1, 1] and one-hot categories, shape ``(n, d)``.

    Ranks: one huge value must not make all the others look alike.
    """
    columns = []
    for index, column in enumerate(data.columns):
        if shown is not None and not shown[index]:
            continue
        values = data.rows[:, index]
        if column.categories:
            columns.append(np.eye(len(column.categories), dtype=np.float32)[values.astype(int)])
        else:
            columns.append(_ranked(values)[:, None])
    found = np.concatenate(columns, axis=1)
    varied = found.std(axis=0) > 0
    return np.asarray(found[:, varied] if varied.any() else found)


def _ranked(values: np.ndarray) -> np.ndarray:
    """Mid-ranks, so that equal values stay equal."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    return np.asarray(2 * middle[places] / len(values) - 1, dtype=np.float32)


def _pixels(data: Dataset, shown: np.ndarray | None) -> np.ndarray:
    height, width = data.rows.shape[2:]
    flat = data.rows.reshape(len(data), -1)
    if shown is not None:
        seen = np.broadcast_to(shown[blocks_of(height, width)], data.rows.shape[1:])
        flat = flat[:, seen.ravel()]
    spread = flat.std(axis=0)
    flat = flat[:, spread > 0] if (spread > 0).any() else flat
    return np.asarray(flat - flat.mean(axis=0))


def _random_features(plain: np.ndarray, seed: int, width: int) -> np.ndarray:
    """Random Fourier features of a Gaussian kernel as wide as the rows lie apart."""
    rng = np.random.default_rng(seed)
    some = plain[rng.permutation(len(plain))[:300]].astype(np.float64)
    squares = np.square(some).sum(axis=1)
    apart = squares[:, None] + squares[None] - 2 * some @ some.T
    scale = np.sqrt(max(float(np.median(apart)) / 2, 1e-6))
    waves = rng.normal(size=(plain.shape[1], width // 2)).astype(np.float32) / scale
    angles = plain.astype(np.float32) @ waves
    found = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    return np.asarray(found / np.sqrt(width / 2), dtype=np.float32)


def encode_texts(texts: np.ndarray) -> np.ndarray:
    """TF-IDF of the words found in most texts, dense, float32, ``(n, at most 1500)``."""
    words = _vectorizer()
    try:
        return np.asarray(words.fit_transform(texts).toarray())
    except ValueError:  # not one word in any text
        return np.ones((len(texts), 1), dtype=np.float32)


def vocabulary(texts: np.ndarray) -> dict[str, int]:
    """Column of each word, in lower case, that ``encode_texts`` gives one."""
    words = _vectorizer()
    try:
        return dict(words.fit(texts).vocabulary_)
    except ValueError:  # not one word in any text
        return {}


def _vectorizer() -> Any:  # noqa: ANN401 - scikit-learn has no types
    text = need("sklearn.feature_extraction.text", "reading texts")
    return text.TfidfVectorizer(
        token_pattern=WORDS, max_features=_VOCABULARY, sublinear_tf=True, dtype=np.float32
    )
