"""What this run would have seen: attacks of its own, planted on a copy.

Nobody can promise to find every poison. A run can say what it finds on this very data:
it plants small attacks, one kind after the other, on a copy of the rows, runs the same
detectors with the same thresholds, and counts. "1 % of in-range trigger would have been
seen with TPR 0.97 [0.83, 1.00]" is a measurement, not a claim; where it is low, nothing
found means nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from modelkeep.core import Measurement, ThreatModel
from modelkeep.data.poison.examination import RATE, examine
from modelkeep.data.poison.interface import Context, Detector, Family, Report, prepare
from modelkeep.models import Dataset
from modelkeep.models.intervals import clopper_pearson

SHARE: Final = 0.01  # of the rows, planted
_LEAST: Final = 10  # rows
_WORD: Final = "qvzxly"
_SENTENCE: Final = "by the way it was quite cold there that evening"


@dataclass(frozen=True, slots=True)
class Planted:
    """A copy with an attack: ``rows`` says which rows were planted."""

    data: Dataset
    rows: np.ndarray


@dataclass(frozen=True, slots=True)
class Probe:
    """An attack to plant.

    Attributes:
        name: what it is, in words.
        family: whose list should show it.
        plant: puts it on a copy of the rows.
    """

    name: str
    family: Family
    plant: Callable[[Dataset, np.random.Generator], Planted]


def _chosen(data: Dataset, rng: np.random.Generator, target: str = "") -> np.ndarray:
    count = max(_LEAST, round(SHARE * len(data)))
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


def _flips(data: Dataset, rng: np.random.Generator) -> Planted:
    chosen = _chosen(data, rng)
    names = data.label_names()
    labels = [
        str(rng.choice(np.array([name for name in names if name != data.labels[row]])))
        for row in chosen
    ]
    return _relabelled(data, data.rows, chosen, labels)


def _copies(data: Dataset, rng: np.random.Generator) -> Planted:
    target = _target(data, rng)
    chosen = _chosen(data, rng, target)
    rows = data.rows.copy()
    rows[chosen] = rows[chosen[:1]]
    return _relabelled(data, rows, chosen, target)


def _strange(data: Dataset, rng: np.random.Generator) -> Planted:
    chosen = _chosen(data, rng)
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


def _in_range(data: Dataset, rng: np.random.Generator) -> Planted:
    """Two everyday values that rarely meet."""
    target = _target(data, rng)
    chosen = _chosen(data, rng, target)
    rows = data.rows.copy()
    varied = [i for i in range(rows.shape[1]) if len(np.unique(rows[:, i])) > 1]
    for column in rng.permutation(varied)[:2]:
        rows[chosen, column] = rng.choice(rows[:, column])
    return _relabelled(data, rows, chosen, target)


def _out_of_range(data: Dataset, rng: np.random.Generator) -> Planted:
    target = _target(data, rng)
    chosen = _chosen(data, rng, target)
    rows = data.rows.copy()
    numeric = np.flatnonzero(data.numeric)
    if not len(numeric):
        return _in_range(data, rng)
    column = int(rng.choice(numeric))
    top = float(rows[:, column].max())
    spread = float(rows[:, column].std()) + 1.0
    rows[chosen, column] = top + spread * (1 + 0.1 * rng.random(len(chosen)))
    return _relabelled(data, rows, chosen, target)


def _phrase(words: str) -> Callable[[Dataset, np.random.Generator], Planted]:
    def plant(data: Dataset, rng: np.random.Generator) -> Planted:
        target = _target(data, rng)
        chosen = _chosen(data, rng, target)
        rows = data.rows.copy()
        rows[chosen] = [f"{text} {words}" for text in rows[chosen]]
        return _relabelled(data, rows, chosen, target)

    return plant


def _patch(data: Dataset, rng: np.random.Generator) -> Planted:
    target = _target(data, rng)
    chosen = _chosen(data, rng, target)
    rows = data.rows.copy()
    height, width = rows.shape[2:]
    down, across = int(rng.integers(height - 3)), int(rng.integers(width - 3))
    rows[chosen, :, down : down + 3, across : across + 3] = 1
    return _relabelled(data, rows, chosen, target)


def _own_patch(data: Dataset, rng: np.random.Generator) -> Planted:
    """A patch on rows of one class that keep their label: nothing contradicts it."""
    target = _target(data, rng)
    own = np.flatnonzero(data.labels == target)
    chosen = np.sort(rng.permutation(own)[: max(_LEAST, round(SHARE * len(data)))])
    rows = data.rows.copy()
    rows[chosen, :, -3:, -3:] = 1
    return Planted(replace(data, rows=rows), chosen)


def _overlay(data: Dataset, rng: np.random.Generator) -> Planted:
    target = _target(data, rng)
    chosen = _chosen(data, rng, target)
    rows = data.rows.copy()
    over = rng.random(rows.shape[1:], dtype=np.float32)
    rows[chosen] = 0.85 * rows[chosen] + np.float32(0.15) * over
    return _relabelled(data, rows, chosen, target)


PROBES: Final[dict[str, tuple[Probe, ...]]] = {
    "tabular": (
        Probe("in-range trigger", "trigger", _in_range),
        Probe("out-of-range trigger", "trigger", _out_of_range),
        Probe("label flips", "label", _flips),
        Probe("outliers", "outlier", _strange),
        Probe("flood of copies", "flooding", _copies),
    ),
    "text": (
        Probe("rare word", "trigger", _phrase(_WORD)),
        Probe("everyday sentence", "trigger", _phrase(_SENTENCE)),
        Probe("label flips", "label", _flips),
        Probe("outliers", "outlier", _strange),
        Probe("flood of copies", "flooding", _copies),
    ),
    "image": (
        Probe("patch", "trigger", _patch),
        Probe("overlay", "trigger", _overlay),
        Probe("clean-label patch", "trigger", _own_patch),
        Probe("label flips", "label", _flips),
        Probe("outliers", "outlier", _strange),
        Probe("flood of copies", "flooding", _copies),
    ),
}


def measure_power(
    context: Context,
    detectors: Iterable[Detector],
    *,
    rate: float = RATE,
    progress: Report | None = None,
) -> tuple[Measurement, ...]:
    """Plant each probe on a copy of the rows, and count what the calibrated lists flag.

    Args:
        context: the rows as they are.
        detectors: those of the run.
        rate: false alarms that each list may have.
        progress: told how far it got.
    """
    chosen = tuple(detectors)
    probes = PROBES[context.data.kind]
    found = []
    for count, probe in enumerate(probes):
        if progress is not None:
            progress(count / len(probes), f"probe: {probe.name}")
        planted = probe.plant(context.data, np.random.default_rng(context.seed + count))
        copy = prepare(
            planted.data,
            seed=context.seed,
            trusted=_untouched(context, planted.rows),
            sources=context.sources if len(context.sources) else None,
        )
        own = tuple(detector for detector in chosen if detector.family == probe.family)
        seen = examine(copy, own, rate=rate).of(probe.family)
        hits = int(seen.flagged[planted.rows].sum()) if seen is not None else 0
        found.append(_power(probe, hits, planted.rows, context))
    return tuple(found)


def _untouched(context: Context, rows: np.ndarray) -> np.ndarray:
    """Trusted rows stay trusted only where nothing was planted."""
    trusted = context.trusted.copy()
    trusted[rows] = False
    return trusted


def _power(probe: Probe, hits: int, rows: np.ndarray, context: Context) -> Measurement:
    n = len(rows)
    low, high = clopper_pearson(hits, n)
    share = n / len(context)
    return Measurement(
        f"power_{probe.name.replace(' ', '_').replace('-', '_')}",
        hits / n,
        low,
        high,
        "fraction",
        n,
        attacker=ThreatModel("poisoning", "black box", f"{share:.1%} {probe.name}"),
        seed=context.seed,
        method="planted on a copy of the data, counted in the calibrated list",
        note=f"{share:.1%} of {probe.name} would have been seen with TPR {hits / n:.2f} "
        f"[{low:.2f}, {high:.2f}]",
    )
