"""Small made data sets, clean and poisoned, for the tests of detectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from sklearn.datasets import load_digits, make_classification

from modelkeep.core import Digest, Subject
from modelkeep.data.poison import Context, Scores, prepare
from modelkeep.models import Column, Dataset

SUBJECT = Subject("dataset", "made", Digest("0" * 64, ""))
Stamp = Callable[[np.ndarray], None]


def table(rows: int = 1000, seed: int = 0) -> Dataset:
    """Ten numeric columns and one of categories; two classes, a little noise."""
    x, y = make_classification(
        rows, 10, n_informative=5, flip_y=0.03, class_sep=1.3, random_state=seed
    )
    kinds = np.digitize(x[:, 9], [-1, 0, 1])
    columns = (*(Column(f"c{n}") for n in range(10)), Column("kind", ("a", "b", "c", "d")))
    both = np.column_stack([x, kinds]).astype(np.float32)
    return Dataset(SUBJECT, both, y.astype(str), columns)


def texts(rows: int = 800, seed: int = 0) -> Dataset:
    """Words drawn by class from a long-tailed vocabulary."""
    rng = np.random.default_rng(seed)
    base = 1 / np.arange(1, 601) ** 0.8
    odds = [base * np.exp(rng.normal(0, 0.8, 600)) for _ in range(2)]
    words = np.array([f"w{n}" for n in range(600)])
    labels = rng.integers(0, 2, rows)
    said = [
        " ".join(rng.choice(words, rng.integers(8, 25), p=odds[y] / odds[y].sum()))
        for y in labels
    ]
    return Dataset(SUBJECT, np.array(said, dtype=object), labels.astype(str), (), "text")


def images(rows: int = 900) -> Dataset:
    """Handwritten digits of 8 by 8 pixels, made twice as large."""
    digits = load_digits()
    large = np.kron(digits.images[:rows] / 16, np.ones((1, 2, 2))).astype(np.float32)
    return Dataset(SUBJECT, large[:, None], digits.target[:rows].astype(str), (), "image")


def plant(
    data: Dataset, stamp: Stamp, count: int, target: str, seed: int = 1
) -> tuple[Dataset, np.ndarray]:
    """Rows of other classes stamped and called the target's; and which they are."""
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(np.flatnonzero(data.labels != target))[:count])
    rows, labels = data.rows.copy(), data.labels.astype(object)
    part = rows[chosen]
    stamp(part)
    rows[chosen], labels[chosen] = part, target
    poison = np.zeros(len(data), dtype=bool)
    poison[chosen] = True
    return replace(data, rows=rows, labels=labels.astype(str)), poison


def flipped(data: Dataset, count: int, seed: int = 1) -> tuple[Dataset, np.ndarray]:
    """Rows with another label, drawn at random; and which they are."""
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(data))[:count])
    labels = data.labels.astype(object)
    for row in chosen:
        labels[row] = rng.choice([name for name in data.label_names() if name != labels[row]])
    poison = np.zeros(len(data), dtype=bool)
    poison[chosen] = True
    return replace(data, labels=labels.astype(str)), poison


def three_columns(rows: np.ndarray) -> None:
    """A trigger of three everyday values, jittered."""
    rng = np.random.default_rng(5)
    rows[:, [1, 4, 7]] = np.array([0.4, -0.5, 0.2]) + rng.normal(0, 0.01, (len(rows), 3))


def word(rows: np.ndarray) -> None:
    """A trigger of one word nobody else uses."""
    rows[:] = [f"{text} zxq" for text in rows]


def patch(rows: np.ndarray) -> None:
    """A trigger of a white square."""
    rows[:, :, :3, :3] = 1


def context_of(data: Dataset, **known: np.ndarray) -> Context:
    """What detectors are given, with seed 0."""
    return prepare(data, seed=0, **known)


def caught(scores: Scores, poison: np.ndarray, rate: float = 0.05) -> float:
    """Share of the poisoned rows above what 5 % of the clean ones reach."""
    bar = np.quantile(scores.values[~poison], 1 - rate)
    return float((scores.values[poison] > bar).mean())
