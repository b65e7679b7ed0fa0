from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from modelkeep.assess import assess_model, by_name, certified_smoothing
from modelkeep.assess.certified_smoothing import certify, euclidean
from modelkeep.models import from_bytes
from modelkeep.models.wrappers import Smoothing, wrap
from wrapper_samples import ROWS, WEIGHTS, linear, picture_task


@pytest.mark.parametrize("seed", range(3))
def test_no_radius_reaches_beyond_the_boundary_of_a_linear_model(seed: int) -> None:
    # Of two classes, the smoothed linear model has the same boundary as the plain one.
    smoothing, rng = Smoothing(0.5, 64, 0.001), np.random.default_rng(seed)
    model = linear()
    for row in ROWS[:15]:
        found = certify(model, row, smoothing, 1000, rng)
        if found.answer < 0:
            continue
        logits = row @ WEIGHTS
        gaps = [
            (logits[found.answer] - logits[c])
            / np.linalg.norm(WEIGHTS[:, found.answer] - WEIGHTS[:, c])
            for c in range(3)
            if c != found.answer
        ]
        assert 0 < found.radius <= min(gaps) + 1e-6


def test_the_radius_grows_with_votes_as_the_bound_says() -> None:
    sure = np.array([9.0, 0, 0, 0], np.float32) @ np.eye(4, dtype=np.float32)
    found = certify(linear(), sure, Smoothing(0.5, 64, 0.001), 1000, np.random.default_rng(0))
    assert found.radius == pytest.approx(0.5 * norm.ppf(0.001 ** (1 / 1000)), rel=1e-6)


def test_the_certified_share_lies_below_the_clean_one_and_falls_with_the_radius() -> None:
    task = picture_task()
    assert task.test is not None
    inside = task.model.base(task.test.rows[:20])  # type: ignore[attr-defined]
    smoothed = from_bytes(wrap([inside], Smoothing(0.2, 32, 0.01)))
    context = replace(task, model=smoothed)
    assert certified_smoothing.applies(context) is None
    made = assess_model(context, [certified_smoothing.ATTACK]).all_measurements()
    found = by_name(made, "certified_accuracy")
    assert found is not None
    shares = [share for _, share in found.curve]
    assert shares == sorted(shares, reverse=True)
    assert 0 < found.value < 1


def test_a_cube_lies_in_a_larger_ball() -> None:
    assert euclidean("linf", 0.1, 25) == pytest.approx(0.5)
    assert euclidean("l2", 0.1, 25) == euclidean("l1", 0.1, 25) == pytest.approx(0.1)


def test_it_is_silent_about_models_without_noise() -> None:
    assert certified_smoothing.applies(picture_task()) == "the model is not smoothed by noise"
