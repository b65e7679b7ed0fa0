"""Labels that a kernel model does not expect."""

from __future__ import annotations

import numpy as np

import poison_samples as samples
from modelkeep.data.poison import unexpected_label


def test_random_flips_are_seen_in_a_table() -> None:
    data, poison = samples.flipped(samples.table(), 50)
    scores = unexpected_label.run(samples.context_of(data))
    assert scores.values.shape == (1000,)
    assert np.isfinite(scores.values).all()
    assert samples.caught(scores, poison) > 0.6


def test_the_flipped_rows_are_not_accused_before_they_are_flipped() -> None:
    data = samples.table()
    _, poison = samples.flipped(data, 50)
    assert samples.caught(unexpected_label.run(samples.context_of(data)), poison) < 0.2
