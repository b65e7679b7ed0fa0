from __future__ import annotations

import numpy as np
import pytest

from modelkeep.assess.explanation.stability import bound_of_moves


@pytest.mark.parametrize("models", [5, 9, 17])
def test_one_more_model_stays_below_the_bound_about_as_often_as_asked(models: int) -> None:
    """Models alike but for noise whose size differs by effect, and some further out."""
    rng = np.random.default_rng(0)
    crossed = []
    for _ in range(600):
        spread = rng.gamma(2, 1, 40)
        alike = rng.standard_t(6, (models + 1, 40)) * spread
        *known, new = alike
        crossed.append(np.abs(new - known[0]).max() > bound_of_moves(np.array(known), 0.95))
    assert np.mean(crossed) < 0.09


def test_it_grows_with_the_level_and_with_the_noise() -> None:
    alike = np.random.default_rng(0).normal(size=(5, 20))
    assert bound_of_moves(alike, 0.9) < bound_of_moves(alike, 0.99)
    assert bound_of_moves(10 * alike, 0.95) == pytest.approx(10 * bound_of_moves(alike, 0.95))


def test_models_that_never_move_leave_no_room() -> None:
    assert bound_of_moves(np.ones((4, 3)), 0.95) == 0.0


def test_two_models_have_no_spread() -> None:
    with pytest.raises(ValueError, match="three models"):
        bound_of_moves(np.zeros((2, 3)), 0.95)
