"""Evasion by transfer: what an attacker reaches who never asks about the attacked rows.

A surrogate learns the model's answers on training rows, and adversarial points of the surrogate
are tried on the model, once each. Where this beats an attack that follows the model's own
gradient, that gradient hides something.

Sources: Papernot et al., AsiaCCS 2017; Athalye et al., ICML 2018 (transfer as a sign of
masked gradients); NISTAML.025; see ``black_box.transfer``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess import robust_accuracy
from modelkeep.assess.black_box.transfer import follow_gradient, train_surrogate
from modelkeep.assess.interface import Attack, Context, Outcome, require_rows
from modelkeep.assess.robust_accuracy import Engine, Problem
from modelkeep.assess.tabular.attack_rules import allowed_region, measure_with_rules

if TYPE_CHECKING:
    import torch

QUERIES: Final = {"quick": 500, "standard": 2000, "thorough": 10_000}


def applies(context: Context) -> str | None:
    """It needs training and test rows, and more time than ``quick``."""
    if context.test is None:
        return "no test data was given (--test FILE)"
    if context.train is None:
        return "no training data was given (--data FILE)"
    if context.budget == "quick":
        return "a surrogate is trained from --budget standard on"
    return None


def searching(
    surrogate: torch.nn.Module, queries: int
) -> Callable[[Context, Problem], tuple[np.ndarray, dict[str, int]]]:
    """The search through one surrogate, on whose training ``queries`` were spent."""

    def search(context: Context, problem: Problem) -> tuple[np.ndarray, dict[str, int]]:
        shape = problem.rows.shape
        region = allowed_region(context, problem)
        points = follow_gradient(surrogate, shape[1:], region, problem.truth)
        return points.reshape(shape), {"training queries": queries, "queries": 1}

    return search


def run(context: Context) -> Iterator[Outcome]:
    """Measure robust accuracy through a surrogate."""
    rows = context.sample(require_rows(context.train, "data"), QUERIES[context.budget]).rows
    surrogate = train_surrogate(rows, context.predict(rows), seed=context.seed)
    engine = Engine("transfer from a surrogate", "black box", searching(surrogate, len(rows)))
    yield from measure_with_rules(context, engine)


ATTACK: Final = Attack(
    "EVA004",
    "evasion-transfer",
    "model.evasion",
    "evasion",
    applies,
    run,
    robust_accuracy.facts,
    robust_accuracy.risks,
    robust_accuracy.worst,
)
