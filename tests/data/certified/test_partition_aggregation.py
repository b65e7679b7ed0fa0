"""Certificates hold under every removal and many insertions, tried one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

import poison_samples as samples
from modelkeep.core import InputError
from modelkeep.data.certified import certify, partition_rows, train_ensemble
from modelkeep.models import Column, Dataset


def small(rows: int = 14) -> Dataset:
    return samples.table(300).take(np.arange(rows))


def predicted(train: Dataset, test: Dataset, parts: int) -> np.ndarray:
    return certify(train_ensemble(train, parts=parts), test).predicted


def test_no_removal_within_the_radius_changes_a_prediction() -> None:
    train, test = small(), samples.table(300).take(np.arange(100, 140))
    found = certify(train_ensemble(train, parts=7), test)
    assert found.radius.max() >= 2
    for count in (1, 2):
        sure = found.radius >= count
        for gone in combinations(range(len(train)), count):
            kept = np.setdiff1d(np.arange(len(train)), gone)
            again = predicted(train.take(kept), test, 7)
            assert (again == found.predicted)[sure].all()


def test_no_insertion_within_the_radius_changes_a_prediction() -> None:
    train, test = small(), samples.table(300).take(np.arange(100, 140))
    found = certify(train_ensemble(train, parts=7), test)
    rng = np.random.default_rng(0)
    for _ in range(60):
        extra = rng.normal(0, 3, (2, train.rows.shape[1])).astype(np.float32)
        extra[:, 10] = rng.integers(0, 4, 2)
        both = replace(
            train,
            rows=np.concatenate([train.rows, extra]),
            labels=np.append(train.labels, rng.choice(["0", "1"], 2)),
        )
        assert (predicted(both, test, 7) == found.predicted)[found.radius >= 2].all()


def test_a_category_that_an_attacker_adds_moves_no_other_row() -> None:
    train = small(60)
    shifted = (*train.columns[:10], Column("kind", ("A", "a", "b", "c", "d")))
    rows = train.rows.copy()
    rows[:, 10] += 1  # the same texts under new codes
    again = replace(train, rows=rows, columns=shifted)
    assert (partition_rows(train, 9) == partition_rows(again, 9)).all()


def test_the_order_of_the_rows_does_not_matter() -> None:
    train, test = samples.table(300), samples.table(300, seed=2)
    order = np.random.default_rng(1).permutation(300)
    one = train_ensemble(train, parts=9).votes(test)
    assert (one == train_ensemble(train.take(order), parts=9).votes(test)).all()


def test_the_curve_falls_and_starts_at_the_accuracy() -> None:
    accuracy = certify(train_ensemble(samples.table(800)), samples.table(200)).accuracy
    shares = [share for _, share in accuracy.curve]
    assert accuracy.curve[0] == (0.0, accuracy.value)
    assert shares == sorted(shares, reverse=True)
    assert accuracy.low <= accuracy.value <= accuracy.high


def test_what_cannot_be_certified_is_refused() -> None:
    with pytest.raises(InputError, match="tables only"):
        train_ensemble(samples.texts(20))
    with pytest.raises(InputError, match="0 parts"):
        train_ensemble(small(), parts=0)
