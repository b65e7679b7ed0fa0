"""KRS001: compiled Python in a Keras configuration, wherever and however it stands."""

from __future__ import annotations

import base64
import json
import marshal
from pathlib import Path

import pytest

from hdf5_files import FILES
from modelkeep.core import Severity, Verdict
from modelkeep.scan.keras_lambda import DETECTOR
from samples import found_by, scan_bytes, zip_of

CODE = base64.encodebytes(marshal.dumps((lambda x: x).__code__)).decode()
BY_NAME = {"function": "my_function", "function_type": "function"}


def layer(config: object, **rest: object) -> dict[str, object]:
    return {"class_name": "Lambda", "config": config, **rest}


def model(*layers: object) -> dict[str, object]:
    dense = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}}
    config = {"name": "s", "layers": [dense, *layers]}
    return {"module": "keras", "class_name": "Sequential", "config": config}


NEW = {"function": {"class_name": "__lambda__", "config": {"code": CODE, "defaults": None}}}
OLD = {"function": [CODE, None, None], "function_type": "lambda"}


def severities(document: object) -> list[Severity]:
    data = json.dumps(document).encode()
    return [finding.severity for finding in found_by(DETECTOR, data)]


@pytest.mark.parametrize("config", [NEW, OLD], ids=["keras 3", "keras 2"])
@pytest.mark.parametrize("nesting", range(4))
def test_code_at_any_depth_is_critical(config: object, nesting: int) -> None:
    inner: object = layer(config)
    for _ in range(nesting):
        inner = {"class_name": "Bidirectional", "config": {"layer": model(inner)}}
    assert severities(model(inner)) == [Severity.CRITICAL]


@pytest.mark.parametrize(
    "evil",
    [
        {"module": "keras.layers", "class_name": "Lambda", "config": NEW},
        {"module": "keras.src.layers.core.lambda_layer", "class_name": "Lambda", "config": OLD},
        layer({"function": {"class_name": "__lambda__", "config": {"value": [CODE]}}}),
        layer({**BY_NAME, "mask": [CODE, None, None]}),
        layer({**BY_NAME, "output_shape": [CODE, None, None], "output_shape_type": "lambda"}),
        {"class_name": "X", "registered_name": "Custom>Lambda", "config": NEW},
        {"class_name": "keras.layers.Lambda", "config": NEW},
        {"class_name": "Dense", "config": {"activation": NEW["function"]}},
        {"class_name": "Dense", "config": {"anything": [{"deep": CODE}]}},
        {"class_name": "Dense", "config": {}, "extra": CODE},
    ],
)
def test_code_under_any_key_is_critical(evil: object) -> None:
    assert severities(model(evil)) == [Severity.CRITICAL]


def test_a_lambda_without_a_readable_function_is_high() -> None:
    assert severities(model(layer({"name": "l"}))) == [Severity.HIGH]
    assert severities(model(layer({"function": "x" * 300}))) == [Severity.HIGH]
    assert severities(model(layer({"function": "eval"}))) == [Severity.HIGH]


@pytest.mark.parametrize(
    "function",
    [
        BY_NAME,
        {"function": {"module": "builtins", "class_name": "function", "config": "my_function"}},
    ],
)
def test_a_lambda_that_names_a_function_is_only_mentioned(function: object) -> None:
    assert severities(model(layer(function))) == [Severity.INFO]


def test_each_lambda_is_told_once() -> None:
    assert severities(model(layer(NEW), layer(OLD))) == [Severity.CRITICAL] * 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_another_encoding_hides_nothing(encoding: str) -> None:
    data = json.dumps(model(layer(NEW))).encode(encoding)
    assert [f.severity for f in found_by(DETECTOR, data)] == [Severity.CRITICAL]


def test_escapes_hide_nothing() -> None:
    data = json.dumps(model(layer(NEW))).replace("Lambda", "\\u004cambda").encode()
    data = data.replace(b"class_name", b"class\\u005fname")
    assert [f.severity for f in found_by(DETECTOR, data)] == [Severity.CRITICAL]


def test_a_configuration_in_a_keras_archive_or_hdf5_fails_the_file(tmp_path: Path) -> None:
    config = json.dumps(model(layer(OLD))).encode()
    archive = zip_of({"metadata.json": b"{}", "config.json": config})
    result = scan_bytes(tmp_path, archive, name="m.keras")
    assert result.verdict is Verdict.FAIL
    assert "config.json" in {finding.location.member for finding in result.findings}
    for name in ("keras old", "keras latest", "fixed text", "dense"):
        assert scan_bytes(tmp_path, FILES[name], name="m.h5").verdict is Verdict.FAIL


def test_a_configuration_in_yaml_is_read_too() -> None:
    lines = ["class_name: Sequential", "config:", "- class_name: Lambda", "  config:"]
    text = "\n".join([*lines, f"    function: ['{CODE.split()[0]}']", ""])
    assert [f.severity for f in found_by(DETECTOR, text.encode())] == [Severity.CRITICAL]


@pytest.mark.parametrize(
    "document",
    [
        model(),
        model({"class_name": "TFOpLambda", "config": {"function": "math.multiply"}}),
        model({"class_name": "Activation", "config": {"activation": "relu"}}),
        {"function": [CODE]},
        {"class_name": "Lambda"},
        {"name": "Lambda", "text": "uses a Lambda layer", "labels": ["Lambda", "4w"]},
    ],
)
def test_other_configurations_are_silent(document: object) -> None:
    assert severities(document) == []
