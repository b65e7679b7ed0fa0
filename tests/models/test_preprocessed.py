"""A model behind the user's own step: rows stay in the user's units."""

from __future__ import annotations

import numpy as np
import pytest

import model_samples as samples
from modelkeep.core import InputError
from modelkeep.models import Differentiable
from modelkeep.models.preprocessed import PreprocessedModel

INNER = samples.linear([1.0, -1.0])


def test_rows_pass_the_step_before_the_model() -> None:
    rows = np.array([[100.0, "Bonn"], [-50.0, "Ulm"]], dtype=object)

    def step(raw: np.ndarray) -> np.ndarray:
        return np.array([[float(amount) / 100, city == "Bonn"] for amount, city in raw])

    model = PreprocessedModel(INNER, step)
    logits = np.array([[0.0, 1.0 - 1.0], [0.0, -0.5 - 0.0]])
    assert model.predict(rows) == pytest.approx(samples.softmax(logits), abs=1e-6)
    assert (model.kind, model.classes) == ("torch", ("0", "1"))
    assert model.spec.shape is None


def test_a_step_in_between_takes_the_gradient_away() -> None:
    assert isinstance(INNER, Differentiable)
    assert not isinstance(PreprocessedModel(INNER, lambda rows: rows), Differentiable)


def test_a_step_that_loses_rows_is_refused() -> None:
    model = PreprocessedModel(INNER, lambda rows: rows[:-1])
    with pytest.raises(InputError, match="turned 3 rows into 2"):
        model.predict(samples.normal(3, 2))


def fails(_rows: np.ndarray) -> np.ndarray:
    raise KeyError("city")


@pytest.mark.parametrize("step", [fails, lambda rows: [["text"]] * len(rows)])
def test_a_step_that_fails_or_answers_no_numbers_is_named(step: object) -> None:
    with pytest.raises(InputError, match=r"--preprocess, given rows of .* failed"):
        PreprocessedModel(INNER, step).predict(samples.normal(3, 2))
