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


def test_noisy_copies_among_natural_repeats_are_told_by_their_surroundings() -> None:
    data = samples.table()
    rng = np.random.default_rng(0)
    rows, labels = data.rows.copy(), data.labels.copy()
    for source in range(100, 200):  # every one of these is there five times
        rows[[source, *(source + 100 * k for k in range(1, 5))]] = rows[source]
        labels[[source + 100 * k for k in range(1, 5)]] = labels[source]
    source = np.flatnonzero(labels == "0")[-1]
    spread = rows.std(axis=0) * data.numeric
    rows[:15] = rows[source] + 0.01 * rng.normal(size=(15, rows.shape[1])) * spread
    labels[:15] = "1"
    poison = np.arange(len(data)) < 15
    scores = near_duplicates.run(samples.context_of(replace(data, rows=rows, labels=labels)))
    assert samples.caught(scores, poison) > 0.9
    assert poison[scores.groups[0].rows].all()


def test_a_table_of_one_value_is_no_flood() -> None:
    data = samples.table(100)
    same = replace(data, rows=np.zeros_like(data.rows))
    scores = near_duplicates.run(samples.context_of(same))
    assert np.isfinite(scores.values).all()
