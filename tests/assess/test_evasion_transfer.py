"""Transfer asks about training rows only, and about each attacked row once."""

from __future__ import annotations

import numpy as np
import pytest

import model_samples as samples
from modelkeep.assess import Context
from modelkeep.assess.evasion_transfer import ATTACK
from modelkeep.core import Measurement
from modelkeep.models import EndpointLostError

ROWS = samples.normal(300, 4)
TRUTH = (ROWS.sum(axis=1) > 0).astype(int)
TRAIN, TEST = samples.table(ROWS[:200], TRUTH[:200]), samples.table(ROWS[200:], TRUTH[200:])


def scores(rows: np.ndarray) -> np.ndarray:
    return samples.two_classes(1 / (1 + np.exp(-5 * rows.sum(axis=1))))


def context(**more: object) -> Context:
    given = {"budget": "standard", "epsilon_linf": 0.1} | more
    return samples.context(samples.Answering(scores), TRAIN, TEST, **given)


def test_a_plain_model_falls_to_its_surrogate() -> None:
    clean, robust = ATTACK.run(context())
    assert isinstance(clean, Measurement)
    assert isinstance(robust, Measurement)
    reach = 0.1 * (np.percentile(TRAIN.rows, 99, axis=0) - np.percentile(TRAIN.rows, 1, axis=0))
    possible = np.mean(np.abs(TEST.rows.sum(axis=1)) < reach.sum())
    assert 1 - possible <= robust.value <= 1 - 0.8 * possible
    assert robust.budget == {"training queries": 200, "queries": 1}


def test_it_needs_rows_and_time() -> None:
    assert ATTACK.applies(context()) is None
    assert "standard" in (ATTACK.applies(context(budget="quick")) or "")
    model = samples.Answering(scores)
    assert "--data" in (ATTACK.applies(samples.context(model, None, TEST)) or "")
    assert "--test" in (ATTACK.applies(samples.context(model, TRAIN, None)) or "")


def test_where_queries_are_counted_half_of_them_teach_and_too_few_are_refused() -> None:
    class Counting(samples.Answering):
        left = 500

        def predict(self, rows: np.ndarray) -> np.ndarray:
            self.left -= len(rows)
            return super().predict(rows)

    model = Counting(scores)
    given = samples.context(model, TRAIN, TEST, budget="standard", epsilon_linf=0.1)
    robust = list(ATTACK.run(given))[-1]
    assert isinstance(robust, Measurement)
    assert (robust.n, robust.budget["training queries"]) == (2, 200)
    assert model.left >= 0
    model.left = 199
    with pytest.raises(EndpointLostError, match="a surrogate takes at least 200"):
        list(ATTACK.run(given))
    assert model.left == 199
