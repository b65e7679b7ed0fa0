"""Few queries, all within budget: better than chance on trees, exact on what is linear."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from modelkeep.assess.black_box import Found, Oracle, Region, coordinate_search
from modelkeep.assess.threat import Norm

RNG = np.random.default_rng(0)
WIDTH = 20
ROWS = RNG.normal(size=(300, WIDTH)).astype(np.float32)
WEIGHTS = np.linspace(-1, 1, WIDTH)
TRUTH = (ROWS @ WEIGHTS > 0).astype(int)
ATTACKED = 60


def linear(rows: np.ndarray) -> np.ndarray:
    positive = 1 / (1 + np.exp(-rows @ WEIGHTS))
    return np.stack([1 - positive, positive], axis=1)


def region(norm: Norm, radius: float, rows: np.ndarray) -> Region:
    wide = np.full(rows.shape, 10.0)
    return Region(norm, radius, rows, np.ones(WIDTH), -wide, wide)


def attack(
    predict: object, *, each: int, radius: float = 0.2, norm: Norm = "linf", seed: int = 0
) -> tuple[Found, Oracle, Region]:
    rows, truth = ROWS[:ATTACKED], TRUTH[:ATTACKED]
    oracle = Oracle(predict, (WIDTH,), truth, each)
    there = region(norm, radius, rows)
    return coordinate_search(oracle, there, seed=seed), oracle, there


@pytest.mark.parametrize(("norm", "dual"), [("linf", 1), ("l2", 2)])
def test_a_linear_model_is_broken_wherever_it_can_be(norm: Norm, dual: int) -> None:
    found, oracle, there = attack(linear, each=100, norm=norm, radius=0.2 if dual == 1 else 0.7)
    reach = there.radius * np.linalg.norm(WEIGHTS, ord=dual)
    possible = np.abs(ROWS[:ATTACKED] @ WEIGHTS) < reach
    assert 5 < possible.sum() < ATTACKED - 5
    assert not (found.broken & ~possible).any()
    assert found.broken.sum() >= possible.sum() - (0 if norm == "linf" else 3)
    assert there.contains(found.points, np.arange(ATTACKED)).all()
    assert oracle.spent.max() <= 100


def test_on_trees_it_breaks_what_as_many_random_corners_do_not() -> None:
    model = GradientBoostingClassifier(n_estimators=30, random_state=0).fit(ROWS, TRUTH)
    right = model.predict(ROWS[:ATTACKED]) == TRUTH[:ATTACKED]
    found, oracle, there = attack(model.predict_proba, each=40)
    rng, noise = np.random.default_rng(1), np.zeros(ATTACKED, dtype=bool)
    for _ in range(40):
        corner = there.towards(rng.choice([-1.0, 1.0], (ATTACKED, WIDTH)), np.arange(ATTACKED))
        noise |= model.predict(corner) != TRUTH[:ATTACKED]
    assert (found.broken & right).sum() > (noise & right).sum() + 3
    assert oracle.queries < 40 * ATTACKED
    answered = model.predict(found.points) != TRUTH[:ATTACKED]
    assert (answered == found.broken).all(), "what it calls broken is broken"


def test_the_same_seed_finds_the_same_points() -> None:
    once, again = (attack(linear, each=20)[0].points for _ in range(2))
    other = attack(linear, each=20, seed=1)[0].points
    assert (once == again).all()
    assert (once != other).any()


def test_a_row_that_gains_nothing_is_given_up() -> None:
    def constant(rows: np.ndarray) -> np.ndarray:
        return np.eye(2)[np.ones(len(rows), dtype=int)]

    rows = ROWS[:3]
    oracle = Oracle(constant, (WIDTH,), np.ones(3, dtype=int), 500)
    found = coordinate_search(oracle, region("linf", 0.1, rows), seed=0, patience=20)
    assert not found.broken.any()
    assert oracle.spent.max() <= 22


@pytest.mark.parametrize("each", [0, 1, 2])
def test_hardly_any_queries_are_no_error(each: int) -> None:
    found, oracle, _ = attack(linear, each=each)
    assert found.points.shape == (ATTACKED, WIDTH)
    assert oracle.queries <= each * ATTACKED


def test_nothing_to_move_costs_one_query_a_row() -> None:
    oracle = Oracle(linear, (WIDTH,), TRUTH[:5], 50)
    still = Region("linf", 1, ROWS[:5], np.zeros(WIDTH), ROWS[:5], ROWS[:5])
    found = coordinate_search(oracle, still, seed=0)
    assert (found.points == ROWS[:5]).all()
    assert oracle.queries == 5
