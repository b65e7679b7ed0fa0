"""Rows that were stamped lie among others; natural groups lie together."""

from __future__ import annotations

import numpy as np
import pytest

import poison_samples as samples
from modelkeep.data.poison.mixing import mixes_elsewhere
from modelkeep.data.poison.patterns import Pattern, Range
from modelkeep.data.poison.rule_search import Candidate


def test_stamped_rows_mix_with_those_they_were_taken_from() -> None:
    data, poison = samples.plant(samples.table(), samples.three_columns, 24, "1")
    pattern = Pattern(tuple(Range(column, -9, 9) for column in (1, 4, 7)))
    rows = np.flatnonzero(poison)
    assert mixes_elsewhere(samples.context_of(data), Candidate(pattern, 1, rows))


@pytest.mark.parametrize("hidden", [(), (0,)])
def test_a_natural_cluster_does_not(hidden: tuple[int, ...]) -> None:
    data = samples.table()
    rows = data.rows.copy()
    cluster = np.flatnonzero(data.labels == "1")[:40]
    rows[cluster] = rows[cluster[:1]] + 0.05 * np.random.default_rng(0).normal(
        size=(40, rows.shape[1])
    )
    rows[cluster, 10] = 2
    made = samples.context_of(type(data)(data.subject, rows, data.labels, data.columns))
    pattern = Pattern(tuple(Range(column, -9, 9) for column in hidden)) if hidden else None
    assert not mixes_elsewhere(made, Candidate(pattern, 1, cluster))


def test_texts_hide_the_direction_of_the_group() -> None:
    data, poison = samples.plant(samples.texts(), samples.word, 24, "1")
    candidate = Candidate(None, 1, np.flatnonzero(poison))
    assert mixes_elsewhere(samples.context_of(data), candidate)
