"""Intervals against independent implementations, and against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from modelkeep.models.intervals import auc, auc_interval, clopper_pearson

scores = st.lists(st.integers(0, 5), min_size=1, max_size=12)  # few values: many ties


@pytest.mark.parametrize("n", [1, 7, 50])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_interval_of_a_share_is_the_exact_one(n: int, level: float) -> None:
    for hits in range(n + 1):
        exact = binomtest(hits, n).proportion_ci(level, method="exact")
        assert clopper_pearson(hits, n, level) == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.97])
def test_the_interval_of_a_share_covers_it_as_often_as_it_says(share: float) -> None:
    n = 40
    ends = np.array([clopper_pearson(hits, n) for hits in range(n + 1)])
    drawn = ends[np.random.default_rng(0).binomial(n, share, 20_000)]
    covered = (drawn[:, 0] <= share) & (share <= drawn[:, 1])
    assert covered.mean() >= 0.948


@given(scores, scores)
def test_the_area_is_that_of_scikit_learn_with_ties(above: list[int], below: list[int]) -> None:
    truth = [1] * len(above) + [0] * len(below)
    expected = roc_auc_score(truth, above + below)
    assert auc(np.array(above), np.array(below)) == pytest.approx(expected)


@given(scores, scores, st.integers(0, 9))
def test_the_interval_of_an_area_holds_it_and_is_repeated_by_its_seed(
    above: list[int], below: list[int], seed: int
) -> None:
    groups = np.array(above), np.array(below)
    value, low, high = auc_interval(*groups, seed=seed, draws=20)
    assert 0 <= low <= value <= high <= 1
    assert value == auc(*groups)
    assert auc_interval(*groups, seed=seed, draws=20) == (value, low, high)


def test_the_interval_of_an_area_covers_it_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    true_area, covered, runs = 0.76025, 0, 120  # of normals one apart: Phi(1 / sqrt 2)
    for seed in range(runs):
        groups = rng.normal(1, 1, 60), rng.normal(0, 1, 60)
        _, low, high = auc_interval(*groups, seed=seed, draws=150)
        covered += low <= true_area <= high
    assert 0.89 <= covered / runs <= 0.99
