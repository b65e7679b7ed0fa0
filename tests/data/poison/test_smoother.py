"""Leaving rows out in closed form is training again without them."""

from __future__ import annotations

import numpy as np
import pytest

from modelkeep.data.poison import smoother


@pytest.mark.parametrize("count", [1, 7, 60])
def test_left_out_is_what_a_model_trained_without_the_rows_says(count: int) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 20))
    targets = np.eye(3)[rng.integers(0, 3, 300)]
    made = smoother.fit_smoother(features, targets)
    rows = np.sort(rng.permutation(300)[:count])
    rest = np.setdiff1d(np.arange(300), rows)
    trained = [
        features[rows]
        @ np.linalg.solve(
            features[rest].T @ features[rest] + ridge * np.eye(20),
            features[rest].T @ targets[rest],
        )
        for ridge in (0.03, 0.3, 3.0)
    ]
    said = made.left_out(rows)
    assert min(np.abs(said - other).max() for other in trained) < 1e-4
    if count == 1:
        assert np.allclose(said, made.left_one_out[rows], atol=1e-4)
