from __future__ import annotations

import numpy as np
import pytest
import torch

from modelkeep.core import InputError
from modelkeep.models.wrappers import BitDepth, stand_in
from wrapper_samples import ROWS, WEIGHTS, around, linear


@pytest.mark.parametrize("bits", range(1, 9))
def test_it_answers_as_the_model_does_about_rounded_rows(bits: int) -> None:
    levels = 2**bits - 1
    rounded = np.round((ROWS + 3) / 6 * levels) / levels * 6 - 3
    found = around(BitDepth(bits, (-3.0,), (6.0,))).predict(ROWS)
    near = np.abs((ROWS + 3) / 6 * levels % 1 - 0.5).min(axis=1) > 1e-4
    assert found[near] == pytest.approx(linear().predict(rounded)[near], abs=1e-4)


def test_a_column_without_a_range_is_left_alone() -> None:
    wrapper = BitDepth(1, (0.0,) * 4, (0.0, 0.0, 0.0, 0.0))
    assert around(wrapper).predict(ROWS) == pytest.approx(linear().predict(ROWS), abs=1e-6)


def test_the_stand_in_answers_as_the_graph_and_lets_gradients_through() -> None:
    inside = torch.nn.Linear(4, 3, bias=False)
    inside.weight.data = torch.from_numpy(WEIGHTS.T.copy())
    wrapper = BitDepth(2, (-3.0,), (6.0,))
    module = stand_in(wrapper, [inside], 0)
    assert module is not None
    rows = torch.from_numpy(ROWS).requires_grad_(True)
    logits = module(rows)
    answers = logits.softmax(1).detach().numpy()
    assert answers == pytest.approx(around(wrapper).predict(ROWS), abs=1e-5)
    (slope,) = torch.autograd.grad(logits[:, 0].sum(), rows)
    assert slope.abs().amax(1).min() > 0


@pytest.mark.parametrize(
    "wrapper", [BitDepth(0, (0.0,), (1.0,)), BitDepth(3, (0.0,) * 2, (1.0,) * 2)]
)
def test_numbers_that_do_not_fit_are_refused(wrapper: BitDepth) -> None:
    with pytest.raises(InputError, match=r"bits|columns"):
        around(wrapper)
