"""Labels alone: near the true distance, within budget, and honest about what it reached."""

from __future__ import annotations

import numpy as np
import pytest

from modelkeep.assess.black_box import Found, Oracle, Region, decision_search
from modelkeep.assess.threat import Norm

WIDTH = 8
RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(40, WIDTH)).astype(np.float32)
WEIGHTS = np.linspace(0.2, 1, WIDTH)
TRUTH = (ROWS @ WEIGHTS > 0).astype(int)


def labels(rows: np.ndarray) -> np.ndarray:
    return np.eye(2)[(rows @ WEIGHTS > 0).astype(int)]


def attack(
    norm: Norm, radius: float, each: int, *, seed: int = 0, to_the_end: bool = False
) -> tuple[Found, Oracle, Region]:
    oracle = Oracle(labels, (WIDTH,), TRUTH, each)
    wide = np.full(ROWS.shape, 10.0)
    there = Region(norm, radius, ROWS, np.ones(WIDTH), -wide, wide)
    return decision_search(oracle, there, seed=seed, to_the_end=to_the_end), oracle, there


@pytest.mark.parametrize(("norm", "dual", "factor"), [("linf", 1, 1.35), ("l2", 2, 1.15)])
def test_it_comes_close_to_the_nearest_wrong_answer(
    norm: Norm, dual: int, factor: float
) -> None:
    found, _, there = attack(norm, 0.1, 1500, to_the_end=True)
    exact = np.abs(ROWS @ WEIGHTS) / np.linalg.norm(WEIGHTS, ord=dual)
    reached = there.distance(found.points, np.arange(len(ROWS)))
    assert (labels(found.points).argmax(axis=1) != TRUTH).all()
    assert (reached >= exact - 1e-4).all()
    assert np.median(reached / exact) < factor


def test_what_it_calls_broken_is_inside_and_wrong() -> None:
    found, oracle, there = attack("linf", 0.15, 150)
    every = np.arange(len(ROWS))
    assert 0 < found.broken.sum() < len(ROWS)
    assert there.contains(found.points, every)[found.broken].all()
    assert (labels(found.points).argmax(axis=1) != TRUTH)[found.broken].all()
    assert oracle.spent.max() <= 150
    assert oracle.spent[found.broken].mean() < oracle.spent[~found.broken].mean()


@pytest.mark.parametrize("each", [0, 1, 5, 13, 40])
def test_the_budget_holds_whatever_it_is(each: int) -> None:
    _, oracle, _ = attack("l2", 0.1, each)
    assert oracle.spent.max(initial=0) <= each


def test_the_same_seed_finds_the_same_points() -> None:
    once, again = (attack("l2", 0.1, 120)[0].points for _ in range(2))
    assert (once == again).all()
    assert (once != attack("l2", 0.1, 120, seed=1)[0].points).any()


def test_a_model_of_one_answer_gives_nothing_to_find() -> None:
    def constant(rows: np.ndarray) -> np.ndarray:
        return np.eye(2)[np.zeros(len(rows), dtype=int)]

    oracle = Oracle(constant, (WIDTH,), np.zeros(5, dtype=int), 300)
    wide = np.full((5, WIDTH), 3.0)
    found = decision_search(
        oracle, Region("linf", 0.5, ROWS[:5], np.ones(WIDTH), -wide, wide), seed=0
    )
    assert not found.broken.any()
    assert (found.points == ROWS[:5]).all()
    assert oracle.spent.max() < 30, "no start, so nothing more is spent"
