"""Rows of the test data that stand in the training data."""

from __future__ import annotations

import numpy as np

from modelkeep.data.leaks import same_rows


def test_whole_rows_and_rows_but_for_their_label() -> None:
    train = np.array([[0.0, 1], [2, np.nan], [3, 3]], np.float32)
    test = np.array([[-0.0, 1], [2, np.nan], [9, 9]], np.float32)
    labels = np.array(["a", "b", "a"])
    found = same_rows((train, labels), (test, np.array(["a", "a", "a"])))
    assert [(f.kind, f.train, f.test) for f in found] == [
        ("same row", 0, 0),
        ("same features", 1, 1),
    ]
