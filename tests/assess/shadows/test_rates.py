"""Rates: what few rows cannot show is not claimed, and no bound is above the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.assess.shadows import epsilon_bound, precision_at_prior, threshold_at
from modelkeep.core import InputError


@given(
    st.lists(st.floats(-5, 5), min_size=20, max_size=200),
    st.sampled_from([0.05, 0.1, 0.5]),
)
def test_no_more_than_the_rate_lies_above_the_threshold(
    values: list[float], rate: float
) -> None:
    scores = np.array(values)
    assert (scores > threshold_at(scores, rate)).mean() <= rate


def test_just_as_many_are_accused_as_may_be() -> None:
    assert (np.arange(1000.0) > threshold_at(np.arange(1000.0), 0.01)).sum() == 10


@pytest.mark.parametrize(("n", "rate"), [(99, 0.01), (999, 0.001), (0, 0.05)])
def test_a_rate_below_the_floor_is_refused(n: int, rate: float) -> None:
    with pytest.raises(InputError, match="needs at least"):
        threshold_at(np.zeros(n), rate)


def test_precision_is_that_of_bayes_and_falls_with_the_prior() -> None:
    value, low, high = precision_at_prior((500, 1000), (10, 1000), 0.5)
    assert value == pytest.approx(0.5 / 0.51)
    assert low < value < high
    rare, *_ = precision_at_prior((500, 1000), (10, 1000), 0.01)
    assert rare == pytest.approx(0.005 / (0.005 + 0.0099))


def test_nobody_accused_leaves_the_prior() -> None:
    value, low, high = precision_at_prior((0, 100), (0, 100), 0.1)
    assert value == 0.1
    assert low <= value <= high


def answers(epsilon: float, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Randomised response: the strongest leak that epsilon allows."""
    rng = np.random.default_rng(seed)
    truthful = math.exp(epsilon) / (1 + math.exp(epsilon))
    members = rng.random(n) < truthful
    others = rng.random(n) < 1 - truthful
    return members.astype(float), others.astype(float)


def test_the_bound_stays_below_the_truth_and_comes_near() -> None:
    bounds = [epsilon_bound(*answers(1.0, 4000, seed), seed=seed)[0] for seed in range(40)]
    assert sum(bound > 1.0 for bound in bounds) <= 4, "95 % hold"
    assert np.median(bounds) > 0.75


def test_nothing_is_proved_where_nothing_leaks() -> None:
    rng = np.random.default_rng(0)
    low, most = epsilon_bound(rng.normal(size=1000), rng.normal(size=1000), seed=0)
    assert low < 0.2
    assert 4 < most < 6


def test_complete_leaks_prove_what_the_rows_allow() -> None:
    low, most = epsilon_bound(np.ones(400), np.zeros(400), seed=0)
    assert low == pytest.approx(most)


def test_the_direction_of_clearing_counts_as_well() -> None:
    """A few others are surely no members; nobody is surely one."""
    others = np.r_[np.zeros(600), np.ones(1400)]
    low, _ = epsilon_bound(np.ones(2000), others, seed=0)
    assert low > 3
