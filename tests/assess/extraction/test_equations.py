"""Equations: any linear model is solved from d + 1 answers, whatever its scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import model_samples as samples
from modelkeep.assess.extraction import design_points, solve_equations


@settings(max_examples=30)
@given(st.integers(1, 30), st.integers(2, 6), st.integers(0, 99))
def test_weights_are_found_at_d_plus_one(features: int, classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights, bias = rng.normal(size=(features, classes)), rng.normal(size=classes)
    scale = 10.0 ** rng.integers(-3, 4, features)
    rows = (rng.normal(size=(200, features)) * scale).astype(np.float32)

    def answer(asked: np.ndarray) -> np.ndarray:
        return samples.softmax(asked / scale @ weights + bias)

    points = design_points(rows)
    assert points.shape == (features + 1, features)
    copied = solve_equations(points, answer(points))(rows).argmax(axis=1)
    assert (copied == answer(rows).argmax(axis=1)).mean() > 0.99


def test_features_that_never_change_do_not_stop_it() -> None:
    rows = np.ones((50, 3), dtype=np.float32)
    assert np.linalg.matrix_rank(design_points(rows) - rows[0]) == 3


def test_one_answer_too_few_leaves_the_model_open() -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(20, 2))
    rows = rng.normal(size=(300, 20)).astype(np.float32)
    points = design_points(rows)[:11]
    copied = solve_equations(points, samples.softmax(points @ weights))(rows).argmax(axis=1)
    assert 0.4 < (copied == (rows @ weights).argmax(axis=1)).mean() < 0.95


@pytest.mark.parametrize("label", [0, 1])
def test_answers_of_zero_and_one_are_no_error(label: int) -> None:
    points = design_points(samples.normal(50, 4))
    copied = solve_equations(points, np.eye(2)[[label] * 5])(samples.normal(9, 4))
    assert (copied.argmax(axis=1) == label).all()
