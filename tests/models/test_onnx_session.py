"""ONNX models: scores of every kind become probabilities, or are refused."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import model_samples as samples
from modelkeep.core import EvidenceError, InputError
from modelkeep.models import Model
from modelkeep.models.onnx_loading import load

ROWS = samples.normal(9, 3)
WEIGHTS = samples.normal(3, 4, seed=1)
EXPECTED = samples.softmax(ROWS @ WEIGHTS)


def opened(path: Path, data: bytes) -> Model:
    file = path / "model.onnx"
    file.write_bytes(data)
    return load(samples.scanned(file, model__onnx="onnx")).model


def test_softmax_output_is_taken_as_it_is(tmp_path: Path) -> None:
    model = opened(tmp_path, samples.linear_onnx(WEIGHTS, "Softmax"))
    assert model.classes == ()
    assert model.predict(ROWS) == pytest.approx(EXPECTED, abs=1e-6)
    assert model.classes == ("0", "1", "2", "3")
    assert model.spec.shape == (3,)


def test_raw_logits_are_recognised_and_turned_into_probabilities(tmp_path: Path) -> None:
    model = opened(tmp_path, samples.linear_onnx(WEIGHTS))
    assert model.predict(ROWS) == pytest.approx(EXPECTED, abs=1e-6)


def test_one_sigmoid_column_becomes_two_classes(tmp_path: Path) -> None:
    model = opened(tmp_path, samples.linear_onnx(WEIGHTS[:, :1], "Sigmoid"))
    positive = 1 / (1 + np.exp(-(ROWS @ WEIGHTS[:, 0])))
    expected = samples.two_classes(positive)
    assert model.predict(ROWS) == pytest.approx(expected, abs=1e-6)
    assert model.classes == ("0", "1")


def test_one_column_of_logits_becomes_two_classes(tmp_path: Path) -> None:
    model = opened(tmp_path, samples.linear_onnx(WEIGHTS[:, :1]))
    positive = 1 / (1 + np.exp(-(ROWS @ WEIGHTS[:, 0])))
    assert model.predict(ROWS)[:, 1] == pytest.approx(positive, abs=1e-6)


def test_a_later_score_that_is_no_probability_is_never_handed_out_as_one(
    tmp_path: Path,
) -> None:
    model = opened(tmp_path, samples.linear_onnx(np.ones((1, 1))))
    model.predict(np.array([[0.5]]))  # a logit, but it could be a probability
    with contextlib.suppress(InputError):
        scores = model.predict(np.array([[-3.0], [7.0]]))
        assert ((scores >= 0) & (scores <= 1)).all()


def test_of_labels_and_probabilities_the_probabilities_are_taken(tmp_path: Path) -> None:
    data = samples.onnx_bytes(
        [
            helper.make_node("MatMul", ["rows", "weights"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"]),
            helper.make_node("ArgMax", ["logits"], ["label"], axis=1, keepdims=0),
        ],
        {"rows": (TensorProto.FLOAT, ["n", 3])},
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["n"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 4]),
        ],
        {"weights": WEIGHTS},
    )
    assert opened(tmp_path, data).predict(ROWS) == pytest.approx(EXPECTED, abs=1e-6)


@pytest.mark.parametrize("count", [1, 3, 4, 9])
def test_a_fixed_batch_size_is_filled_up_and_the_filling_dropped(
    tmp_path: Path, count: int
) -> None:
    model = opened(tmp_path, samples.linear_onnx(WEIGHTS, "Softmax", batch=4))
    assert model.predict(ROWS[:count]) == pytest.approx(EXPECTED[:count], abs=1e-6)


def test_many_rows_are_answered_in_their_order(tmp_path: Path) -> None:
    rows = samples.normal(9000, 3)
    model = opened(tmp_path, samples.linear_onnx(WEIGHTS, "Softmax"))
    expected = samples.softmax(rows @ WEIGHTS)
    assert model.predict(rows) == pytest.approx(expected, abs=1e-5)


def test_no_rows_get_no_answers_of_the_known_width(tmp_path: Path) -> None:
    model = opened(tmp_path, samples.linear_onnx(WEIGHTS, "Softmax"))
    model.predict(ROWS)
    assert model.predict(ROWS[:0]).shape == (0, 4)


def by_column() -> bytes:
    """Inputs ``age`` and ``city`` (text): logits ``(age, 2 if city is Bonn else -2)``."""
    encoder = helper.make_node(
        "LabelEncoder",
        ["city"],
        ["code"],
        domain="ai.onnx.ml",
        keys_strings=["Bonn", "Ulm"],
        values_floats=[2.0, -2.0],
    )
    return samples.onnx_bytes(
        [encoder, helper.make_node("Concat", ["age", "code"], ["logits"], axis=1)],
        {"age": (TensorProto.FLOAT, ["n", 1]), "city": (TensorProto.STRING, ["n", 1])},
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 2])],
        {},
    )


def test_several_inputs_get_one_column_each_and_texts_stay_texts(tmp_path: Path) -> None:
    model = opened(tmp_path, by_column())
    rows = np.array([[1.0, "Bonn"], [-1.0, "Ulm"], [0.5, "Ulm"]], dtype=object)
    logits = np.array([[1.0, 2.0], [-1.0, -2.0], [0.5, -2.0]])
    assert model.predict(rows) == pytest.approx(samples.softmax(logits), abs=1e-6)
    assert model.spec.columns == ("age", "city")


@pytest.mark.parametrize("row", [["x", "Bonn"], [1.0, "Bonn", 2.0]])
def test_columns_of_another_type_or_number_are_refused(
    tmp_path: Path, row: list[object]
) -> None:
    with pytest.raises(InputError, match=r"column 'age' is not numeric|takes 2 columns"):
        opened(tmp_path, by_column()).predict(np.array([row], dtype=object))


def test_a_list_of_maps_gives_probabilities_and_the_names_of_the_classes(
    tmp_path: Path,
) -> None:
    names = ["benign", "malign"]
    classifier = helper.make_node(
        "LinearClassifier",
        ["rows"],
        ["label", "scores"],
        domain="ai.onnx.ml",
        coefficients=[-1.0, 0.0, 1.0, 0.0],
        intercepts=[0.0, 0.0],
        classlabels_strings=names,
        post_transform="SOFTMAX",
    )
    maps = helper.make_node(
        "ZipMap", ["scores"], ["maps"], domain="ai.onnx.ml", classlabels_strings=names
    )
    floats = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    mapped = helper.make_sequence_type_proto(
        helper.make_map_type_proto(TensorProto.STRING, floats)
    )
    data = samples.onnx_bytes(
        [classifier, maps],
        {"rows": (TensorProto.FLOAT, ["n", 2])},
        [
            helper.make_tensor_value_info("label", TensorProto.STRING, ["n"]),
            helper.make_value_info("maps", mapped),
        ],
        {},
    )
    model = opened(tmp_path, data)
    rows = np.array([[3.0, 9.0], [-1.0, 9.0]])
    expected = samples.softmax(rows[:, :1] * [[-1.0, 1.0]])
    assert model.predict(rows) == pytest.approx(expected, abs=1e-6)
    assert model.classes == ("benign", "malign")


def test_rows_of_another_width_are_refused_with_the_step_that_may_be_missing(
    tmp_path: Path,
) -> None:
    model = opened(tmp_path, samples.linear_onnx(WEIGHTS, "Softmax"))
    with pytest.raises(InputError) as caught:
        model.predict(samples.normal(2, 5))
    wanted = len(WEIGHTS)
    assert caught.value.message == f"the model takes rows of shape ({wanted}), the data has (5)"
    assert "--preprocess" in caught.value.hint


def test_a_model_that_answers_labels_only_is_refused(tmp_path: Path) -> None:
    data = samples.linear_onnx(WEIGHTS, "ArgMax", output=TensorProto.INT64)
    with pytest.raises(InputError, match="labels only"):
        opened(tmp_path, data)


def test_answers_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    model = opened(tmp_path, samples.linear_onnx(WEIGHTS, "Log"))  # of negative values too
    with pytest.raises(InputError, match="NaN"):
        model.predict(ROWS)


def test_bytes_that_changed_after_the_scan_are_not_loaded(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(samples.linear_onnx(WEIGHTS, "Softmax"))
    alone = samples.scanned(file, model__onnx="onnx")
    tree = samples.scanned(tmp_path, model__onnx="onnx")
    file.write_bytes(samples.linear_onnx(-WEIGHTS, "Softmax"))
    for request in (alone, tree):
        with pytest.raises(EvidenceError, match="changed while it was being checked"):
            load(request)


def with_tensors_beside(folder: Path) -> Path:
    model = onnx.load_from_string(samples.linear_onnx(WEIGHTS, "Softmax"))
    onnx.save(
        model,
        folder / "model.onnx",
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
    )
    return folder / "weights.bin"


def test_tensors_may_lie_in_a_file_beside_it(tmp_path: Path) -> None:
    with_tensors_beside(tmp_path)
    request = samples.scanned(tmp_path, model__onnx="onnx", weights__bin="unknown")
    assert load(request).model.predict(ROWS) == pytest.approx(EXPECTED, abs=1e-6)


def test_tensors_beside_it_that_changed_after_the_scan_are_not_loaded(tmp_path: Path) -> None:
    tensors = with_tensors_beside(tmp_path)
    request = samples.scanned(tmp_path, model__onnx="onnx", weights__bin="unknown")
    tensors.write_bytes(bytes(tensors.stat().st_size))
    with pytest.raises(EvidenceError, match=r"weights\.bin"):
        load(request)


def test_what_onnx_runtime_cannot_load_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"model\.onnx: ONNX Runtime cannot load it"):
        opened(tmp_path, b"\x08\x09 not a model")
