"""A source whose rows the other sources deny: leave one source out.

Sources: Baracaldo et al., "Mitigating poisoning attacks on machine learning models: a data
provenance based approach", AISec 2017 (one source at a time instead of one row).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.data.poison.interface import LEAST, Context, Detector, Group, Scores

_FEW: Final = 2  # sources
_NOTICE: Final = 3.0  # deviations


def applies(context: Context) -> str | None:
    """It needs to know where rows come from."""
    if len(np.unique(context.sources)) < _FEW:
        return "no two sources are named (--source-column)"
    return None


def run(context: Context) -> Scores:
    """Score rows by how much more their source errs, left out, than rows left out singly."""
    n = len(context)
    own = context.targets
    usual = 1 - context.smoother.left_one_out[np.arange(n), own]
    mean, deviation = float(np.median(usual)), float(usual.std()) + 1e-9
    values = np.zeros(n)
    groups = []
    for source in np.unique(context.sources):
        rows = np.flatnonzero(context.sources == source)
        if not LEAST <= len(rows) <= n // 2:
            continue
        missed = 1 - context.smoother.left_out(rows)[np.arange(len(rows)), own[rows]]
        odd = (float(missed.mean()) - float(usual.mean())) / deviation * np.sqrt(len(rows))
        values[rows] = max(odd, 0.0) + np.clip((missed - mean) / deviation, 0, 5) / 10
        if odd > _NOTICE:
            why = f"the other sources deny the labels of {len(rows)} rows from {source!r}"
            groups.append(Group(rows, "", why, None, float(odd)))
    groups.sort(key=lambda group: -group.strength)
    return Scores(values, "the other sources deny the labels of its source", tuple(groups))


DETECTOR: Final = Detector("POI401", "left-out-source", "population", run, applies=applies)
