"""Rows far out along the main direction of their class."""

from __future__ import annotations

import numpy as np

import poison_samples as samples
from modelkeep.data.poison import beyond_doubt, spectral_signatures


def test_rows_far_out_in_the_layer_are_seen() -> None:
    data, poison = samples.plant(samples.images(), samples.patch, 9, "3")
    hidden = data.rows.reshape(len(data), -1).copy()
    hidden[:, 0] += 20 * poison
    scores = spectral_signatures.run(samples.context_of(data, hidden=hidden))
    assert samples.caught(scores, poison) == 1


def test_no_clean_row_is_in_a_tail_beyond_doubt() -> None:
    scores = spectral_signatures.run(samples.context_of(samples.texts()))
    assert np.isfinite(scores.values).all()
    assert beyond_doubt(scores.groups) == ()
