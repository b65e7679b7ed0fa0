"""Activation clustering: a small cluster within one class that belongs elsewhere.

Rows of a class are clustered along its main directions, into two and into more; each
cluster smaller than its class's half is judged by ``rule_groups``.

Not for tables: their classes fall into natural islands, and rules find more there.

Sources: Chen et al., "Detecting backdoor attacks on deep neural networks by activation
clustering", SafeAI 2019.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from modelkeep.data.poison.clusters import cluster, directions
from modelkeep.data.poison.interface import LEAST, Context, Detector, Scores
from modelkeep.data.poison.rule_groups import judge_candidates, spread
from modelkeep.data.poison.rule_search import Candidate

_DIRECTIONS: Final = 12
_COUNTS: Final = (2, 6, 16)


def run(context: Context) -> Scores:
    """Score rows by the evidence against the cluster of their class they lie in."""
    groups = judge_candidates(context, _candidates(context))
    return Scores(
        spread(context, groups),
        "in a cluster of its class that belongs elsewhere",
        groups,
        nats=True,
    )


def _candidates(context: Context) -> Iterator[Candidate]:
    for label in range(len(context.classes)):
        rows = np.flatnonzero(context.targets == label)
        if len(rows) < 4 * LEAST:
            continue
        along = directions(context.hidden[rows], _DIRECTIONS)
        for count in _COUNTS:
            places = cluster(along, count, context.seed)
            for place in range(count):
                members = rows[places == place]
                if LEAST <= len(members) <= len(rows) // 2:
                    yield Candidate(None, label, members, within_class=True)


DETECTOR: Final = Detector(
    "POI103", "activation-clustering", "trigger", run, frozenset({"image", "text"})
)
