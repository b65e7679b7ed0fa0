"""TFL001: operators that the TFLite runtime does not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_samples import PLAIN_TFLITE, custom, tflite
from modelkeep.core import Severity, Verdict
from modelkeep.scan.tflite_operator import DETECTOR
from samples import found_by, scan_bytes


def test_a_custom_operator_is_medium(tmp_path: Path) -> None:
    data = tflite(codes=[custom("MyDecoder")])
    (finding,) = found_by(DETECTOR, data)
    assert (finding.severity, finding.evidence) == (Severity.MEDIUM, {"operator": "MyDecoder"})
    assert scan_bytes(tmp_path, data).verdict is Verdict.PASS


def test_a_custom_operator_without_a_name_is_one_too() -> None:
    assert len(found_by(DETECTOR, tflite(codes=[custom("")]))) == 1


@pytest.mark.parametrize(
    "data",
    [
        PLAIN_TFLITE,
        tflite(codes=[custom("TFLite_Detection_PostProcess")]),
        tflite(codes=[custom("FlexErf")]),
        tflite(codes=[{0: ("b", 9), 1: "Relu", 3: ("i", 9)}]),
    ],
    ids=["plain", "of the runtime", "of TensorFlow", "name on a built-in"],
)
def test_known_operators_are_left_alone(data: bytes) -> None:
    assert found_by(DETECTOR, data) == []
