"""Strategies spend their budget to the row and stay where the model's inputs may lie."""

from __future__ import annotations

import numpy as np
import pytest

import model_samples as samples
from modelkeep.assess.extraction import POLICIES, STRATEGIES, Strategy, Victim
from modelkeep.assess.extraction.strategies import Knowledge, train_copy

ROWS = samples.normal(240, 4, seed=2)
ROWS[:, 3] = np.arange(240) % 5
NUMERIC = np.array([True, True, True, False])


def answer(rows: np.ndarray) -> np.ndarray:
    return samples.two_classes(1 / (1 + np.exp(-3 * (rows[:, 0] + rows[:, 1]).astype(float))))


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
@pytest.mark.parametrize("budget", [30, 101])
def test_it_spends_its_budget_and_asks_only_what_may_be(
    strategy: Strategy, budget: int
) -> None:
    victim = Victim(answer, (4,), budget, POLICIES[0])
    rows, answers = strategy.collect(victim, Knowledge(ROWS, NUMERIC, 0))
    assert victim.spent == len(rows) == len(answers) == budget
    assert (rows >= ROWS.min(axis=0) - 1e-6).all()
    assert (rows <= ROWS.max(axis=0) + 1e-6).all()
    assert set(rows[:, 3].tolist()) <= {0.0, 1.0, 2.0, 3.0, 4.0}, "codes stay codes"
    assert rows.dtype == np.float32


def test_active_asks_where_the_copy_is_unsure() -> None:
    margins = {}
    for strategy in STRATEGIES:
        victim = Victim(answer, (4,), 60, POLICIES[0])
        _, answers = strategy.collect(victim, Knowledge(ROWS, NUMERIC, 0))
        margins[strategy.name] = np.abs(answers[15:, 0] - answers[15:, 1]).mean()
    assert margins["active"] < 0.7 * margins["natural"]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_a_copy_learns_from_any_way_of_answering(policy: object) -> None:
    victim = Victim(answer, (4,), 240, policy)  # type: ignore[arg-type]
    copy = train_copy(ROWS, victim.ask(ROWS), 0)
    fresh = samples.normal(200, 4, seed=9)
    assert (copy(fresh).argmax(axis=1) == answer(fresh).argmax(axis=1)).mean() > 0.85
