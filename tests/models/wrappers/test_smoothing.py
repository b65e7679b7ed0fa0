from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from modelkeep.core import InputError
from modelkeep.models.wrappers import Smoothing, votes_needed
from wrapper_samples import ROWS, WEIGHTS, around, linear


def test_the_table_of_votes_is_the_exact_test() -> None:
    needed = votes_needed(40, 0.01)
    for both in range(1, 41):
        enough = [
            k for k in range((both + 1) // 2, both + 1) if binomtest(k, both).pvalue <= 0.01
        ]
        assert needed[both] == (enough[0] if enough else 41)


def test_shares_are_votes_over_noise() -> None:
    found = around(Smoothing(0.5, 1000, 0.001)).predict(ROWS[:5])
    rng = np.random.default_rng(3)
    noisy = ROWS[:5, None] + 0.5 * rng.standard_normal((5, 4000, 4))
    answers = linear().predict(noisy.reshape(-1, 4).astype(np.float32)).argmax(1).reshape(5, -1)
    expected = np.stack([(answers == c).mean(1) for c in range(3)], 1)
    assert found == pytest.approx(expected, abs=0.08)


def test_it_abstains_where_the_winner_could_be_chance_and_answers_where_not() -> None:
    model = around(Smoothing(0.05, 64, 0.001))
    far = np.abs(np.diff(np.sort(ROWS @ WEIGHTS, 1)[:, 1:])) > 1
    plain = linear().predict(ROWS).argmax(1)
    assert (model.answers(ROWS) == plain)[far[:, 0]].all()
    assert (model.answers(np.zeros((40, 4), np.float32)) == -1).any()


def test_noise_is_new_in_every_call_and_the_same_in_every_assessment() -> None:
    first, second = around(Smoothing(1.0, 32, 0.01)), around(Smoothing(1.0, 32, 0.01))
    one = first.predict(ROWS)
    assert (one != first.predict(ROWS)).any()
    assert (one == second.predict(ROWS)).all()


@pytest.mark.parametrize(
    "wrapper",
    [
        Smoothing(0.0, 10, 0.1),
        Smoothing(0.1, 0, 0.1),
        Smoothing(0.1, 10, 0.0),
        Smoothing(0.1, 10, 0.1, (1.0, 1.0)),
    ],
)
def test_numbers_that_make_no_smoothing_are_refused(wrapper: Smoothing) -> None:
    with pytest.raises(InputError, match=r"no smoothing|noise for"):
        around(wrapper)
