"""Answers say as much as the step allows: shapes stay, other outputs do not tell it again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modelkeep.gateway.config import ModelRules
from modelkeep.gateway.disclosure import FULL, LABEL, ROUNDED, TOP, disclose
from modelkeep.gateway.interface import Answer

SCORES = np.array([[0.12345, 0.65432, 0.22223], [0.5004, 0.25, 0.2496]], dtype=np.float32)


def told(step: int, scores: np.ndarray = SCORES, **rules: Any) -> dict[str, np.ndarray]:  # noqa: ANN401 - settings
    answer = Answer({"p": scores.copy(), "label": np.array([1, 0])}, "p")
    disclose(answer, ModelRules(**rules), step)
    return answer.outputs


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (FULL, SCORES.tolist()),
        (ROUNDED, [[0.12, 0.65, 0.22], [0.5, 0.25, 0.25]]),
        (TOP, [[0, 0.7, 0], [0.5, 0, 0]]),
        (LABEL, [[0, 1, 0], [1, 0, 0]]),
    ],
)
def test_each_step_says_less_and_keeps_shape_and_type(
    step: int, expected: list[list[float]]
) -> None:
    found = told(step)
    assert np.allclose(found["p"], expected)
    assert (found["p"].shape, found["p"].dtype) == (SCORES.shape, SCORES.dtype)
    assert found["label"].tolist() == [1, 0]


def test_policy_and_step_take_the_stricter_of_the_two() -> None:
    assert np.array_equal(told(LABEL, disclose="top-1")["p"], told(LABEL)["p"])
    assert np.array_equal(told(ROUNDED, disclose="label")["p"], told(LABEL)["p"])
    assert np.array_equal(told(FULL, decimals=1)["p"], SCORES.round(1))
    assert np.array_equal(told(ROUNDED, decimals=4)["p"], SCORES.round(2))


def test_outputs_that_say_the_same_again_are_left_out_once_anything_is_held_back() -> None:
    def outputs(step: int) -> set[str]:
        answer = Answer({"p": SCORES.copy(), "logits": np.log(SCORES)}, "p")
        disclose(answer, ModelRules(), step)
        return set(answer.outputs)

    assert outputs(FULL) == {"p", "logits"}
    assert outputs(ROUNDED) == outputs(LABEL) == {"p"}


@pytest.mark.parametrize("scores", [np.array([0.4567, 0.89]), np.array([[0.4567], [0.89]])])
@pytest.mark.parametrize("named", ["", "p"])
def test_one_number_a_row_is_no_score_of_classes_and_loses_digits(
    scores: np.ndarray, named: str
) -> None:
    answer = Answer({"p": scores.copy()}, named)
    disclose(answer, ModelRules(), LABEL)
    assert answer.outputs["p"].ravel().tolist() == pytest.approx([0.5, 0.9])
    assert answer.outputs["p"].shape == scores.shape


def test_zero_negative_and_whole_numbers_are_rounded_as_they_are() -> None:
    answer = Answer({"y": np.array([0.0, -1234.5, 1e-300]), "n": np.array([123, 4, 5])})
    disclose(answer, ModelRules(), ROUNDED)
    assert answer.outputs["y"].tolist() == pytest.approx([0.0, -1230.0, 1e-300])
    assert answer.outputs["n"].tolist() == [123, 4, 5]


@given(
    arrays(np.float32, (4, 5), elements=st.floats(0, 1, width=32)), st.sampled_from(range(4))
)
def test_no_step_moves_the_label_where_it_is_shown(scores: np.ndarray, step: int) -> None:
    found = told(step, scores)["p"]
    best = scores.argmax(axis=1)
    assert (found[np.arange(4), best] == found.max(axis=1)).all()
    if step >= TOP:
        assert (np.count_nonzero(found, axis=1) <= 1).all()
