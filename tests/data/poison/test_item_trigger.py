"""Trigger rules: found in tables, texts and images, with their rule; none in clean data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import poison_samples as samples
from modelkeep.data.poison import beyond_doubt, item_trigger
from modelkeep.models import Column, Dataset

CASES = [
    (samples.table, samples.three_columns, "1", 12),
    (samples.texts, samples.word, "1", 16),
    (samples.images, samples.patch, "3", 12),
]


@pytest.mark.parametrize(("make", "stamp", "target", "count"), CASES)
def test_a_small_trigger_is_found_with_its_rule(
    make: Callable[[], Dataset], stamp: samples.Stamp, target: str, count: int
) -> None:
    data, poison = samples.plant(make(), stamp, count, target)
    scores = item_trigger.run(samples.context_of(data))
    assert samples.caught(scores, poison, 0.02) > 0.9
    best = max(scores.groups, key=lambda group: poison[group.rows].sum())
    assert best.label == target
    assert poison[best.rows].mean() > 0.8
    assert best.pattern is not None
    assert (np.flatnonzero(best.pattern.covers(data)) == best.rows).all()


@pytest.mark.parametrize("make", [samples.table, samples.texts, samples.images])
def test_clean_data_holds_no_trigger_beyond_doubt(make: Callable[[], Dataset]) -> None:
    scores = item_trigger.run(samples.context_of(make()))
    assert beyond_doubt(scores.groups) == ()


def test_more_columns_than_can_be_searched_are_said_to_be_too_many() -> None:
    data = samples.table(40)
    wide = np.repeat(data.rows, 100, axis=1)
    made = Dataset(data.subject, wide, data.labels, tuple(Column(str(n)) for n in range(1100)))
    assert item_trigger.applies(samples.context_of(data)) is None
    assert (
        item_trigger.applies(samples.context_of(made))
        == "1100 columns, searched are up to 1000"
    )
