"""Evasion by labels alone: what is possible where a model tells no scores.

At ``quick`` it runs only on models whose answers carry nothing but a label, because a
search on scores is stronger and cheaper wherever there are scores; from ``standard`` on it
also says what hiding the scores would be worth.

Sources: Chen, Jordan and Wainwright, IEEE S&P 2020 (HopSkipJump); NISTAML.025; see
``black_box.decision``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from modelkeep.assess import robust_accuracy
from modelkeep.assess.black_box import Oracle, decision_search
from modelkeep.assess.interface import Attack, Context, Outcome
from modelkeep.assess.robust_accuracy import Engine, Problem
from modelkeep.assess.tabular.attack_rules import allowed_region, measure_with_rules
from modelkeep.core import InputError

QUERIES: Final = {"quick": 200, "standard": 500, "thorough": 2500}
_LOOKED_AT: Final = 64  # rows whose answers tell whether there are scores


def only_labels(scores: np.ndarray) -> bool:
    """Whether answers are all zeros and ones: a label and nothing else."""
    return bool(len(scores) and np.isin(scores, (0.0, 1.0)).all())


def applies(context: Context) -> str | None:
    """It needs test rows; at ``quick`` also a model without scores."""
    if context.test is None:
        return "no test data was given (--test FILE)"
    if context.budget != "quick":
        return None
    try:
        scores = context.predict(context.test.rows[:_LOOKED_AT])
    except InputError as error:
        return f"stopped: {error.message} {error.hint}"
    if not only_labels(scores):
        return "the model tells scores; attacked by labels alone from --budget standard on"
    return None


def search(context: Context, problem: Problem) -> tuple[np.ndarray, dict[str, int]]:
    """One candidate per row: the nearest wrongly answered point, the row if none is near."""
    shape = problem.rows.shape
    oracle = Oracle(context.predict, shape[1:], problem.truth, QUERIES[context.budget])
    region = allowed_region(context, problem)
    found = decision_search(oracle, region, seed=problem.seed)
    points = np.where(found.broken[:, None], found.points, region.rows)
    return points.reshape(shape), {"queries": int(oracle.spent.max(initial=0))}


ENGINE: Final = Engine("boundary walk on labels", "black box", search)


def run(context: Context) -> Iterator[Outcome]:
    """Measure robust accuracy by labels alone."""
    yield from measure_with_rules(context, ENGINE)


ATTACK: Final = Attack(
    "EVA003",
    "evasion-labels",
    "model.evasion",
    "evasion",
    applies,
    run,
    robust_accuracy.facts,
    robust_accuracy.risks,
    robust_accuracy.worst,
)
