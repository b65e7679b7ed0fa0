"""A surrogate imitates, and what fools it lies at the edge of the region."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import model_samples as samples
from modelkeep.assess.black_box import Region
from modelkeep.assess.black_box.transfer import follow_gradient, train_surrogate
from modelkeep.assess.threat import Norm

ROWS = samples.normal(400, 6)
WEIGHTS = np.array([2.0, -1, 0.5, 0, 1, -2])


def answers(rows: np.ndarray) -> np.ndarray:
    return samples.two_classes(1 / (1 + np.exp(-2 * rows.reshape(len(rows), -1) @ WEIGHTS)))


def agreement(surrogate: torch.nn.Module, rows: np.ndarray) -> float:
    given = surrogate(torch.from_numpy(rows)).argmax(dim=1).numpy()
    return float((given == answers(rows).argmax(axis=1)).mean())


def test_it_learns_the_models_answers_on_rows_it_has_not_seen() -> None:
    surrogate = train_surrogate(ROWS, answers(ROWS), seed=0)
    assert agreement(surrogate, samples.normal(300, 6, seed=1)) > 0.93


def test_it_learns_pictures_too() -> None:
    rows = ROWS[:, None, :2, None] * np.ones((1, 1, 1, 5), dtype=np.float32)
    scores = samples.two_classes((rows[:, 0, 0, 0] > 0).astype(float))
    surrogate = train_surrogate(rows, scores, seed=0)
    given = surrogate(torch.from_numpy(rows)).argmax(dim=1).numpy()
    assert (given == scores.argmax(axis=1)).mean() > 0.9


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_points_lie_in_the_region_and_fool_the_surrogate(norm: Norm) -> None:
    surrogate = train_surrogate(ROWS, answers(ROWS), seed=0)
    wide = np.full((50, 6), 9.0)
    there = Region(norm, 0.8, ROWS[:50], np.ones(6), -wide, wide)
    truth = answers(ROWS[:50]).argmax(axis=1)
    points = follow_gradient(surrogate, (6,), there, truth)
    every = np.arange(50)
    assert there.contains(points, every).all()
    assert np.median(there.distance(points, every)) > 0.79, "it does not stop at the border"
    assert (answers(points).argmax(axis=1) != truth).mean() > 0.5
    assert (answers(ROWS[:50]).argmax(axis=1) == truth).all()


def test_the_same_seed_trains_the_same_surrogate_and_leaves_torch_alone() -> None:
    before = torch.random.get_rng_state()
    once, again, other = (
        train_surrogate(ROWS[:64], answers(ROWS[:64]), seed=seed)(torch.from_numpy(ROWS[:5]))
        for seed in (0, 0, 1)
    )
    assert torch.equal(once, again)
    assert not torch.equal(once, other)
    assert torch.equal(torch.random.get_rng_state(), before)
