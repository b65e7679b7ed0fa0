"""Labels alone are attacked where there is nothing else, or where time allows."""

from __future__ import annotations

import numpy as np
import pytest

import model_samples as samples
from modelkeep.assess import Context
from modelkeep.assess.evasion_decision import ATTACK, only_labels
from modelkeep.core import Measurement

ROWS = samples.normal(80, 5)
TRUTH = (ROWS @ np.arange(1, 6) > 0).astype(int)


def labels(rows: np.ndarray) -> np.ndarray:
    return samples.two_classes((rows @ np.arange(1, 6) > 0).astype(float))


def context(answer: object, **more: object) -> Context:
    data = samples.table(ROWS, TRUTH)
    return samples.context(samples.Answering(answer), data, data, **more)


def scores(rows: np.ndarray) -> np.ndarray:
    return 0.1 + 0.8 * labels(rows)


def test_a_model_of_labels_is_attacked_at_quick_and_one_of_scores_later() -> None:
    assert ATTACK.applies(context(labels)) is None
    assert "standard" in (ATTACK.applies(context(scores)) or "")
    assert ATTACK.applies(context(scores, budget="standard")) is None
    data = samples.table(ROWS, TRUTH)
    assert "--test" in (
        ATTACK.applies(samples.context(context(labels).model, data, None)) or ""
    )


def test_it_measures_within_its_budget() -> None:
    clean, robust = ATTACK.run(context(labels, epsilon_linf=0.05))
    assert isinstance(clean, Measurement)
    assert isinstance(robust, Measurement)
    assert clean.value == 1
    reach = 0.05 * (np.percentile(ROWS, 99, axis=0) - np.percentile(ROWS, 1, axis=0))
    possible = np.mean(np.abs(ROWS @ np.arange(1, 6)) < reach @ np.arange(1, 6))
    assert 1 - possible <= robust.value <= 1 - 0.7 * possible
    assert 0 < robust.budget["queries"] <= 200
    assert robust.attacker.knowledge == "black box"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [([[0.0, 1.0]], True), ([[0.5, 0.5]], False), (np.zeros((0, 2)), False)],
)
def test_labels_are_told_from_scores(answers: list[list[float]], expected: bool) -> None:
    assert only_labels(np.array(answers)) is expected
