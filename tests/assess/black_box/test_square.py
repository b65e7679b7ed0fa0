"""Squares inside the ball, whatever the norm, and far better than noise of the same size."""

from __future__ import annotations

import numpy as np
import pytest

from modelkeep.assess.black_box import Oracle, Region, square_search
from modelkeep.assess.threat import Norm

SHAPE = (2, 9, 9)
PIXELS = 2 * 9 * 9
ROWS = np.random.default_rng(0).uniform(0.3, 0.7, (12, PIXELS)).astype(np.float32)
PATTERN = np.zeros(SHAPE)
PATTERN[:, 2:6, 3:7] = 1.0  # the model looks at one square


def predict(images: np.ndarray) -> np.ndarray:
    logit = 40 * ((images * PATTERN).sum(axis=(1, 2, 3)) / PATTERN.sum() - 0.56)
    positive = 1 / (1 + np.exp(-logit))
    return np.stack([1 - positive, positive], axis=1)


def attack(
    norm: Norm, radius: float, each: int, seed: int = 0
) -> tuple[object, Oracle, Region]:
    oracle = Oracle(predict, SHAPE, np.zeros(len(ROWS), dtype=int), each)
    there = Region(norm, radius, ROWS, np.ones(PIXELS), np.zeros_like(ROWS), np.ones_like(ROWS))
    return square_search(oracle, there, seed=seed), oracle, there


@pytest.mark.parametrize(("norm", "radius"), [("linf", 0.12), ("l2", 1.3)])
def test_it_finds_the_square_that_noise_does_not(norm: Norm, radius: float) -> None:
    found, oracle, there = attack(norm, radius, 200)
    every = np.arange(len(ROWS))
    assert found.broken.mean() > 0.9
    assert there.contains(found.points, every).all()
    assert ((found.points >= 0) & (found.points <= 1)).all()
    rng, noise = np.random.default_rng(0), 0
    for _ in range(200):
        trial = there.project(ROWS + 10 * rng.normal(size=ROWS.shape), every)
        noise += int((predict(trial.reshape(-1, *SHAPE)).argmax(axis=1) == 1).sum())
    assert noise < 200, "of 2,400 tries"
    assert oracle.queries < 200 * len(ROWS), "a broken image leaves"


def test_it_repeats_from_its_seed_and_stays_within_its_budget() -> None:
    once, oracle, _ = attack("linf", 0.02, 30)
    again, _, _ = attack("linf", 0.02, 30)
    other, _, _ = attack("linf", 0.02, 30, seed=1)
    assert (once.points == again.points).all()
    assert (once.points != other.points).any()
    assert not once.broken.any()
    assert (oracle.spent == 30).all()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 7), (3, 2, 2)])
def test_tiny_pictures_are_no_error(shape: tuple[int, ...]) -> None:
    rows = np.full((2, int(np.prod(shape))), 0.5, dtype=np.float32)

    def constant(images: np.ndarray) -> np.ndarray:
        return np.tile([0.9, 0.1], (len(images), 1))

    for norm in ("linf", "l2"):
        oracle = Oracle(constant, shape, np.zeros(2, dtype=int), 20)
        there = Region(norm, 0.1, rows, np.ones(rows.shape[1]), 0 * rows, 0 * rows + 1)
        assert np.isfinite(square_search(oracle, there, seed=0).points).all()
