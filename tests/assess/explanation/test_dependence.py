from __future__ import annotations

import numpy as np
import pytest

from model_samples import Answering, context, normal, table, two_classes
from modelkeep.assess.explanation.dependence import depend
from modelkeep.models import Column

ROWS = normal(300, 2)
DATA = table(ROWS, (ROWS[:, 0] > 0).astype(int).tolist())


def test_the_answers_are_followed_over_the_column_alone() -> None:
    def answer(rows: np.ndarray) -> np.ndarray:
        return two_classes(np.clip(0.5 + 0.1 * rows[:, 0], 0, 1))

    found = depend(context(Answering(answer), None, DATA), 0, "dependence[x0]")
    low, high = found.curve[0], found.curve[-1]
    assert found.value == pytest.approx(0.1 * (high[0] - low[0]), abs=1e-6)
    assert all(y == pytest.approx(0.5 + 0.1 * x, abs=1e-6) for x, y in found.curve)
    other = depend(context(Answering(answer), None, DATA), 1, "dependence[x1]")
    assert other.value == pytest.approx(0, abs=1e-9)


def test_a_category_is_followed_by_its_values_and_the_interval_over_rows() -> None:
    rows = np.column_stack([ROWS[:, 0], np.arange(300) % 2])
    data = table(rows, DATA.labels.tolist(), Column("x"), Column("c", ("a", "b")))

    def answer(found: np.ndarray) -> np.ndarray:
        b = found[:, 1] == "b"
        return two_classes(np.where(b & (found[:, 0].astype(float) > 0), 0.9, 0.1))

    found = depend(context(Answering(answer), None, data), 1, "dependence[c]")
    assert [x for x, _ in found.curve] == [0.0, 1.0]
    assert found.low < 0.8 * (rows[:200, 0] > 0).mean() < found.high
