"""A source that the others deny."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import poison_samples as samples
from modelkeep.data.poison import left_out_source


def test_a_source_with_flipped_labels_is_named() -> None:
    data = samples.table()
    sources = np.array(["east", "north", "south", "west"])[np.arange(len(data)) % 4]
    bad = sources == "south"
    labels = np.where(bad, np.where(data.labels == "0", "1", "0"), data.labels)
    context = samples.context_of(replace(data, labels=labels), sources=sources)
    scores = left_out_source.run(context)
    assert (scores.groups[0].rows == np.flatnonzero(bad)).all()
    assert samples.caught(scores, bad) > 0.9


def test_sources_that_agree_are_not_named_and_one_is_not_enough() -> None:
    data = samples.table()
    sources = np.array(["east", "west"])[np.random.default_rng(0).integers(0, 2, len(data))]
    assert left_out_source.run(samples.context_of(data, sources=sources)).groups == ()
    assert "no two sources" in (left_out_source.applies(samples.context_of(data)) or "")
