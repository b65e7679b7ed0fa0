"""What a model of trusted rows alone says."""

from __future__ import annotations

import numpy as np

import poison_samples as samples
from modelkeep.data.poison import trusted_slice


def test_flips_are_seen_and_trusted_rows_never() -> None:
    data, poison = samples.flipped(samples.table(), 50)
    trusted = ~poison & (np.arange(len(data)) % 3 == 0)
    scores = trusted_slice.run(samples.context_of(data, trusted=trusted))
    assert samples.caught(scores, poison) > 0.7
    assert (scores.values[trusted] == 0).all()


def test_it_says_what_it_needs() -> None:
    data = samples.table()
    few = np.arange(len(data)) < 20
    assert "20 trusted rows" in (
        trusted_slice.applies(samples.context_of(data, trusted=few)) or ""
    )
    one = data.labels == "1"
    said = trusted_slice.applies(samples.context_of(data, trusted=one))
    assert said == "all trusted rows are of one class"
