"""What a run plants is planted on a copy, where it says, and as much as was asked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import poison_samples as samples
from modelkeep.data.poison import planting, probes
from modelkeep.models import Dataset


@pytest.mark.parametrize("make", [samples.table, samples.texts, samples.images])
def test_every_probe_plants_what_it_says_on_a_copy(make: Callable[[], Dataset]) -> None:
    data = make()
    rows, labels = data.rows.copy(), data.labels.copy()
    for probe in probes.PROBES[data.kind]:
        planted = probe.plant(data, np.random.default_rng(3), 0.02)
        changed = planted.data.labels != data.labels
        if data.kind == "text":
            changed |= planted.data.rows != data.rows
        else:
            changed |= (planted.data.rows != data.rows).reshape(len(data), -1).any(axis=1)
        assert changed.any()
        assert set(np.flatnonzero(changed)) <= set(planted.rows)
    assert (data.rows == rows).all()
    assert (data.labels == labels).all()


def test_clean_labels_stay_and_at_most_half_of_a_class_is_touched() -> None:
    data = samples.images()
    for plant in (planting.own_patch, planting.own_wave):
        planted = plant(data, np.random.default_rng(0), 0.5)
        assert (planted.data.labels == data.labels).all()
        (label,) = set(data.labels[planted.rows])
        assert len(planted.rows) <= (data.labels == label).sum() / 2


def test_flips_near_the_boundary_are_where_neighbours_disagree() -> None:
    data = samples.table()
    near = planting.boundary_flips(data, np.random.default_rng(0), 0.02).rows
    missed = np.abs(samples.context_of(data).smoother.left_one_out[:, 0] - 0.5)
    assert missed[near].mean() < missed.mean()


def test_a_relabelled_neighbourhood_lies_together() -> None:
    data = samples.table()
    features = samples.context_of(data).features
    rows = planting.neighbourhood(data, np.random.default_rng(0), 0.03).rows
    assert len(rows) == 30
    assert features[rows].var(axis=0).sum() < 0.8 * features.var(axis=0).sum()
