"""Evasion of trees, settled: what can be broken, what is proven, and the gap between.

The model shows its trees, so each row's box is searched exactly (``tree_bounds``): a row is
broken by a point that the model itself answers wrongly, proven by a bound over all points of
the box, or not settled within the budget. Robust accuracy then lies between the proven share
and the share that still stands.

Sources: Chen et al., NeurIPS 2019 (robustness verification of tree-based models);
Kantchelian et al., ICML 2016 (evasion of tree ensembles is a search over leaves).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from modelkeep.assess import robust_accuracy
from modelkeep.assess.interface import Attack, Context, Outcome, require_rows
from modelkeep.assess.radius import space_of
from modelkeep.assess.robust_accuracy import Engine, Problem, measure
from modelkeep.assess.tabular import integral, tighten
from modelkeep.assess.tabular.attack_rules import constraints_of
from modelkeep.assess.tree_bounds import Fate, Leaves, leaves_of, settle
from modelkeep.core import InputError, MalformedArtifactError, Measurement, NotChecked
from modelkeep.models import TreeEnsemble, TreeModel
from modelkeep.models.intervals import clopper_pearson

SETS: Final = {"quick": 50_000, "standard": 1_000_000, "thorough": 10_000_000}
_COMPARED: Final = 256  # rows on which the trees must answer as the model does
_AGREE: Final = 0.98  # of them; a tie of classes may fall either way

Settled = dict[bytes, tuple[Fate, np.ndarray]]


def applies(context: Context) -> str | None:
    """It needs test rows, an L-infinity radius, and a model that shows its trees."""
    if context.test is None:
        return "no test data was given (--test FILE)"
    if context.threat.norm != "linf":
        return "bounds on trees are in L-infinity only"
    if not isinstance(context.model, TreeModel):
        return "the model does not show trees"
    try:
        return _why_unlike(context.model.trees(), context, context.test.rows[:_COMPARED])
    except (InputError, MalformedArtifactError) as error:
        return error.message


def _why_unlike(trees: TreeEnsemble, context: Context, rows: np.ndarray) -> str | None:
    """Why the trees do not stand for the model on these rows, ``None`` if they do."""
    if rows.shape[1:] != (trees.features,):
        return f"the trees take {trees.features} columns, the rows have {rows.shape[1:]}"
    same = trees.scores(rows).argmax(axis=1) == context.predict(rows).argmax(axis=1)
    if same.mean() < _AGREE:
        return f"the trees as read answer otherwise than the model on {(~same).mean():.0%}"
    return None


def run(context: Context) -> Iterator[Outcome]:
    """Robust accuracy from above and from below."""
    if not isinstance(context.model, TreeModel):
        raise TypeError("this attack needs a model that shows its trees")
    try:
        leaves = leaves_of(context.model.trees(), _whole(context))
    except InputError as error:
        yield NotChecked("evasion-trees", error.message)
        return
    known: Settled = {}

    def search(context: Context, problem: Problem) -> tuple[np.ndarray, dict[str, int]]:
        return _search(context, problem, leaves, known)

    outcomes = list(measure(context, Engine("exact search over leaves", "white box", search)))
    yield from outcomes
    robust = next((m for m in outcomes if _is(m, "robust_accuracy")), None)
    if isinstance(robust, Measurement):
        yield _certified(context, leaves, known, robust.value)


def _is(outcome: Outcome, name: str) -> bool:
    """Whether an outcome is the measurement of that name."""
    return isinstance(outcome, Measurement) and outcome.name == name


def _whole(context: Context) -> np.ndarray | None:
    """Which columns hold whole numbers, where rules say so."""
    rules, data = constraints_of(context), context.train
    if rules is None or data is None or not data.columns:
        return None
    return integral(rules, tuple(column.name for column in data.columns))


def _tight(
    context: Context, rows: np.ndarray, box: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The boxes, without what the rules of single columns forbid; links are left out."""
    rules, data = constraints_of(context), context.train
    if rules is None or data is None or not data.columns:
        return box
    return tighten(rules, tuple(column.name for column in data.columns), rows, box)


def _search(
    context: Context, problem: Problem, leaves: Leaves, known: Settled
) -> tuple[np.ndarray, dict[str, int]]:
    """For each row a point that the model answers wrongly, or the row itself."""
    points = problem.rows.copy()
    low, high = _tight(context, problem.rows, (problem.low, problem.high))
    for index, row in enumerate(problem.rows):
        box = low[index], high[index]
        _, points[index] = _settled(context, leaves, known, row, box, problem.truth[index])
    return points, {"sets": SETS[context.budget]}


def _settled(
    context: Context,
    leaves: Leaves,
    known: Settled,
    row: np.ndarray,
    box: tuple[np.ndarray, np.ndarray],
    truth: int,
) -> tuple[Fate, np.ndarray]:
    """Settle a row once, however often it is asked about."""
    key = b"".join(part.tobytes() for part in (row, *box, np.int64(truth)))
    if key not in known:
        known[key] = settle(leaves, row, box, truth, SETS[context.budget])
    return known[key]


def _certified(
    context: Context, leaves: Leaves, known: Settled, attacked: float
) -> Measurement:
    """The share of rows answered rightly of which no point in the box is answered wrongly."""
    data = context.sample(require_rows(context.test, "test"))
    space = space_of(context.train, data)
    truth = context.truth(data)
    right = np.flatnonzero(context.predict(data.rows).argmax(axis=1) == truth)
    low, high = _tight(context, data.rows, space.box(data.rows, context.threat.radius))
    proven = 0
    for index in right:
        row, box = data.rows[index], (low[index], high[index])
        fate, _ = _settled(context, leaves, known, row, box, int(truth[index]))
        proven += fate is Fate.PROVEN
    n = len(data)
    least, most = clopper_pearson(proven, n)
    return Measurement(
        "certified_accuracy",
        proven / n,
        least,
        most,
        "fraction",
        n,
        budget={"sets": SETS[context.budget]},
        method="bounds over cliques of leaves; Clopper-Pearson interval",
        note=f"a lower bound of robust accuracy within {context.threat}; "
        f"gap to the attack: {100 * (attacked - proven / n):.1f} points",
    )


ATTACK: Final = Attack(
    "EVA005",
    "evasion-trees",
    "model.evasion",
    "evasion",
    applies,
    run,
    robust_accuracy.facts,
    robust_accuracy.risks,
    robust_accuracy.worst,
)
