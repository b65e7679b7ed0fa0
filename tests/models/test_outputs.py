"""Whatever a model answers becomes probabilities, or is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import model_samples as samples
from modelkeep.core import InputError
from modelkeep.models.outputs import are_probabilities, softmax, to_probabilities

finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
shapes = st.tuples(st.integers(1, 6), st.integers(1, 5)) | st.tuples(st.integers(1, 6))


@given(arrays.arrays(np.float64, shapes, elements=finite))
def test_scores_become_rows_of_probabilities_that_sum_to_one(scores: np.ndarray) -> None:
    result = to_probabilities(scores)
    columns = max(2, scores.shape[1]) if scores.ndim > 1 else 2
    assert result.shape == (len(scores), columns)
    assert np.isfinite(result).all()
    assert result.min() >= -1e-6
    assert result.sum(axis=1) == pytest.approx(1.0, abs=1e-3)


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(2, 5)), elements=finite)
)
def test_logits_keep_their_order(scores: np.ndarray) -> None:
    result = to_probabilities(scores, logits=True)
    rows = np.arange(len(scores))
    assert (result[rows, scores.argmax(axis=1)] == result.max(axis=1)).all()
    assert result.sum(axis=1) == pytest.approx(1.0)


def test_softmax_survives_large_logits() -> None:
    assert softmax(np.array([[1e4, 0.0], [-1e4, -1e4]])).tolist() == [[1, 0], [0.5, 0.5]]


def test_probabilities_are_left_as_they_are_and_logits_are_not() -> None:
    scores = samples.softmax(samples.normal(5, 3))
    assert are_probabilities(scores)
    assert (to_probabilities(scores) == scores).all()
    assert not are_probabilities(scores * 1.01)
    assert to_probabilities(scores, logits=True) == pytest.approx(samples.softmax(scores))


def test_one_column_is_the_second_class() -> None:
    assert to_probabilities(np.array([0.25])).tolist() == [[0.75, 0.25]]
    assert to_probabilities(np.array([[-2.0]]))[0, 1] == pytest.approx(1 / (1 + np.exp(2)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("logits", [None, True, False])
def test_what_is_no_number_is_refused(bad: float, *, logits: bool | None) -> None:
    with pytest.raises(InputError, match="NaN or infinity for 1 of 2 rows, first for row 1"):
        to_probabilities(np.array([[0.5, 0.5], [bad, 0.5]]), logits=logits)


def test_another_shape_is_refused() -> None:
    with pytest.raises(InputError, match=r"shape \(2, 3, 4\)"):
        to_probabilities(np.zeros((2, 3, 4)))
