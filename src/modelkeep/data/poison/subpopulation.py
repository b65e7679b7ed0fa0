"""Subpopulations relabelled as a whole: clusters whose label their surroundings deny.

All rows of a small cluster are left out of the training at once; a model that saw none of
them says what the region around it would make of them.

Sources: Jagielski et al., "Subpopulation data poisoning attacks", CCS 2021 (the attack);
the test is ``rule_groups``'.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from modelkeep.data.poison.clusters import cluster
from modelkeep.data.poison.interface import LEAST, Context, Detector, Scores
from modelkeep.data.poison.neighbours import nearest
from modelkeep.data.poison.rule_groups import judge_candidates, spread
from modelkeep.data.poison.rule_search import Candidate

_SIZE: Final = 40  # rows a cluster has on average
_MOST: Final = 120
_NEAR: Final = 12
_SURROUNDINGS: Final = 2.0


def run(context: Context) -> Scores:
    """Score rows by the evidence against their cluster, and by denial in their surroundings."""
    groups = judge_candidates(context, _candidates(context))
    values = spread(context, groups) + _SURROUNDINGS * surrounding_denial(context)
    reason = "its part of the data is labelled against its surroundings"
    return Scores(values, reason, groups)


def surrounding_denial(context: Context) -> np.ndarray:
    """How far labels are denied, averaged over near rows of the same label, ``(n,)``.

    One denied label is an error; many side by side are a subpopulation.
    """
    rows = np.arange(len(context))
    said = context.smoother.left_one_out.copy()
    own = said[rows, context.targets]
    said[rows, context.targets] = -np.inf
    denial = np.clip(said.max(axis=1) - own, -1, 1)
    places, _ = nearest(context.hidden, _NEAR)
    same = context.targets[places] == context.targets[:, None]
    around = (denial[places] * same).sum(axis=1) / np.maximum(same.sum(axis=1), 1)
    return np.asarray((denial + around) / 2 + 1)


def _candidates(context: Context) -> Iterator[Candidate]:
    count = min(_MOST, max(2, len(context) // _SIZE))
    places = cluster(context.features, count, context.seed)
    for place in range(count):
        rows = np.flatnonzero(places == place)
        if len(rows) >= LEAST:
            label = int(np.bincount(context.targets[rows]).argmax())
            yield Candidate(None, label, rows)


DETECTOR: Final = Detector("POI402", "subpopulation", "population", run)
