"""The column the answers rest on ranks first; columns that say nothing are worth nothing."""

from __future__ import annotations

import numpy as np
import pytest

from model_samples import Answering, context, normal, table, two_classes
from modelkeep.assess import importance
from modelkeep.core import Measurement
from modelkeep.models import Dataset


def rows(n: int = 600) -> Dataset:
    values = normal(n, 5)
    return table(values, (values[:, 3] + 0.5 * values[:, 1] > 0).astype(int).tolist())


def resting_on(*weights: float) -> Answering:
    def answer(found: np.ndarray) -> np.ndarray:
        return two_classes((found @ np.array(weights) > 0).astype(float))

    return Answering(answer)


def measured(model: Answering, seed: int = 0) -> list[Measurement]:
    found = importance.run(context(model, None, rows(), seed=seed))
    return [m for m in found if isinstance(m, Measurement)]


def test_a_planted_dominant_column_ranks_first_over_seeds() -> None:
    for seed in range(5):
        first, second, *rest = measured(resting_on(0, 0.5, 0, 1, 0), seed)
        assert first.name == "permutation_importance[x3]"
        assert second.name == "permutation_importance[x1]"
        assert first.low > second.high
        assert all(m.value == 0 for m in rest)


def test_one_column_that_carries_everything_is_a_risk_and_two_are_not() -> None:
    (risk,) = importance.risks(tuple(measured(resting_on(0, 0, 0, 1, 0))))
    assert "x3" in risk.title
    assert not list(importance.risks(tuple(measured(resting_on(0, 0.5, 0, 1, 0)))))


def test_the_interval_holds_the_importance_of_many_more_rows() -> None:
    model = resting_on(0, 0.5, 0, 1, 0)
    values = normal(20_000, 5, seed=9)
    truth = (values[:, 3] + 0.5 * values[:, 1] > 0).astype(int)
    shuffled = values.copy()
    shuffled[:, 3] = np.random.default_rng(0).permutation(shuffled[:, 3])
    expected = 1 - (model.predict(shuffled).argmax(axis=1) == truth).mean()
    found = measured(model)[0]
    assert found.low <= expected <= found.high


def test_the_same_seed_gives_the_same_numbers() -> None:
    assert measured(resting_on(1, 1, 1, 1, 1), 3) == measured(resting_on(1, 1, 1, 1, 1), 3)


@pytest.mark.parametrize("columns", [1])
def test_it_needs_columns_to_compare(columns: int) -> None:
    data = table(normal(30, columns), [0, 1] * 15)
    assert "columns" in (importance.applies(context(resting_on(1), None, data)) or "")
    assert "--test" in (importance.applies(context(resting_on(1), None, None)) or "")
