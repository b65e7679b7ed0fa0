from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

import model_samples as samples
from modelkeep.core import InputError
from modelkeep.models import from_bytes
from modelkeep.models.wrappers import Ensemble, Rejection
from wrapper_samples import ROWS, WEIGHTS, around, base, linear


def test_a_base_is_what_the_scores_depend_on() -> None:
    found = base()
    assert (found.scores, found.width, found.classes, found.row) == ("logits", 3, 3, (4,))
    assert found.source == "rows"


def test_one_column_stands_for_two_classes() -> None:
    for tail, kind in ((("Sigmoid",), "probabilities"), ((), "logits")):
        plain = from_bytes(samples.linear_onnx(WEIGHTS[:, :1], *tail))
        inside = plain.base(ROWS)
        assert (inside.scores, inside.classes) == (kind, 2)
        mean = around(Ensemble(2), inside, inside)
        assert mean.predict(ROWS) == pytest.approx(plain.predict(ROWS), abs=1e-6)


def test_the_input_keeps_its_name_and_scores_come_last() -> None:
    session = around(Rejection(0.6))._session
    assert [each.name for each in session.get_inputs()] == ["rows"]
    assert [each.name for each in session.get_outputs()] == ["accepted", "probabilities"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (samples.linear_onnx(WEIGHTS, batch=2), "2 rows at a time"),
        (
            samples.onnx_bytes(
                [helper.make_node("Identity", ["rows"], ["out"])],
                {"rows": (TensorProto.FLOAT, ["n", "m"])},
                [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
                {},
            ),
            "shape of the model's rows is open",
        ),
    ],
)
def test_what_cannot_be_wrapped_says_why(data: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        from_bytes(data).base(ROWS)


def test_a_wrapper_around_a_wrapper_is_refused() -> None:
    with pytest.raises(InputError, match="wrapped already"):
        around(Rejection(0.6)).base(ROWS)
    assert np.isfinite(linear().predict(ROWS)).all()
