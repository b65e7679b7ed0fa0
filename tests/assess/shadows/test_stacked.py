"""Stacked training: each network learns its own rows, and only those."""

from __future__ import annotations

import numpy as np
import pytest

import model_samples as samples
from modelkeep.assess.shadows import Layout, train_stack
from modelkeep.core import InputError

ROWS = samples.normal(120, 20)
TRUTH = np.random.default_rng(1).integers(0, 3, 120)
HALVES = np.stack([np.arange(120) % 2 == 0, np.arange(120) % 3 == 0])
MLP = Layout(hidden=64, epochs=80, batch=32, rate=5e-3)


def test_each_network_learns_its_rows_by_heart_and_knows_nothing_of_others() -> None:
    scores = train_stack(ROWS, TRUTH, HALVES, MLP, seed=0, classes=3)(ROWS)
    assert scores.shape == (2, 120, 3)
    assert scores.sum(axis=2) == pytest.approx(1.0)
    right = scores.argmax(axis=2) == TRUTH
    for own, mask in zip(right, HALVES, strict=True):
        assert own[mask].mean() > 0.95
        assert own[~mask].mean() < 0.6, "labels are a toss"


def test_it_is_repeated_by_its_seed_and_networks_differ() -> None:
    both = np.ones((2, 120), dtype=bool)
    first, again, other = (
        train_stack(ROWS, TRUTH, both, MLP, seed=seed, classes=3)(ROWS[:9])
        for seed in (0, 0, 1)
    )
    assert (first == again).all()
    assert not np.allclose(first, other)
    assert not np.allclose(first[0], first[1])


def test_convolutions_learn_images_by_heart() -> None:
    images = samples.normal(60, 1, 8, 8)
    layout = Layout(hidden=64, channels=(8, 16), epochs=60, batch=32, rate=5e-3)
    halves = np.stack([np.arange(60) % 2 == 0, np.arange(60) % 2 == 1])
    scores = train_stack(images, TRUTH[:60], halves, layout, seed=0, classes=3)(images)
    right = scores.argmax(axis=2) == TRUTH[:60]
    assert right[halves].mean() > 0.95
    assert right[~halves].mean() < 0.6


@pytest.mark.parametrize(
    ("included", "truth", "layout"),
    [
        (np.zeros((1, 120), dtype=bool), TRUTH, MLP),
        (HALVES, TRUTH + 1, MLP),
        (HALVES, TRUTH - 1, MLP),
        (HALVES, TRUTH, Layout(channels=(4,))),
    ],
    ids=["no rows", "class too high", "class too low", "no images"],
)
def test_what_cannot_be_trained_is_refused(
    included: np.ndarray, truth: np.ndarray, layout: Layout
) -> None:
    with pytest.raises(InputError):
        train_stack(ROWS, truth, included, layout, seed=0, classes=3)
