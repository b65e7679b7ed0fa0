"""Robust accuracy from any engine that looks for adversarial points.

An engine proposes; this file counts. Every proposed point is checked again with the
model alone: inside the radius, inside the data's range, and really answered wrongly.
A point that breaks at a small radius counts at every larger one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from modelkeep.assess.interface import (
    PPM,
    Adversarial,
    Context,
    Facts,
    Outcome,
    by_name,
    require_rows,
)
from modelkeep.assess.radius import Space, space_of
from modelkeep.assess.threat import Threat
from modelkeep.core import Measurement, NotChecked, Risk, ThreatModel
from modelkeep.models import Dataset
from modelkeep.models.intervals import clopper_pearson

ROWS: Final = "evasion"  # results by row are handed on under this name
SHARES: Final = (0.5, 1.0, 2.0)  # radii of the curve, as shares of the asked one
_NOTICE: Final = 0.02  # a loss of accuracy below this is not listed as a risk


@dataclass(slots=True)
class Problem:
    """Points to break at one radius.

    Attributes:
        rows: clean rows still answered rightly, shape ``(n, ...)`` float32.
        truth: their classes, shape ``(n,)``.
        low: least allowed values, shape of ``rows``.
        high: greatest allowed values, shape of ``rows``.
        seed: for the engine's random choices.
        threat: norm and radius; of L2 and L1 the ball, beside the box of ``low`` and ``high``.
        scale: size of one unit of radius, shape of one row; 0 where a feature is fixed.
    """

    rows: np.ndarray
    truth: np.ndarray
    low: np.ndarray
    high: np.ndarray
    seed: int
    threat: Threat = field(default_factory=lambda: Threat("linf", 1.0))
    scale: np.ndarray = field(default_factory=lambda: np.ones(()))


@dataclass(frozen=True, slots=True)
class RowResults:
    """What became of every row at the asked radius, under all engines that ran.

    Attributes:
        data: the attacked rows.
        right: which were answered rightly, shape ``(n,)`` of booleans.
        standing: which still are, shape ``(n,)`` of booleans.
    """

    data: Dataset
    right: np.ndarray
    standing: np.ndarray


@dataclass(frozen=True, slots=True)
class Engine:
    """How adversarial points are looked for.

    Attributes:
        name: the method, one phrase.
        knowledge: white or black box.
        search: returns one candidate per row and the work done per row.
    """

    name: str
    knowledge: str
    search: Callable[[Context, Problem], tuple[np.ndarray, dict[str, int]]]


def measure(context: Context, engine: Engine) -> Iterator[Outcome]:
    """Clean and robust accuracy on the same rows, and the curve over radii."""
    data = context.sample(require_rows(context.test, "test"))
    space = space_of(context.train, data)
    if not space.scale.any():
        yield NotChecked("evasion", "no feature is numeric: nothing can be perturbed")
        return
    truth = context.truth(data)
    scores = context.predict(data.rows)
    right = context.answers(data.rows, scores) == truth
    standing = right
    clean, n = int(standing.sum()), len(data)
    yield _accuracy("clean_accuracy", clean, n)
    if n > 1 and not np.ptp(scores, axis=0).any():
        yield NotChecked("evasion", f"the model gives the same scores for all {n} rows")
        return
    if len(np.unique(truth)) == 1:
        yield NotChecked("evasion of other classes", "the test rows are all of one class")
    hunt = _Hunt(context, engine, data, space, truth, standing, data.rows.copy())
    curve = [(0.0, clean / n)]
    robust, budget = clean, dict[str, int]()
    for index, share in enumerate(SHARES):
        threat = Threat(context.threat.norm, share * context.threat.radius)
        context.progress(index / len(SHARES), f"evasion within {threat}")
        work = _attack(hunt, threat)
        curve.append((threat.radius, float(hunt.standing.mean())))
        if share == 1.0:
            robust, budget = int(hunt.standing.sum()), work
            _hand_over(hunt, right)
            _hand_rows(context, RowResults(data, right, hunt.standing))
    low, high = clopper_pearson(robust, n)
    yield Measurement(
        "robust_accuracy",
        robust / n,
        low,
        high,
        "fraction",
        n,
        attacker=_attacker(context.threat, engine, space),
        budget=budget,
        seed=context.seed,
        method=f"{engine.name}; Clopper-Pearson interval",
        curve=tuple(curve),
        note="an upper bound: a stronger attack may break more",
    )


def _attacker(threat: Threat, engine: Engine, space: Space) -> ThreatModel:
    measured = {
        "linf": "changes every feature by at most the radius",
        "l2": "moves a row by at most the radius in Euclidean length",
        "l1": "changes features by at most the radius in sum",
    }
    return ThreatModel(
        goal="evasion",
        knowledge=engine.knowledge,
        capability=f"{measured[threat.norm]}, {space.unit}",
        norm=threat.norm,
        radius=threat.radius,
    )


def _accuracy(name: str, hits: int, n: int) -> Measurement:
    low, high = clopper_pearson(hits, n)
    return Measurement(
        name, hits / n, low, high, "fraction", n, method="Clopper-Pearson interval"
    )


@dataclass(slots=True)
class _Hunt:
    """Rows under attack; ``standing`` and ``changed`` are brought up to date."""

    context: Context
    engine: Engine
    data: Dataset
    space: Space
    truth: np.ndarray
    standing: np.ndarray
    changed: np.ndarray


def _attack(hunt: _Hunt, threat: Threat) -> dict[str, int]:
    """Attack the rows that stand; returns the work done.

    What the engine proposes counts only where the model as it was loaded, asked again,
    answers wrongly inside the radius and the data's range.
    """
    alive = np.flatnonzero(hunt.standing)
    if not len(alive):
        return {}
    rows, truth, space = hunt.data.rows[alive], hunt.truth[alive], hunt.space
    low, high = space.box(rows, threat.radius)
    seed = hunt.context.seed
    problem = Problem(rows, truth, low, high, seed, threat, space.scale)
    candidates, work = hunt.engine.search(hunt.context, problem)
    answers = hunt.context.answers(candidates)
    wrong = (answers != truth) & (answers >= 0)  # a row that is not answered misleads nobody
    broken = wrong & space.contains(rows, candidates, threat)
    hunt.standing = hunt.standing.copy()
    hunt.standing[alive[broken]] = False
    hunt.changed[alive[broken]] = candidates[broken]
    return work


def _hand_over(hunt: _Hunt, was_right: np.ndarray) -> None:
    """Give whoever wants them the adversarial points of rows that were answered rightly."""
    found = np.flatnonzero(was_right & ~hunt.standing)
    answered = hunt.context.answers(hunt.changed[found])
    hunt.context.collect(
        Adversarial(
            hunt.engine.name,
            hunt.context.threat,
            hunt.data.rows[found],
            hunt.changed[found],
            hunt.truth[found],
            answered,
        )
    )


def _hand_rows(context: Context, found: RowResults) -> None:
    """Leave the result by row for assessments that follow; the worst of all engines."""
    before = context.handed.get(ROWS)
    if isinstance(before, RowResults) and np.array_equal(before.data.rows, found.data.rows):
        found = replace(found, standing=found.standing & before.standing)
    context.handed[ROWS] = found


def facts(measurements: tuple[Measurement, ...]) -> Facts:
    """Clean accuracy, the lower end of robust accuracy, and the radius."""
    clean, robust = (
        by_name(measurements, "clean_accuracy"),
        by_name(measurements, "robust_accuracy"),
    )
    if clean is None or robust is None or robust.attacker is None:
        return {}
    if robust.attacker.norm != "linf":  # the gates ask about L-infinity alone
        return {"clean_accuracy_ppm": int(clean.value * PPM)}
    return {
        "clean_accuracy_ppm": int(clean.value * PPM),
        "robust_accuracy_low_ppm": int(robust.low * PPM),
        "robust_radius_linf_ppm": round((robust.attacker.radius or 0.0) * PPM),
    }


def worst(first: Facts, second: Facts) -> Facts:
    """The facts of the attack that left less accuracy standing."""
    name = "robust_accuracy_low_ppm"
    if name not in first or name not in second:
        return second | first
    return first if first[name] <= second[name] else second


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """Accuracy lost to small changes of the input."""
    clean, robust = (
        by_name(measurements, "clean_accuracy"),
        by_name(measurements, "robust_accuracy"),
    )
    if clean is None or robust is None or clean.value <= 0:
        return
    lost = 1 - robust.value / clean.value
    if lost > _NOTICE:
        yield Risk(
            "small changes of the input change the answer",
            robust,
            lost,
            "train on perturbed inputs (adversarial training) and check again",
        )
