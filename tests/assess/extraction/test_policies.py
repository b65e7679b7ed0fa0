"""Policies keep the answer and say less."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import model_samples as samples
from modelkeep.assess.extraction import POLICIES, Policy

BY_NAME = {policy.name: policy for policy in POLICIES}


@pytest.mark.parametrize("name", ["scores", "top1", "label"])
@given(st.integers(2, 12), st.integers(0, 99))
def test_the_best_class_stays_and_rows_sum_to_one(name: str, classes: int, seed: int) -> None:
    scores = samples.softmax(np.random.default_rng(seed).normal(size=(20, classes)))
    said = BY_NAME[name].apply(scores)
    assert (said.argmax(axis=1) == scores.argmax(axis=1)).all()
    assert said.sum(axis=1) == pytest.approx(1.0)


def test_each_says_just_that_much() -> None:
    scores = np.array([[0.6213, 0.2501, 0.1286]])
    assert BY_NAME["rounded"].apply(scores).tolist() == [[0.62, 0.25, 0.13]]
    assert BY_NAME["top1"].apply(scores)[0] == pytest.approx([0.6213, 0.18935, 0.18935])
    assert BY_NAME["label"].apply(scores).tolist() == [[1, 0, 0]]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_the_scores_given_are_left_as_they_are(policy: Policy) -> None:
    scores = np.array([[0.25, 0.75], [0.5, 0.5]])
    policy.apply(scores)
    assert scores.tolist() == [[0.25, 0.75], [0.5, 0.5]]
