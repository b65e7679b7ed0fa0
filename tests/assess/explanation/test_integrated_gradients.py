"""Attributions add up, and show what a black baseline cannot."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model_samples import normal, table
from modelkeep.assess.explanation.integrated_gradients import centred, ends_of, integrate
from modelkeep.models import Column


def relu_network(seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    nn = torch.nn
    return nn.Sequential(
        nn.Linear(6, 20), nn.ReLU(), nn.Linear(20, 20), nn.Tanh(), nn.Linear(20, 4)
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_attributions_add_up_to_what_the_answer_changed(seed: int) -> None:
    module = relu_network(seed)
    rows, start = (torch.from_numpy(normal(7, 6, seed=seed + each)) for each in (0, 1))
    found = integrate(module, rows, start, torch.arange(4), steps=256)
    with torch.no_grad():
        change = centred(module(rows)) - centred(module(start))
    torch.testing.assert_close(found.sum(2).T, change, atol=0.02, rtol=0)


def test_of_a_linear_model_they_are_exact_after_one_step() -> None:
    module = torch.nn.Linear(3, 2)
    rows, start = torch.from_numpy(normal(5, 3)), torch.zeros(5, 3)
    found = integrate(module, rows, start, torch.tensor([1]), steps=1)
    weights = (module.weight[1] - module.weight.mean(0)).detach()
    torch.testing.assert_close(found[0], rows * weights)


def test_a_feature_that_is_the_same_in_both_gets_nothing() -> None:
    rows, start = torch.from_numpy(normal(5, 6)), torch.from_numpy(normal(5, 6, seed=1))
    start[:, 2] = rows[:, 2]
    found = integrate(relu_network(0), rows, start, torch.arange(4), steps=8)
    assert not found[..., 2].any()
    assert found[..., 3].abs().min() > 0


def test_more_rows_than_a_chunk_are_all_explained() -> None:
    rows = torch.from_numpy(normal(600, 6))
    found = integrate(relu_network(0), rows, torch.zeros_like(rows), torch.arange(4), steps=2)
    alone = integrate(relu_network(0), rows[-3:], torch.zeros(3, 6), torch.arange(4), steps=2)
    torch.testing.assert_close(found[:, -3:], alone)


def test_baselines_lie_at_the_ends_of_the_range_and_categories_stay_categories() -> None:
    values = np.column_stack([normal(50, 1)[:, 0], np.arange(50) % 3])
    data = table(values, [0, 1] * 25, Column("x"), Column("c", ("a", "b", "c")))
    found = ends_of(data, data, 0)
    low, high = values[:, 0].min(), values[:, 0].max()
    assert sorted(set(found[:, 0].tolist())) == pytest.approx([low, high])
    assert set(found[:, 1].tolist()) <= {0.0, 1.0, 2.0}
    assert np.array_equal(found, ends_of(data, data, 0))
    assert not np.array_equal(found, ends_of(data, data, 1))
