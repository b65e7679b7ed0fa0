"""What goes out for rows and for texts, and what is no answer."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from modelkeep.models.remote_schemes import Scheme, read_scores, scheme_of, write_request


def test_texts_go_out_as_strings_in_every_scheme() -> None:
    texts = np.array(["one", "two words"], dtype=object)
    path, body = write_request("open inference", "/v2/models/m/", texts)
    assert path == "/v2/models/m/infer"
    (tensor,) = json.loads(body)["inputs"]
    assert (tensor["datatype"], tensor["shape"]) == ("BYTES", [2])
    assert tensor["data"] == ["one", "two words"]
    assert json.loads(write_request("mlflow", "/invocations", texts)[1]) == {
        "inputs": ["one", "two words"]
    }
    assert json.loads(write_request("json", "", texts)[1])["instances"] == list(texts)


def test_the_path_names_the_scheme() -> None:
    assert scheme_of("http://h/v2/models/m") == "open inference"
    assert scheme_of("http://h/a/invocations/") == "mlflow"
    assert scheme_of("http://h") == "json"


def test_the_last_output_of_numbers_holds_the_scores() -> None:
    answer = {
        "outputs": [
            {"datatype": "BYTES", "shape": [1], "data": ["cat"]},
            {"datatype": "FP64", "shape": [1, 2], "data": [0.25, 0.75]},
        ]
    }
    assert read_scores("open inference", answer).tolist() == [[0.25, 0.75]]
    assert read_scores("json", [0.5, 0.25]).shape == (2, 1)


@pytest.mark.parametrize(
    ("scheme", "answer"),
    [
        ("open inference", []),
        ("open inference", {"outputs": []}),
        ("open inference", {"outputs": [{"datatype": "FP32", "shape": [9], "data": [1]}]}),
        ("json", {"predictions": None}),
        ("json", [[1, 2], [3]]),
        ("json", [10**400]),
        ("mlflow", {"predictions": ["cat"]}),
    ],
)
def test_what_is_no_answer_raises_what_the_caller_expects(scheme: Scheme, answer: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises((ValueError, KeyError, TypeError, IndexError, OverflowError)):
        read_scores(scheme, answer)
