"""Attacks of a run's own, each planted on a copy of the rows, for ``probes``.

A plant is ``plant(data, rng, share) -> Planted``: it changes about a share of the rows, ten
at least, and says which. The data given is not touched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from modelkeep.data.poison.neighbours import nearest
from modelkeep.data.poison.views import encode_rows
from modelkeep.models import Dataset

_LEAST: Final = 10  # rows
_NOISE: Final = 0.02  # of near copies, in deviations of a column or of [0, 1]
_WIDTH: Final = 200
_NEAR: Final = 15


@dataclass(frozen=True, slots=True)
class Planted:
    """A copy with an attack: ``rows`` says which rows were planted."""

    data: Dataset
    rows: np.ndarray


Plant = Callable[[Dataset, np.random.Generator, float], Planted]


def _count(data: Dataset, share: float) -> int:
    return max(_LEAST, round(share * len(data)))


def _chosen(
    data: Dataset, rng: np.random.Generator, share: float, target: str = ""
) -> np.ndarray:
    count = _count(data, share)
    able = np.flatnonzero(data.labels != target)
    return np.sort(rng.permutation(able)[:count])


def _target(data: Dataset, rng: np.random.Generator) -> str:
    return str(rng.choice(np.array(data.label_names(), dtype=object)))


def _relabelled(
    data: Dataset, rows: np.ndarray, chosen: np.ndarray, label: str | list[str]
) -> Planted:
    labels = data.labels.astype(object)
    labels[chosen] = label
    names = data.label_names()
    return Planted(replace(data, rows=rows, labels=labels.astype(str), names=names), chosen)


def flips(data: Dataset, rng: np.random.Generator, share: float) -> Planted:
    """Labels drawn at random."""
    chosen = _chosen(data, rng, share)
    names = data.label_names()
    labels = [
        str(rng.choice(np.array([name for name in names if name != data.labels[row]])))
        for row in chosen
    ]
    return _relabelled(data, data.rows, chosen, labels)


def copies(data: Dataset, rng: np.random.Generator, share: float) -> Planted:
    """Rows replaced by near copies of two rows, under one label."""
    target = _target(data, rng)
    chosen = _chosen(data, rng, share, target)
    rows = data.rows.copy()
    rows[chosen] = data.rows[rng.choice(chosen[:2], len(chosen))]
    if data.kind == "text":
        rows[chosen] = [_without_a_word(text, rng) for text in rows[chosen]]
    elif data.kind == "image":
        noise = rng.normal(0, _NOISE, rows[chosen].shape)
        rows[chosen] = np.clip(rows[chosen] + noise, 0, 1)
    else:
        spread = data.rows.std(axis=0) * data.numeric
        rows[chosen] += (rng.normal(0, _NOISE, rows[chosen].shape) * spread).astype(rows.dtype)
    return _relabelled(data, rows, chosen, target)


def _without_a_word(text: str, rng: np.random.Generator) -> str:
    words = text.split()
    if len(words) > 1:
        words.pop(int(rng.integers(len(words))))
    return " ".join(words)


def strange(data: Dataset, rng: np.random.Generator, share: float) -> Planted:
    """Values from both ends of every column, letters or noise."""
    chosen = _chosen(data, rng, share)
    rows = data.rows.copy()
    if data.kind == "text":
        letters = np.array(list("bcdfghjklmnpqrstvwxz0123456789#%"))
        rows[chosen] = ["".join(rng.choice(letters, 60)) for _ in chosen]
    elif data.kind == "image":
        rows[chosen] = rng.random(rows[chosen].shape, dtype=np.float32)
    else:
        low, high = data.rows.min(axis=0), data.rows.max(axis=0)
        rows[chosen] = np.where(rng.random(rows[chosen].shape) < 0.5, low, high)  # noqa: PLR2004
    return Planted(replace(data, rows=rows), chosen)


def in_range(data: Dataset, rng: np.random.Generator, share: float) -> Planted:
    """Two everyday values that rarely meet."""
    target = _target(data, rng)
    chosen = _chosen(data, rng, share, target)
    rows = data.rows.copy()
    varied = [i for i in range(rows.shape[1]) if len(np.unique(rows[:, i])) > 1]
    for column in rng.permutation(varied)[:2]:
        rows[chosen, column] = rng.choice(rows[:, column])
    return _relabelled(data, rows, chosen, target)


def out_of_range(data: Dataset, rng: np.random.Generator, share: float) -> Planted:
    """One number above all that occur."""
    target = _target(data, rng)
    chosen = _chosen(data, rng, share, target)
    rows = data.rows.copy()
    numeric = np.flatnonzero(data.numeric)
    if not len(numeric):
        return in_range(data, rng, share)
    column = int(rng.choice(numeric))
    top = float(rows[:, column].max())
    spread = float(rows[:, column].std()) + 1.0
    rows[chosen, column] = top + spread * (1 + 0.1 * rng.random(len(chosen)))
    return _relabelled(data, rows, chosen, target)


def phrase(words: str) -> Plant:
    """Words at the end of texts."""

    def plant(data: Dataset, rng: np.random.Generator, share: float) -> Planted:
        target = _target(data, rng)
        chosen = _chosen(data, rng, share, target)
        rows = data.rows.copy()
        rows[chosen] = [f"{text} {words}" for text in rows[chosen]]
        return _relabelled(data, rows, chosen, target)

    return plant


def patch(data: Dataset, rng: np.random.Generator, share: float) -> Planted:
    """A white square somewhere."""
    target = _target(data, rng)
    chosen = _chosen(data, rng, share, target)
    rows = data.rows.copy()
    height, width = rows.shape[2:]
    down, across = int(rng.integers(height - 3)), int(rng.integers(width - 3))
    rows[chosen, :, down : down + 3, across : across + 3] = 1
    return _relabelled(data, rows, chosen, target)


def own_patch(data: Dataset, rng: np.random.Generator, share: float) -> Planted:
    """A patch on rows of one class that keep their label: nothing contradicts it."""
    chosen = _own(data, rng, share)
    rows = data.rows.copy()
    rows[chosen, :, -3:, -3:] = 1
    return Planted(replace(data, rows=rows), chosen)


def own_wave(data: Dataset, rng: np.random.Generator, share: float) -> Planted:
    """A faint wave on rows of one class that keep their label."""
    chosen = _own(data, rng, share)
    rows = data.rows.copy()
    height = rows.shape[2]
    wave = 0.1 * np.sin(2 * np.pi * 5 * np.arange(height) / height)
    rows[chosen] = np.clip(rows[chosen] + wave[:, None], 0, 1)
    return Planted(replace(data, rows=rows), chosen)


def _own(data: Dataset, rng: np.random.Generator, share: float) -> np.ndarray:
    """Rows of one class, at most half of it."""
    own = np.flatnonzero(data.labels == _target(data, rng))
    return np.sort(rng.permutation(own)[: min(_count(data, share), max(1, len(own) // 2))])


def bent(data: Dataset, rng: np.random.Generator, share: float) -> Planted:
    """Images bent by one smooth field."""
    target = _target(data, rng)
    chosen = _chosen(data, rng, share, target)
    rows = data.rows.copy()
    height, width = rows.shape[2:]
    down, across = np.mgrid[:height, :width]
    bend = np.rint(height / 16 * np.sin(2 * np.pi * across / width)).astype(int)
    rows[chosen] = rows[chosen][:, :, np.clip(down + bend, 0, height - 1), across]
    return _relabelled(data, rows, chosen, target)


def boundary_flips(data: Dataset, rng: np.random.Generator, share: float) -> Planted:
    """Flips of rows on which the nearest rows disagree most: hardly told from noise."""
    features = encode_rows(data, seed=0, width=_WIDTH)
    places, _ = nearest(features, _NEAR)
    names = data.label_names()
    votes = np.eye(len(names))[data.class_indices(names)][places].mean(axis=1)
    ordered = np.sort(votes, axis=1)
    count = _count(data, share)
    closest = np.argsort(ordered[:, -1] - ordered[:, -2], kind="stable")[: 2 * count]
    chosen = np.sort(rng.permutation(closest)[:count])
    best = np.argsort(-votes[chosen], axis=1, kind="stable")
    labels = [
        names[first] if names[first] != data.labels[row] else names[second]
        for row, (first, second) in zip(chosen, best[:, :2], strict=True)
    ]
    return _relabelled(data, data.rows, chosen, labels)


def neighbourhood(data: Dataset, rng: np.random.Generator, share: float) -> Planted:
    """All rows of other labels near one row, relabelled together."""
    target = _target(data, rng)
    others = np.flatnonzero(data.labels != target)
    features = encode_rows(data, seed=0, width=_WIDTH)
    apart = np.square(features[others] - features[rng.choice(others)]).sum(axis=1)
    chosen = np.sort(others[np.argsort(apart, kind="stable")[: _count(data, share)]])
    return _relabelled(data, data.rows, chosen, target)


def overlay(data: Dataset, rng: np.random.Generator, share: float) -> Planted:
    """Faint noise, the same on every image."""
    target = _target(data, rng)
    chosen = _chosen(data, rng, share, target)
    rows = data.rows.copy()
    over = rng.random(rows.shape[1:], dtype=np.float32)
    rows[chosen] = 0.85 * rows[chosen] + np.float32(0.15) * over
    return _relabelled(data, rows, chosen, target)
