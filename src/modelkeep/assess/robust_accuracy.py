"""Robust accuracy from any engine that looks for adversarial points.

An engine proposes; this file counts. Every proposed point is checked again with the
model alone: inside the radius, inside the data's range, and really answered wrongly.
A point that breaks at a small radius counts at every larger one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.assess.interface import (
    PPM,
    Context,
    Facts,
    Outcome,
    by_name,
    require_rows,
)
from modelkeep.assess.radius import Space, space_of
from modelkeep.core import Measurement, NotChecked, Risk, ThreatModel
from modelkeep.models import Dataset
from modelkeep.models.intervals import clopper_pearson

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
    """

    rows: np.ndarray
    truth: np.ndarray
    low: np.ndarray
    high: np.ndarray
    seed: int


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
    standing = context.predict(data.rows).argmax(axis=1) == truth
    clean, n = int(standing.sum()), len(data)
    yield _accuracy("clean_accuracy", clean, n)
    curve = [(0.0, clean / n)]
    robust, budget = clean, dict[str, int]()
    for index, share in enumerate(SHARES):
        radius = share * context.epsilon_linf
        context.progress(index / len(SHARES), f"evasion within {radius:g}")
        standing, work = _attack(context, engine, (data, space, truth, standing), radius)
        curve.append((radius, float(standing.mean())))
        if share == 1.0:
            robust, budget = int(standing.sum()), work
    attacker = ThreatModel(
        goal="evasion",
        knowledge=engine.knowledge,
        capability=f"changes every feature by at most the radius, {space.unit}",
        norm="linf",
        radius=context.epsilon_linf,
    )
    low, high = clopper_pearson(robust, n)
    yield Measurement(
        "robust_accuracy",
        robust / n,
        low,
        high,
        "fraction",
        n,
        attacker=attacker,
        budget=budget,
        seed=context.seed,
        method=f"{engine.name}; Clopper-Pearson interval",
        curve=tuple(curve),
        note="an upper bound: a stronger attack may break more",
    )


def _accuracy(name: str, hits: int, n: int) -> Measurement:
    low, high = clopper_pearson(hits, n)
    return Measurement(
        name, hits / n, low, high, "fraction", n, method="Clopper-Pearson interval"
    )


Standing = tuple[Dataset, Space, np.ndarray, np.ndarray]


def _attack(
    context: Context, engine: Engine, state: Standing, radius: float
) -> tuple[np.ndarray, dict[str, int]]:
    """Which rows still stand at ``radius``, and the work per attacked row."""
    data, space, truth, standing = state
    alive = np.flatnonzero(standing)
    if not len(alive):
        return standing, {}
    rows = data.rows[alive]
    low, high = space.box(rows, radius)
    problem = Problem(rows, truth[alive], low, high, context.seed)
    candidates, work = engine.search(context, problem)
    wrong = context.predict(candidates).argmax(axis=1) != truth[alive]
    broken = wrong & space.contains(rows, candidates, radius)
    left = standing.copy()
    left[alive[broken]] = False
    return left, work


def facts(measurements: tuple[Measurement, ...]) -> Facts:
    """Clean accuracy, the lower end of robust accuracy, and the radius."""
    clean, robust = (
        by_name(measurements, "clean_accuracy"),
        by_name(measurements, "robust_accuracy"),
    )
    if clean is None or robust is None or robust.attacker is None:
        return {}
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
