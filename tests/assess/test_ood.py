"""Strangers: a model that knows them by their distance, and one that is sure of anything."""

from __future__ import annotations

import numpy as np
import pytest

import model_samples as samples
from modelkeep.assess.interface import by_name
from modelkeep.assess.ood import ATTACK, strangers
from modelkeep.core import InputError, Measurement, NotChecked
from modelkeep.models import Column

ROWS = samples.normal(100, 6)
DATA = samples.table(ROWS, ROWS[:, 0] > 0)


def measured(model: object) -> tuple[Measurement, ...]:
    found = tuple(ATTACK.run(samples.context(model, DATA, DATA)))
    return tuple(m for m in found if isinstance(m, Measurement))


def test_a_model_sure_of_far_rows_is_shown() -> None:
    found = measured(samples.linear([3, 0, 0, 0, 0, 0]))
    far = by_name(found, "ood_auroc[far]")
    assert far is not None
    assert far.high < 0.5
    assert "of strangers" in far.note
    (risk,) = ATTACK.risks(found)
    assert risk.measurement.value == min(m.value for m in found)


def test_a_model_unsure_of_what_it_does_not_know_is_not() -> None:
    known = {row.tobytes() for row in ROWS}

    def answer(rows: np.ndarray) -> np.ndarray:
        sure = [0.99 if row.tobytes() in known else 0.5 for row in rows]
        return samples.two_classes(np.array(sure))

    found = measured(samples.Answering(answer))
    assert len(found) == 4
    assert all(m.value == 1.0 for m in found)
    assert list(ATTACK.risks(found)) == []


def test_strangers_keep_shape_and_categories() -> None:
    columns = (*(Column(str(i)) for i in range(5)), Column("c", ("x", "y")))
    rows = np.hstack([ROWS[:, :5], (ROWS[:, 5:] > 0).astype(np.float32)])
    data = samples.table(rows, [0] * 100, *columns)
    for made in strangers(data, 0).values():
        assert made.shape == rows.shape
        assert (made[:, 5] == rows[:, 5]).all()
        assert (made[:, :5] != rows[:, :5]).any()


def test_a_model_that_refuses_strangers_is_not_blamed() -> None:
    def answer(rows: np.ndarray) -> np.ndarray:
        if np.abs(rows).max() > 10:
            raise InputError("out of range")
        return samples.two_classes(np.full(len(rows), 0.6))

    context = samples.context(samples.Answering(answer), DATA, DATA)
    refused = [outcome for outcome in ATTACK.run(context) if isinstance(outcome, NotChecked)]
    assert [outcome.what for outcome in refused] == ["out-of-distribution: far"]


@pytest.mark.parametrize("test", [None])
def test_it_needs_rows(test: None) -> None:
    assert ATTACK.applies(samples.context(samples.linear([1]), None, test)) is not None
