"""ONX004: functions in the place of standard operators."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.onnx_shadowed import DETECTOR
from samples import block, found_by, node, onnx_of, scan_bytes


def model(domain: str) -> bytes:
    """A model with a function ``Relu`` in a domain."""
    own = block(1, "Relu") + block(7, node("Identity"))
    own += block(10, domain) if domain else b""
    return onnx_of(nodes=[node("Relu")], rest=block(25, own))


@pytest.mark.parametrize("domain", ["", "ai.onnx", "ai.onnx.ml"])
def test_a_function_in_a_standard_domain_is_high(tmp_path: Path, domain: str) -> None:
    (finding,) = found_by(DETECTOR, model(domain))
    assert finding.severity is Severity.HIGH
    assert finding.evidence == {"function": f"{domain}::Relu"}
    assert scan_bytes(tmp_path, model(domain)).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "domain", ["pkg.onnxscript.torch_lib", "torch.nn.modules.activation", "com.microsoft"]
)
def test_a_function_of_an_exporter_is_left_alone(domain: str) -> None:
    assert found_by(DETECTOR, model(domain)) == []


def test_a_model_without_functions_is_left_alone() -> None:
    assert found_by(DETECTOR, onnx_of(nodes=[node("Relu")])) == []
