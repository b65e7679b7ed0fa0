"""What this run would have seen: attacks of its own, planted on a copy.

Nobody can promise to find every poison. A run can say what it finds on this very data:
it plants small attacks, one kind after the other, on a copy of the rows, runs the same
detectors with the same thresholds, and counts. "1 % of in-range trigger would have been
seen with TPR 0.97 [0.83, 1.00]" is a measurement, not a claim; where it is low, nothing
found means nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.core import Measurement, ThreatModel
from modelkeep.data.poison import planting
from modelkeep.data.poison.examination import RATE, examine
from modelkeep.data.poison.interface import Context, Detector, Family, Report, prepare
from modelkeep.models.intervals import clopper_pearson

SHARE: Final = 0.01  # of the rows, planted
_WORD: Final = "qvzxly"
_SENTENCE: Final = "by the way it was quite cold there that evening"


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
    plant: planting.Plant


_OF_ALL: Final = (
    Probe("label flips", "label", planting.flips),
    Probe("flips near the boundary", "label", planting.boundary_flips),
    Probe("outliers", "outlier", planting.strange),
    Probe("flood of copies", "flooding", planting.copies),
)
PROBES: Final[dict[str, tuple[Probe, ...]]] = {
    "tabular": (
        Probe("in-range trigger", "trigger", planting.in_range),
        Probe("out-of-range trigger", "trigger", planting.out_of_range),
        Probe("relabelled neighbourhood", "population", planting.neighbourhood),
        *_OF_ALL,
    ),
    "text": (
        Probe("rare word", "trigger", planting.phrase(_WORD)),
        Probe("everyday sentence", "trigger", planting.phrase(_SENTENCE)),
        *_OF_ALL,
    ),
    "image": (
        Probe("patch", "trigger", planting.patch),
        Probe("overlay", "trigger", planting.overlay),
        Probe("warp", "trigger", planting.bent),
        Probe("clean-label patch", "trigger", planting.own_patch),
        Probe("clean-label wave", "trigger", planting.own_wave),
        *_OF_ALL,
    ),
}


def measure_power(
    context: Context,
    detectors: Iterable[Detector],
    *,
    rate: float = RATE,
    share: float = SHARE,
    progress: Report | None = None,
) -> tuple[Measurement, ...]:
    """Plant each probe on a copy of the rows, and count what the calibrated lists flag.

    Args:
        context: the rows as they are.
        detectors: those of the run.
        rate: false alarms that each list may have.
        share: of the rows, planted; ten at least.
        progress: told how far it got.
    """
    chosen = tuple(detectors)
    probes = PROBES[context.data.kind]
    found = []
    for count, probe in enumerate(probes):
        if progress is not None:
            progress(count / len(probes), f"probe: {probe.name}")
        planted = probe.plant(context.data, np.random.default_rng(context.seed + count), share)
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
