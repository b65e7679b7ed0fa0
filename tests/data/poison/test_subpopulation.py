"""A part of the data relabelled as a whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import poison_samples as samples
from modelkeep.data.poison import subpopulation


def test_a_relabelled_region_is_denied_by_its_surroundings() -> None:
    data = samples.table()
    centre = np.flatnonzero(data.labels == "0")[3]
    near = np.argsort(np.square(data.rows - data.rows[centre]).sum(axis=1))
    near = near[data.labels[near] == "0"][:20]
    labels = data.labels.copy()
    labels[near] = "1"
    poison = np.isin(np.arange(len(data)), near)
    scores = subpopulation.run(samples.context_of(replace(data, labels=labels)))
    assert samples.caught(scores, poison) > 0.7
    assert samples.caught(subpopulation.run(samples.context_of(data)), poison) < 0.2
