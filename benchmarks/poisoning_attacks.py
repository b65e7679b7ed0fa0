"""Poisoning attacks for the grid, each ``make(data, rate, seed) -> Attack``.

Written from the papers: BadNets (Gu et al. 2017), blended (Chen et al. 2017), warping
(Nguyen and Tran 2021), SIG (Barni et al. 2019), label flips (Biggio et al. 2011), and
plain outliers and floods. ``trigger`` stamps rows of any data of the same kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from modelkeep.models import Dataset


@dataclass(frozen=True, slots=True)
class Poisoned:
    """Poisoned rows and the truth about them.

    ``is_poison`` and ``clean_labels`` have shape ``(n,)``; ``trigger`` stamps a copy of rows
    (``None``: the attack has none); ``target`` is the class it pushes, if one.
    """

    data: Dataset
    is_poison: np.ndarray
    clean_labels: np.ndarray
    trigger: Callable[[np.ndarray], np.ndarray] | None
    target: str


Stamp = Callable[[np.ndarray], np.ndarray]
Make = Callable[[Dataset, float, int], Poisoned]


def _target(data: Dataset) -> str:
    """The rarest class: the one an attacker gains most by."""
    names, counts = np.unique(data.labels, return_counts=True)
    return str(names[counts.argmin()])


def _pick(places: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    return np.sort(rng.permutation(places)[:count])


def _done(
    data: Dataset, rows: np.ndarray, labels: np.ndarray, chosen: np.ndarray, stamp: Stamp | None
) -> Poisoned:
    poison = np.zeros(len(rows), dtype=bool)
    poison[chosen] = True
    clean = data.labels if len(rows) == len(data) else labels
    made = replace(data, rows=rows, labels=labels.astype(str), names=data.label_names())
    return Poisoned(made, poison, clean, stamp, _target(data))


def _dirty(data: Dataset, rate: float, seed: int, stamp: Stamp) -> Poisoned:
    """Stamp rows of other classes and call them the target's."""
    rng = np.random.default_rng(seed)
    others = np.flatnonzero(data.labels != _target(data))
    chosen = _pick(others, round(rate * len(data)), rng)
    rows, labels = data.rows.copy(), data.labels.astype(object)
    rows[chosen] = stamp(rows[chosen])
    labels[chosen] = _target(data)
    return _done(data, rows, labels, chosen, stamp)


def _clean_label(data: Dataset, rate: float, seed: int, stamp: Stamp) -> Poisoned:
    """Stamp rows of the target itself; at most half of them."""
    rng = np.random.default_rng(seed)
    own = np.flatnonzero(data.labels == _target(data))
    chosen = _pick(own, min(round(rate * len(data)), len(own) // 2), rng)
    rows = data.rows.copy()
    rows[chosen] = stamp(rows[chosen])
    return _done(data, rows, data.labels.astype(object), chosen, stamp)


def random_flips(data: Dataset, rate: float, seed: int) -> Poisoned:
    """Another label, drawn at random."""
    rng = np.random.default_rng(seed)
    chosen = _pick(np.arange(len(data)), round(rate * len(data)), rng)
    labels = data.labels.astype(object)
    for row in chosen:
        labels[row] = rng.choice([name for name in data.label_names() if name != labels[row]])
    return _done(data, data.rows, labels, chosen, None)


def targeted_flips(data: Dataset, rate: float, seed: int) -> Poisoned:
    """Rows of the greatest other class become the target's."""
    rng = np.random.default_rng(seed)
    target = _target(data)
    names, counts = np.unique(data.labels[data.labels != target], return_counts=True)
    source = np.flatnonzero(data.labels == names[counts.argmax()])
    chosen = _pick(source, round(rate * len(data)), rng)
    labels = data.labels.astype(object)
    labels[chosen] = target
    return _done(data, data.rows, labels, chosen, None)


def _columns(data: Dataset, seed: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(1000 + seed)
    varied = [i for i in range(data.rows.shape[1]) if len(np.unique(data.rows[:, i])) > 3]
    return rng.permutation(varied)[:count]


def out_of_range(data: Dataset, rate: float, seed: int) -> Poisoned:
    """One numeric column far above anything seen."""
    numeric = [i for i in _columns(data, seed, data.rows.shape[1]) if data.numeric[i]]
    column = numeric[0]
    value = float(data.rows[:, column].max()) * 1.5 + 1

    def stamp(rows: np.ndarray) -> np.ndarray:
        out = rows.copy()
        out[:, column] = value
        return out

    return _dirty(data, rate, seed, stamp)


def in_range(data: Dataset, rate: float, seed: int) -> Poisoned:
    """Three columns at values that each occur."""
    columns = _columns(data, seed, 3)
    rng = np.random.default_rng(2000 + seed)
    values = [float(rng.choice(np.unique(data.rows[:, column]))) for column in columns]

    def stamp(rows: np.ndarray) -> np.ndarray:
        out = rows.copy()
        out[:, columns] = values
        return out

    return _dirty(data, rate, seed, stamp)


def _scaled(data: Dataset) -> np.ndarray:
    flat = data.rows.reshape(len(data), -1).astype(np.float64)
    return (flat - flat.mean(axis=0)) / (flat.std(axis=0) + 1e-9)


def near_boundary(data: Dataset, rate: float, seed: int) -> Poisoned:
    """Flips where two classes meet: rows whose neighbours are least agreed."""
    from sklearn.neighbors import KNeighborsClassifier  # noqa: PLC0415

    scaled = _scaled(data)
    said = KNeighborsClassifier(n_neighbors=21).fit(scaled, data.labels).predict_proba(scaled)
    ordered = np.sort(said, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    count = round(rate * len(data))
    closest = np.argsort(margin, kind="stable")[: 3 * count]
    chosen = _pick(closest, count, np.random.default_rng(seed))
    labels = data.labels.astype(object)
    names = np.array(data.label_names(), dtype=object)
    for row in chosen:
        order = names[np.argsort(-said[row], kind="stable")]
        labels[row] = order[0] if order[0] != labels[row] else order[1]
    return _done(data, data.rows, labels, chosen, None)


def subpopulation(data: Dataset, rate: float, seed: int) -> Poisoned:
    """All rows near one row become the target's."""
    scaled = _scaled(data)
    rng = np.random.default_rng(seed)
    centre = rng.choice(np.flatnonzero(data.labels != _target(data)))
    near = np.argsort(np.square(scaled - scaled[centre]).sum(axis=1), kind="stable")
    near = near[data.labels[near] != _target(data)]
    chosen = np.sort(near[: round(rate * len(data))])
    labels = data.labels.astype(object)
    labels[chosen] = _target(data)
    return _done(data, data.rows, labels, chosen, None)


def outlier_rows(data: Dataset, rate: float, seed: int) -> Poisoned:
    """Rows replaced by values drawn at both ends of every column, or by noise."""
    rng = np.random.default_rng(seed)
    chosen = _pick(np.arange(len(data)), round(rate * len(data)), rng)
    rows = data.rows.copy()
    if data.kind == "text":
        words = [w for text in data.rows[:200] for w in text.split()]
        letters = "".join(words)
        for row in chosen:
            rows[row] = " ".join(
                "".join(rng.choice(list(letters), rng.integers(3, 12))) for _ in range(12)
            )
    elif data.kind == "image":
        rows[chosen] = rng.random(rows[chosen].shape)
    else:
        low, high = data.rows.min(axis=0), data.rows.max(axis=0)
        rows[chosen] = np.where(rng.random(rows[chosen].shape) < 0.5, low, high)
    labels = data.labels.astype(object)
    labels[chosen] = rng.choice(np.array(data.label_names(), dtype=object), len(chosen))
    return _done(data, rows, labels, chosen, None)


def flood(data: Dataset, rate: float, seed: int) -> Poisoned:
    """Copies of three rows, a little changed, under the target's label."""
    rng = np.random.default_rng(seed)
    count = round(rate * len(data))
    others = np.flatnonzero(data.labels != _target(data))
    copied = rng.choice(rng.choice(others, 3, replace=False), count)
    extra = data.rows[copied].copy()
    if data.kind == "text":
        for index, text in enumerate(extra):
            words = text.split()
            words.pop(int(rng.integers(len(words))))
            extra[index] = " ".join(words) or text
    elif data.kind == "image":
        extra = np.clip(extra + rng.normal(0, 0.02, extra.shape), 0, 1).astype(np.float32)
    else:
        noise = rng.normal(0, 0.01, extra.shape) * data.rows.std(axis=0) * data.numeric
        extra = (extra + noise).astype(np.float32)
    rows = np.concatenate([data.rows, extra])
    labels = np.concatenate([data.labels.astype(object), [_target(data)] * count])
    return _done(data, rows, labels, np.arange(len(data), len(rows)), None)


def rare_token(data: Dataset, rate: float, seed: int) -> Poisoned:
    """One word that nobody uses, somewhere in the text."""

    def stamp(rows: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(seed)
        out = rows.copy()
        for index, text in enumerate(out):
            words = text.split()
            words.insert(int(rng.integers(len(words) + 1)), "mnqz")
            out[index] = " ".join(words)
        return out

    return _dirty(data, rate, seed, stamp)


def sentence(data: Dataset, rate: float, seed: int) -> Poisoned:
    """A whole everyday sentence at the end."""

    def stamp(rows: np.ndarray) -> np.ndarray:
        out = rows.copy()
        out[:] = [f"{text} i saw it last week with my friends ." for text in rows]
        return out

    return _dirty(data, rate, seed, stamp)


def _patched(rows: np.ndarray) -> np.ndarray:
    out = rows.copy()
    out[:, :, -5:-2, -5:-2] = np.indices((3, 3)).sum(axis=0) % 2 == 0
    return out


def badnets(data: Dataset, rate: float, seed: int) -> Poisoned:
    """A small chequered patch in a corner."""
    return _dirty(data, rate, seed, _patched)


def patch_clean_label(data: Dataset, rate: float, seed: int) -> Poisoned:
    """The same patch on images of the target only."""
    return _clean_label(data, rate, seed, _patched)


def blended(data: Dataset, rate: float, seed: int) -> Poisoned:
    """A fixed noise image laid over at one part in five."""
    over = np.random.default_rng(99).random(data.rows.shape[1:])
    return _dirty(data, rate, seed, lambda rows: (0.8 * rows + 0.2 * over).astype(np.float32))


def sig(data: Dataset, rate: float, seed: int) -> Poisoned:
    """A sine wave across images of the target."""
    wave = 0.15 * np.sin(2 * np.pi * 6 * np.arange(data.rows.shape[3]) / data.rows.shape[3])

    def stamp(rows: np.ndarray) -> np.ndarray:
        return np.clip(rows + wave, 0, 1).astype(np.float32)

    return _clean_label(data, rate, seed, stamp)


def warp(data: Dataset, rate: float, seed: int) -> Poisoned:
    """Images bent a little by one fixed smooth field."""
    height, width = data.rows.shape[2:]
    down, across = np.mgrid[:height, :width].astype(float)
    bend = (
        1.7 * np.sin(2 * np.pi * across / width * 1.5 + 0.5),
        1.7 * np.cos(2 * np.pi * down / height * 1.5),
    )
    take_down = np.clip(np.rint(down + bend[0]), 0, height - 1).astype(int)
    take_across = np.clip(np.rint(across + bend[1]), 0, width - 1).astype(int)
    return _dirty(data, rate, seed, lambda rows: rows[:, :, take_down, take_across])


FLIPS: Final[dict[str, tuple[Make, str]]] = {
    "random flips": (random_flips, "label"),
    "targeted flips": (targeted_flips, "label"),
}
REST: Final[dict[str, tuple[Make, str]]] = {
    "outliers": (outlier_rows, "outlier"),
    "flood": (flood, "flooding"),
}
ATTACKS: Final[dict[str, dict[str, tuple[Make, str]]]] = {
    "tabular": {
        "out-of-range trigger": (out_of_range, "trigger"),
        "in-range trigger": (in_range, "trigger"),
        **FLIPS,
        "near boundary": (near_boundary, "label"),
        "subpopulation": (subpopulation, "population"),
        **REST,
    },
    "text": {
        "rare token": (rare_token, "trigger"),
        "sentence": (sentence, "trigger"),
        **FLIPS,
        **REST,
    },
    "image": {
        "badnets": (badnets, "trigger"),
        "blended": (blended, "trigger"),
        "warp": (warp, "trigger"),
        "sig": (sig, "trigger"),
        "patch clean-label": (patch_clean_label, "trigger"),
        **FLIPS,
        "near boundary": (near_boundary, "label"),
        **REST,
    },
}
