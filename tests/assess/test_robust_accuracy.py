"""An engine proposes, robust accuracy counts: only real breaks, and all of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import model_samples as samples
from modelkeep.assess import (
    Context,
    evasion_decision,
    evasion_gradient,
    evasion_search,
    robust_accuracy,
)
from modelkeep.assess.robust_accuracy import Engine, Problem, measure
from modelkeep.core import Measurement, NotChecked
from modelkeep.models import Column, EndpointLostError
from modelkeep.models.intervals import clopper_pearson

WEIGHTS = np.array([1.5, -1.0, 0.7, -0.4, 0.2, 0.0])
EPSILON = 0.05
TRAIN = samples.table(samples.normal(400, 6), [0] * 400)
ROWS = samples.normal(200, 6, seed=1)
TEST = samples.table(ROWS, (ROWS @ WEIGHTS + samples.normal(200, seed=2) > 0).astype(int))


def black_box(rows: np.ndarray) -> np.ndarray:
    return samples.two_classes(1 / (1 + np.exp(-(rows @ WEIGHTS))))


def linear_context(model: object, **more: object) -> Context:
    return samples.context(model, TRAIN, TEST, epsilon_linf=EPSILON, **more)


def exact(radius: float) -> float:
    """Robust accuracy of the linear model: its worst point is a corner of the box."""
    first, last = np.percentile(TRAIN.rows, [1, 99], axis=0)
    low = np.maximum(ROWS - radius * (last - first), np.minimum(TRAIN.rows.min(0), ROWS))
    high = np.minimum(ROWS + radius * (last - first), np.maximum(TRAIN.rows.max(0), ROWS))
    least = np.where(WEIGHTS > 0, low, high) @ WEIGHTS
    most = np.where(WEIGHTS > 0, high, low) @ WEIGHTS
    return float(np.where(TEST.labels == "1", least > 0, most <= 0).mean())


ENGINES = [
    pytest.param(evasion_gradient.ENGINE, samples.linear(WEIGHTS), 0.0, id="gradient"),
    pytest.param(evasion_search.ENGINE, samples.Answering(black_box), 0.01, id="search"),
]


@pytest.mark.parametrize(("engine", "model", "tolerance"), ENGINES)
def test_both_engines_find_the_exact_robust_accuracy_of_a_linear_model(
    engine: Engine, model: object, tolerance: float
) -> None:
    clean, robust = measure(linear_context(model), engine)
    assert isinstance(clean, Measurement)
    assert isinstance(robust, Measurement)
    assert clean.value == exact(0) > exact(EPSILON) + 0.1
    for radius, value in robust.curve:
        assert exact(radius) <= value <= exact(radius) + tolerance
    assert [radius for radius, _ in robust.curve] == [0, EPSILON / 2, EPSILON, 2 * EPSILON]
    assert robust.value == robust.curve[2][1]
    hits = round(robust.value * 200)
    assert (robust.low, robust.high) == clopper_pearson(hits, 200)


@pytest.mark.parametrize(("engine", "model", "tolerance"), ENGINES)
def test_who_attacked_and_how_hard_is_said(
    engine: Engine, model: object, tolerance: float
) -> None:
    del tolerance
    measured = tuple(measure(linear_context(model, seed=5), engine))
    robust = measured[1]
    assert isinstance(robust, Measurement)
    assert robust.attacker is not None
    assert (robust.attacker.knowledge, robust.attacker.norm) == (engine.knowledge, "linf")
    assert robust.attacker.radius == EPSILON
    assert robust.seed == 5
    assert all(work > 0 for work in robust.budget.values())
    facts = robust_accuracy.facts(measured)
    assert facts == {
        "clean_accuracy_ppm": int(exact(0) * 1e6),
        "robust_accuracy_low_ppm": int(robust.low * 1e6),
        "robust_radius_linf_ppm": 50_000,
    }
    (risk,) = robust_accuracy.risks(measured)
    assert risk.score == pytest.approx(1 - robust.value / exact(0))


Search = Callable[[Context, Problem], np.ndarray]


def measured_with(search: Search) -> tuple[float, float]:
    """Clean and robust accuracy of the linear model under an engine."""
    engine = Engine("sample", "black box", lambda *given: (search(*given), {"queries": 1}))
    clean, robust = measure(linear_context(samples.Answering(black_box)), engine)
    assert isinstance(clean, Measurement)
    assert isinstance(robust, Measurement)
    return clean.value, robust.value


def away(_context: Context, problem: Problem) -> np.ndarray:
    """The other side of the boundary, as far as it takes."""
    return -10 * problem.rows


def just_outside(_context: Context, problem: Problem) -> np.ndarray:
    """The worst corner of a box a hundredth larger than the allowed one."""
    worse = np.where((problem.truth[:, None] == 1) == (WEIGHTS > 0), problem.low, problem.high)
    return problem.rows + 1.01 * (worse - problem.rows)


def no_change(_context: Context, problem: Problem) -> np.ndarray:
    """Points the model still answers rightly."""
    return problem.rows


@pytest.mark.parametrize("search", [away, just_outside, no_change])
def test_an_engine_that_cheats_or_proposes_nothing_wrong_gets_no_credit(search: Search) -> None:
    clean, robust = measured_with(search)
    assert robust == clean


def test_a_changed_category_is_no_evasion() -> None:
    city = Column("city", ("Bonn", "Ulm"))
    rows = np.stack([samples.normal(60), np.arange(60) % 2], axis=1)
    data = samples.table(rows, rows[:, 1].astype(int), Column("age"), city)

    def by_city(rows: np.ndarray) -> np.ndarray:
        return samples.two_classes((rows[:, 1] == "Ulm").astype(float))

    def move(_context: Context, problem: Problem) -> tuple[np.ndarray, dict[str, int]]:
        return problem.rows * [1, -1] + [0, 1], {}

    context = samples.context(samples.Answering(by_city), data, data)
    _, robust = measure(context, Engine("sample", "black box", move))
    assert isinstance(robust, Measurement)
    assert robust.value == 1


def test_the_curve_never_rises_even_if_an_engine_gets_worse() -> None:
    calls = []

    def tires(context: Context, problem: Problem) -> tuple[np.ndarray, dict[str, int]]:
        calls.append(len(problem.rows))
        found, work = evasion_search.search(context, problem)
        return (found if len(calls) == 1 else problem.rows), work

    engine = Engine("sample", "black box", tires)
    _, robust = measure(linear_context(samples.Answering(black_box)), engine)
    assert isinstance(robust, Measurement)
    values = [value for _, value in robust.curve]
    assert values == sorted(values, reverse=True)
    assert values[0] > values[1] == values[2] == values[3]
    assert calls[1] == calls[2] == values[1] * 200, "what is broken is not attacked again"


def test_a_table_of_categories_only_is_not_checked_and_says_so() -> None:
    city = Column("city", ("Bonn", "Ulm"))
    data = samples.table(np.array([[0.0], [1.0]]), [0, 1], city)
    model = samples.Answering(lambda rows: samples.two_classes(rows[:, 0] == "Ulm"))
    (outcome,) = measure(samples.context(model, data, data), evasion_search.ENGINE)
    assert isinstance(outcome, NotChecked)
    assert "no feature is numeric" in outcome.why


def test_a_model_that_is_never_right_is_measured_without_an_attack() -> None:
    wrong = samples.Answering(lambda rows: 1 - black_box(rows))
    data = samples.table(ROWS, (ROWS @ WEIGHTS > 0).astype(int))
    context = samples.context(wrong, TRAIN, data)
    clean, robust = (m for m in measure(context, evasion_search.ENGINE))
    assert isinstance(clean, Measurement)
    assert isinstance(robust, Measurement)
    assert clean.value == robust.value == 0
    assert list(robust_accuracy.risks((clean, robust))) == []


class Counting(samples.Answering):
    """A model that may be asked so often and no oftener."""

    left = 0

    def predict(self, rows: np.ndarray) -> np.ndarray:
        assert len(rows) <= self.left, "a row over the budget was sent"
        self.left -= len(rows)
        return super().predict(rows)


@pytest.mark.parametrize("engine", [evasion_search.ENGINE, evasion_decision.ENGINE])
@pytest.mark.parametrize("budget", [150, 1000, 6000])
def test_a_budget_of_queries_sets_rows_and_depth_and_is_never_passed(
    engine: Engine, budget: int
) -> None:
    model = Counting(black_box)
    model.left = budget
    found = [m for m in measure(linear_context(model), engine) if isinstance(m, Measurement)]
    robust = next(m for m in found if m.name == "robust_accuracy")
    assert robust.n == min(200, budget // 150)
    assert model.left >= 0
    model.left = 149
    with pytest.raises(EndpointLostError, match="149 queries are left, and attacking one row"):
        list(measure(linear_context(model), engine))
    assert model.left == 149, "nothing was sent"
