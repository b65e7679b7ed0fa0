"""What a row looks like from afar, as named columns: for detectors of outliers.

A table's columns are named already. Of a text: its length, its letters, how rare its
words are. Of an image: brightness, contrast, fine detail, and how badly the main
directions of all images draw it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

import numpy as np

from modelkeep.data.poison.clusters import directions
from modelkeep.data.poison.views import WORDS
from modelkeep.models import Dataset

_DIRECTIONS: Final = 20


def columns_of(data: Dataset, features: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Names and values, shape ``(n, columns)``, float64.

    Args:
        data: the rows.
        features: what stands for them, ``(n, d)``.
    """
    if data.kind == "tabular":
        return tuple(column.name for column in data.columns), _tabular(data)
    if data.kind == "text":
        return _TEXT, _textual(data.rows)
    return _of_images(data, features)


def _tabular(data: Dataset) -> np.ndarray:
    """Categories stand as how rare they are."""
    values = data.rows.astype(np.float64)
    for index, column in enumerate(data.columns):
        if column.categories:
            codes = data.rows[:, index].astype(int)
            values[:, index] = -np.log(np.bincount(codes)[codes] / len(data))
    return values


_TEXT: Final = (
    "characters",
    "words",
    "letters a word",
    "share of letters",
    "share of capitals",
    "share of digits",
    "rarity of words",
    "share of words found nowhere else",
    "share of words repeated",
)


def _textual(texts: np.ndarray) -> np.ndarray:
    split = [re.findall(WORDS, text.lower()) for text in texts]
    texts_with = Counter(word for words in split for word in set(words))
    found = []
    for text, words in zip(texts, split, strict=True):
        length, count = max(len(text), 1), max(len(words), 1)
        rarity = [np.log(len(texts) / texts_with[word]) for word in words]
        found.append(
            [
                np.log1p(len(text)),
                np.log1p(len(words)),
                sum(map(len, words)) / count,
                sum(map(str.isalpha, text)) / length,
                sum(map(str.isupper, text)) / length,
                sum(map(str.isdigit, text)) / length,
                float(np.mean(rarity)) if rarity else 0.0,
                sum(texts_with[word] == 1 for word in words) / count,
                1 - len(set(words)) / count,
            ]
        )
    return np.array(found, dtype=np.float64)


_IMAGE: Final = ("brightness", "contrast", "fine detail", "not drawn by main directions")


def _of_images(data: Dataset, features: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    rows = data.rows.astype(np.float64)
    axes = (1, 2, 3)
    fine = np.abs(np.diff(rows, axis=2)).mean(axis=axes) + np.abs(np.diff(rows, axis=3)).mean(
        axis=axes
    )
    flat = rows.reshape(len(rows), -1)
    flat = flat - flat.mean(axis=0)
    drawn = directions(flat, _DIRECTIONS)
    left = np.square(flat).sum(axis=1) - np.square(drawn).sum(axis=1)
    main = directions(features, _DIRECTIONS // 2)
    names = _IMAGE + tuple(f"direction {index + 1}" for index in range(main.shape[1]))
    columns = [rows.mean(axis=axes), rows.std(axis=axes), fine, left, *main.T]
    return names, np.stack(columns, axis=1)
