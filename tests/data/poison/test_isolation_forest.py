"""Rows that few cuts set apart."""

from __future__ import annotations

import numpy as np

import poison_samples as samples
from modelkeep.data.poison import isolation_forest


def test_rows_at_both_ends_are_seen_the_same_each_time() -> None:
    data = samples.table()
    poison = np.arange(len(data)) < 20
    rng = np.random.default_rng(0)
    ends = rng.random((20, data.rows.shape[1])) < 0.5
    data.rows[poison] = np.where(ends, data.rows.min(axis=0), data.rows.max(axis=0))
    context = samples.context_of(data)
    scores = isolation_forest.run(context)
    assert samples.caught(scores, poison) > 0.9
    assert (scores.values == isolation_forest.run(context).values).all()
