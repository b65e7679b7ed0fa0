"""CML002: files outside the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.coreml_path import DETECTOR
from samples import block, found_by, number, scan_bytes


def program(file: str) -> bytes:
    value = block(5, block(1, file))
    body = block(3, block(1, "const") + block(5, block(1, "val") + block(2, value)))
    function = block(3, block(1, "CoreML7") + block(2, body))
    inner = number(1, 1) + block(2, block(1, "main") + block(2, function))
    return number(1, 7) + block(2, b"") + block(502, inner)


@pytest.mark.parametrize(
    "file", ["/etc/passwd", "@model_path/../../x", "@model_path//etc/passwd", "../x"]
)
def test_a_file_outside_is_high(tmp_path: Path, file: str) -> None:
    (finding,) = found_by(DETECTOR, program(file))
    assert (finding.severity, finding.evidence) == (Severity.HIGH, {"file": file})
    assert scan_bytes(tmp_path, program(file)).verdict is Verdict.FAIL


@pytest.mark.parametrize("file", ["@model_path/weights/weight.bin", "weights/weight.bin"])
def test_a_file_inside_is_left_alone(file: str) -> None:
    assert found_by(DETECTOR, program(file)) == []


def manifest(path: str) -> bytes:
    item = {"author": "com.apple.CoreML", "path": path}
    return json.dumps(
        {"itemInfoEntries": {"1": item, "2": []}, "rootModelIdentifier": "1"}
    ).encode()


def test_an_item_of_the_manifest_outside_is_high() -> None:
    assert len(found_by(DETECTOR, manifest("../../x.mlmodel"))) == 1
    assert found_by(DETECTOR, manifest("com.apple.CoreML/model.mlmodel")) == []
    assert found_by(DETECTOR, b'{"itemInfoEntries": {"1": {"path": "/x"}}}') == []
