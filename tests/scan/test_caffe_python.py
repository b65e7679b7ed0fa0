"""CAF001: layers of Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.caffe_python import DETECTOR
from samples import block, found_by, scan_bytes


def text(module: str, layer: str, kind: str = "Python") -> bytes:
    param = f'python_param {{ module: "{module}" layer: "{layer}" }}'
    return f'name: "n" layer {{ name: "p" type: "{kind}" {param} }}'.encode()


def binary(module: str, layer: str, kind: str = "Python") -> bytes:
    param = block(130, block(1, module) + block(2, layer))
    return block(1, "n") + block(100, block(1, "p") + block(2, kind) + param)


@pytest.mark.parametrize("write", [text, binary])
@pytest.mark.parametrize(
    ("module", "severity"), [("rpn.proposal_layer", Severity.HIGH), ("os", Severity.CRITICAL)]
)
def test_a_python_layer_fails(
    tmp_path: Path, write: Callable[[str, str], bytes], module: str, severity: Severity
) -> None:
    data = write(module, "Layer")
    (finding,) = found_by(DETECTOR, data)
    assert (finding.severity, finding.evidence["import"]) == (severity, f"{module}.Layer")
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


def test_parameters_of_python_on_another_layer_count_too() -> None:
    assert len(found_by(DETECTOR, text("os", "system", "ReLU"))) == 1


@pytest.mark.parametrize(
    "data",
    [
        b'name: "n" layer { name: "r" type: "ReLU" }',
        block(1, "n") + block(100, block(1, "r") + block(2, "ReLU")),
    ],
)
def test_other_layers_are_left_alone(data: bytes) -> None:
    assert found_by(DETECTOR, data) == []
