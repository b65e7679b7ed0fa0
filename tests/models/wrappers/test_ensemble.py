from __future__ import annotations

import pytest

import model_samples as samples
from modelkeep.core import InputError
from modelkeep.models import from_bytes
from modelkeep.models.wrappers import Ensemble, wrap
from wrapper_samples import ROWS, around, base, linear


def test_it_answers_the_mean_of_the_probabilities() -> None:
    other = from_bytes(samples.linear_onnx(samples.normal(4, 3, seed=9), "Softmax"))
    found = around(Ensemble(2), base(), other.base(ROWS))
    mean = (linear().predict(ROWS) + other.predict(ROWS)) / 2
    assert found.predict(ROWS) == pytest.approx(mean, abs=1e-6)


def test_one_model_is_no_ensemble_and_classes_must_agree() -> None:
    with pytest.raises(InputError, match="ensemble of 1"):
        wrap([base()], Ensemble(1))
    two = from_bytes(samples.linear_onnx(samples.normal(4, 2))).base(ROWS)
    with pytest.raises(InputError, match="differ"):
        wrap([base(), two], Ensemble(2))
