"""Outliers by the tails of their columns, and the guilty column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import poison_samples as samples
from modelkeep.data.poison import ecod
from modelkeep.models import Dataset


def planted() -> tuple[Dataset, np.ndarray]:
    data = samples.table()
    rows = data.rows.copy()
    rows[5, 2], rows[70, 8], rows[400, 0] = 40, -35, 60
    return replace(data, rows=rows), np.array([5, 70, 400])


def test_three_planted_outliers_are_named_with_their_column() -> None:
    data, where = planted()
    context = samples.context_of(data)
    guilty = [ecod.guilty_columns(context, int(row))[0][0] for row in where]
    assert guilty == ["c2", "c8", "c0"]


@pytest.mark.parametrize("make", [samples.table, samples.texts, samples.images])
def test_rows_at_both_ends_are_seen_and_every_score_is_finite(
    make: Callable[[], Dataset],
) -> None:
    data = make()
    rng = np.random.default_rng(0)
    poison = np.arange(len(data)) < 20
    rows = data.rows.copy()
    if data.kind == "text":
        rows[poison] = ["".join(rng.choice(list("#%9QZ"), 90)) for _ in range(20)]
    elif data.kind == "image":
        rows[poison] = rng.random(rows[poison].shape)
    else:
        rows[poison] = np.where(rng.random(rows[poison].shape) < 0.5, rows.min(0), rows.max(0))
    scores = ecod.run(samples.context_of(replace(data, rows=rows)))
    assert np.isfinite(scores.values).all()
    assert samples.caught(scores, poison) > 0.9
