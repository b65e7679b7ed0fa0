"""KRS004: classes of the user's own are mentioned, never more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.keras_custom_object import DETECTOR
from samples import found_by, scan_bytes

CUSTOM = {
    "module": None,
    "class_name": "MyDense",
    "registered_name": "MyPkg>MyDense",
    "config": {},
}


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (CUSTOM, "MyPkg>MyDense"),
        ({"module": "my_model", "class_name": "Attention", "config": {}}, "my_model.Attention"),
    ],
)
def test_a_class_of_the_users_own_is_mentioned(found: object, name: str) -> None:
    document = {"class_name": "Sequential", "config": [found, found]}
    (finding,) = found_by(DETECTOR, json.dumps(document).encode())
    assert (finding.severity, finding.evidence) == (Severity.INFO, {"name": name})


def test_the_file_passes(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, json.dumps(CUSTOM).encode(), name="config.json")
    assert (result.verdict, len(result.findings)) == (Verdict.PASS, 1)


@pytest.mark.parametrize(
    "found",
    [
        {"module": "keras.layers", "class_name": "Dense", "config": {}},
        {"module": "keras.src.ops.nn", "class_name": "Relu", "registered_name": "Relu"},
        {"module": "builtins", "class_name": "function", "config": "my_loss"},
        {"class_name": "Dense", "config": {}, "registered_name": "keras>Dense"},
        {"module": "keras_hub.src.models.bert", "class_name": "BertBackbone", "config": {},
         "registered_name": "keras_hub>BertBackbone"},
    ],
)  # fmt: skip
def test_classes_of_keras_are_silent(found: object) -> None:
    assert found_by(DETECTOR, json.dumps(found).encode()) == []
