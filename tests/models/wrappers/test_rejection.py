from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import InputError
from modelkeep.models.wrappers import Rejection, stand_in
from wrapper_samples import ROWS, WEIGHTS, around, linear


@settings(max_examples=30, deadline=None)
@given(threshold=st.floats(0.2, 0.99))
def test_rows_are_answered_whose_greatest_probability_reaches_it(threshold: float) -> None:
    scores = linear().predict(ROWS)
    clear = np.abs(scores.max(1) - threshold) > 1e-5
    expected = np.where(scores.max(1) >= threshold, scores.argmax(1), -1)
    found = around(Rejection(threshold))
    assert (found.answers(ROWS) == expected)[clear].all()
    assert found.predict(ROWS) == pytest.approx(scores, abs=1e-6)


@pytest.mark.parametrize("threshold", [0.4, 0.8])
def test_the_stand_in_breaks_just_where_a_wrong_answer_is_accepted(threshold: float) -> None:
    inside = torch.nn.Linear(4, 3, bias=False)
    inside.weight.data = torch.from_numpy(WEIGHTS.T.copy())
    answers = around(Rejection(threshold)).answers(ROWS)
    for truth in range(3):
        module = stand_in(Rejection(threshold), [inside], truth)
        assert module is not None
        logits = module(torch.from_numpy(ROWS)).detach()
        assert (logits[:, truth] == 0).all()
        others = logits.clone()
        others[:, truth] = -torch.inf
        broken = (others.amax(1) >= 0).numpy()
        assert (broken == ((answers >= 0) & (answers != truth))).all()


@pytest.mark.parametrize("threshold", [0.0, 1.0, 7.0])
def test_a_threshold_is_a_probability(threshold: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        around(Rejection(threshold))
