"""KRS002: functions fetched from outside of modelling."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.keras_import import DETECTOR
from samples import found_by, scan_bytes, zip_of


def severities(*objects: object) -> list[Severity]:
    document = {"class_name": "Sequential", "config": {"layers": list(objects)}}
    return [f.severity for f in found_by(DETECTOR, json.dumps(document).encode())]


def function(module: str | None, name: str, **rest: object) -> dict[str, object]:
    return {"module": module, "class_name": "function", "config": name, **rest}


@pytest.mark.parametrize(
    "evil",
    [
        function("os", "system", registered_name="system"),
        function("subprocess", "run"),
        function("builtins", "exec"),
        function("builtins", "eval", registered_name="function"),
        function(" os ", "system"),
        {"module": "os", "class_name": "system", "config": {}},
        {"module": "subprocess", "class_name": "Popen", "config": {"args": ["true"]}},
        {"module": "os", "class_name": "function", "registered_name": "system"},
        {"class_name": "__typespec__", "spec_name": "system", "module": "os", "config": []},
        {"class_name": "os.system", "config": {}},
        {"class_name": "Lambda", "config": {"function": "system", "module": "os"}},
        {"class_name": "Lambda", "config": {"function": "os.system"}},
        {"class_name": "Dense", "config": {"activation": "builtins.exec"}},
    ],
)
def test_functions_that_reach_the_system_are_critical(evil: object) -> None:
    assert severities(evil) == [Severity.CRITICAL]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("keras.utils", "get_file"),
        ("keras.src.utils.file_utils", "get_file"),
        ("keras.models", "load_model"),
        ("keras.saving", "load_model"),
        ("keras.config", "enable_unsafe_deserialization"),
        ("keras.src.saving.serialization_lib", "enable_unsafe_deserialization"),
        ("tensorflow.keras.utils", "get_file"),
        ("tf_keras.utils", "get_file"),
        ("keras.preprocessing.image", "load_img"),
        ("keras.datasets.mnist", "load_data"),
        ("keras.src.utils.python_utils", "func_load"),
        ("keras.layers", "deserialize"),
        ("my_package.tasks", "run_it"),
    ],
)
def test_functions_that_are_no_modelling_fail(module: str, name: str) -> None:
    (severity,) = severities(function(module, name))
    assert severity >= Severity.HIGH


def test_machinery_of_keras_is_no_part_of_a_model() -> None:
    evil = {"module": "keras.src.utils.module_utils", "class_name": "LazyModule", "config": {}}
    assert severities(evil) == [Severity.HIGH]
    normal = {"module": "keras.utils", "class_name": "FeatureSpace", "config": {}}
    assert severities(normal) == []


def test_a_tensorflow_operator_on_files_is_high() -> None:
    evil = {"class_name": "TFOpLambda", "config": {"function": "io.write_file"}}
    assert severities(evil) == [Severity.HIGH]


@pytest.mark.parametrize(
    "normal",
    [
        function("builtins", "relu"),
        function("builtins", "my_loss", registered_name="my_loss"),
        function("builtins", "sum", registered_name="function"),
        function("keras.activations", "relu"),
        function("keras.src.activations.activations", "relu"),
        function("keras.losses", "mean_squared_error"),
        function(None, "relu"),
        {"module": "keras.layers", "class_name": "Dense", "config": {}},
        {"module": "keras.src.ops.numpy", "class_name": "GetItem", "config": {}},
        {"module": "keras.src.backend.torch.optimizers.torch_adam", "class_name": "Adam",
         "config": {}, "registered_name": "Adam"},
        {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}},
        {"module": "my_model", "class_name": "Attention", "config": {},
         "registered_name": "My>Attention"},
        {"class_name": "TFOpLambda", "config": {"function": "math.multiply"}},
        {"class_name": "TFOpLambda", "config": {"function": "io.decode_image"}},
        {"class_name": "Dense", "config": {"activation": "relu", "name": "os.system"}},
        {"class_name": "__typespec__", "spec_name": "TensorSpec",
         "module": "tensorflow.python.framework.tensor", "config": []},
    ],
)  # fmt: skip
def test_what_keras_writes_is_silent(normal: object) -> None:
    assert severities(normal) == []


def test_a_name_is_told_once_with_its_place() -> None:
    evil = function("os", "system")
    document = {"class_name": "Sequential", "config": {"layers": [evil, evil]}}
    (finding,) = found_by(DETECTOR, json.dumps(document).encode())
    assert finding.message == "loading would fetch os.system for config.layers.0"


def test_a_keras_archive_fails(tmp_path: Path) -> None:
    config = json.dumps(function("os", "system")).encode()
    archive = zip_of({"config.json": config, "metadata.json": b"{}"})
    assert scan_bytes(tmp_path, archive, name="m.keras").verdict is Verdict.FAIL


def test_a_second_value_of_a_key_fails_too(tmp_path: Path) -> None:
    text = b'{"class_name": "Dense", "config": {}, "class_name": "Lambda"}'
    assert scan_bytes(tmp_path, text, name="config.json").verdict is Verdict.FAIL
    text = b'{"class_name": "Lambda", "config": {}, "class_name": "Dense"}'
    assert scan_bytes(tmp_path, text, name="config.json").verdict is Verdict.FAIL
