"""Copies, and copies that push a label."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import poison_samples as samples
from modelkeep.data.poison import near_duplicates


def test_copies_are_one_group_and_come_first() -> None:
    data = samples.table()
    rows, labels = data.rows.copy(), data.labels.copy()
    source = np.flatnonzero(data.labels == "0")[0]
    rows[:15], labels[:15] = data.rows[source], "1"
    poison = np.arange(len(data)) < 15
    copied = replace(data, rows=rows, labels=labels)
    scores = near_duplicates.run(samples.context_of(copied))
    assert samples.caught(scores, poison) == 1
    assert poison[scores.groups[0].rows].sum() == 15


def test_data_without_copies_has_no_groups() -> None:
    scores = near_duplicates.run(samples.context_of(samples.table()))
    assert scores.groups == ()
    assert np.isfinite(scores.values).all()
