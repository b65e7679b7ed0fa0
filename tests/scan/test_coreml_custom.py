"""CML001: classes of the application."""

from __future__ import annotations

from pathlib import Path

from modelkeep.core import Severity, Verdict
from modelkeep.scan.coreml_custom import DETECTOR
from samples import block, found_by, number, scan_bytes


def test_a_custom_layer_is_high(tmp_path: Path) -> None:
    layer = block(1, block(1, "l") + block(500, block(10, "Evil")))
    data = number(1, 4) + block(2, b"") + block(500, layer)
    (finding,) = found_by(DETECTOR, data)
    assert (finding.severity, finding.evidence) == (Severity.HIGH, {"class": "Evil"})
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


def test_layers_of_core_ml_are_left_alone() -> None:
    data = number(1, 4) + block(2, b"") + block(500, block(1, block(1, "l") + block(140, b"")))
    assert found_by(DETECTOR, data) == []
