"""Evasion by a search on scores: no gradient, a counted budget of queries.

Images are attacked with random squares, tables by a search over their features that learns
from every answer. A row is given up when many queries in a row gained nothing.

Sources: Andriushchenko et al., ECCV 2020 (Square attack: random search on scores);
NISTAML.025 (query access); see ``black_box.square`` and ``black_box.coordinate``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from modelkeep.assess import robust_accuracy
from modelkeep.assess.black_box import Oracle, coordinate_search, square_search
from modelkeep.assess.gradient import why_no_gradient
from modelkeep.assess.interface import Attack, Context, Outcome
from modelkeep.assess.robust_accuracy import Engine, Problem
from modelkeep.assess.tabular.attack_rules import allowed_region, measure_with_rules

QUERIES: Final = {"quick": 200, "standard": 1000, "thorough": 5000}
_PATIENCE: Final = {"quick": 60, "standard": 300, "thorough": None}
_IMAGE_AXES: Final = 4


def applies(context: Context) -> str | None:
    """It needs test rows, and is not needed where a gradient can be followed."""
    if context.test is None:
        return "no test data was given (--test FILE)"
    if why_no_gradient(context) is None:
        return "the model gives a gradient; the gradient attack is stronger"
    return None


def search(context: Context, problem: Problem) -> tuple[np.ndarray, dict[str, int]]:
    """One candidate per row: the point with the largest margin that was visited."""
    shape = problem.rows.shape
    oracle = Oracle(context.predict, shape[1:], problem.truth, QUERIES[context.budget])
    region = allowed_region(context, problem)
    if len(shape) == _IMAGE_AXES:
        found = square_search(oracle, region, seed=problem.seed)
    else:
        patience = _PATIENCE[context.budget]
        found = coordinate_search(oracle, region, seed=problem.seed, patience=patience)
    return found.points.reshape(shape), {"queries": int(oracle.spent.max(initial=0))}


ENGINE: Final = Engine("search on scores", "black box", search)


def run(context: Context) -> Iterator[Outcome]:
    """Measure robust accuracy without gradients."""
    yield from measure_with_rules(context, ENGINE)


ATTACK: Final = Attack(
    "EVA002",
    "evasion-search",
    "model.evasion",
    "evasion",
    applies,
    run,
    robust_accuracy.facts,
    robust_accuracy.risks,
    robust_accuracy.worst,
)
