"""ONX002: operators that are not part of ONNX."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from modelkeep.core import Confidence, Severity, Verdict
from modelkeep.scan.onnx_operator import DETECTOR
from samples import block, found_by, graph, node, number, onnx_of, scan_bytes, zip_of


@pytest.mark.parametrize(
    "domain", ["my.ops", "com.microsoft.extensions", "ai.onnx.evil", "Ai.Onnx"]
)
def test_an_operator_of_another_domain_is_medium(tmp_path: Path, domain: str) -> None:
    data = onnx_of(nodes=[node("Relu"), node("Custom", domain)])
    (finding,) = found_by(DETECTOR, data)
    assert (finding.severity, finding.confidence) == (Severity.MEDIUM, Confidence.MEDIUM)
    assert finding.evidence == {"operator": f"{domain}::Custom"}
    assert scan_bytes(tmp_path, data).verdict is Verdict.PASS


@pytest.mark.parametrize("domain", ["", "ai.onnx.contrib", "com.microsoft"])
@pytest.mark.parametrize("operator", ["PyOp", "PythonOp", "PyFunc", "PyCustomOp"])
def test_an_operator_that_runs_python_is_critical_in_any_domain(
    tmp_path: Path, operator: str, domain: str
) -> None:
    data = onnx_of(nodes=[node(operator, domain)])
    (finding,) = found_by(DETECTOR, data)
    assert (finding.severity, finding.confidence) == (Severity.CRITICAL, Confidence.HIGH)
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


def test_an_operator_in_a_subgraph_is_found() -> None:
    branch = block(5, block(6, graph(nodes=[node("PyOp")])))
    assert len(found_by(DETECTOR, onnx_of(nodes=[node("If", "", branch)]))) == 1


def test_a_field_of_the_wrong_kind_does_not_hide_the_operator() -> None:
    data = onnx_of(nodes=[node("PyOp", "evil", number(4, 0), number(7, 0))])
    assert len(found_by(DETECTOR, data)) == 1


@pytest.mark.parametrize(
    "data",
    [
        block(3, "1.0") + onnx_of(nodes=[node("PyOp")]),
        onnx_of(nodes=[node("PyOp")], rest=block(100, "unknown")),
    ],
    ids=["fields in another order", "unknown field"],
)
def test_a_model_written_otherwise_fails_all_the_same(tmp_path: Path, data: bytes) -> None:
    assert scan_bytes(tmp_path, data, name="m.onnx").verdict is Verdict.FAIL


def test_each_operator_is_reported_once() -> None:
    nodes = [node("A", "x"), node("A", "x"), node("B", "x"), node("A", "y")]
    found = [f.evidence["operator"] for f in found_by(DETECTOR, onnx_of(nodes=nodes))]
    assert found == ["x::A", "x::B", "y::A"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_place_within_an_archive_counts_from_the_start_of_the_member(method: int) -> None:
    data = onnx_of(nodes=[node("A", "x")])
    (alone,) = found_by(DETECTOR, data)
    (inside,) = found_by(DETECTOR, zip_of({"pad": b"x" * 999, "m.onnx": data}, method=method))
    assert (inside.location.member, inside.location.offset) == ("m.onnx", alone.location.offset)


def test_a_function_of_the_model_is_no_foreign_operator() -> None:
    def function(*names: str) -> bytes:
        inner = b"".join(block(7, node(name)) for name in names)
        return block(25, block(1, "aten_relu") + block(10, "pkg.torch") + inner)

    call = node("aten_relu", "pkg.torch")
    assert found_by(DETECTOR, onnx_of(nodes=[call], rest=function("Relu"))) == []
    (finding,) = found_by(DETECTOR, onnx_of(nodes=[call], rest=function("Relu", "PyOp")))
    assert finding.severity is Severity.CRITICAL


def test_a_function_does_not_make_python_harmless() -> None:
    own = block(25, block(1, "PyOp") + block(10, "evil"))
    assert len(found_by(DETECTOR, onnx_of(nodes=[node("PyOp", "evil")], rest=own))) == 1


@pytest.mark.parametrize("name", ["SystemExec", "RunShell", "CallPython", "popen", "ShellOp"])
def test_an_operator_that_says_it_runs_programs_is_high(tmp_path: Path, name: str) -> None:
    data = onnx_of(nodes=[node(name, "my.ops")])
    (finding,) = found_by(DETECTOR, data)
    assert finding.severity is Severity.HIGH
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


@pytest.mark.parametrize("name", ["Executor2D", "Systematic", "Seashell", "PythagoreanSum"])
def test_words_that_only_begin_alike_are_medium(name: str) -> None:
    (finding,) = found_by(DETECTOR, onnx_of(nodes=[node(name, "my.ops")]))
    assert finding.severity is Severity.MEDIUM


@pytest.mark.parametrize(
    "domain", ["", "ai.onnx", "ai.onnx.ml", "ai.onnx.preview.training", "com.microsoft"]
)
def test_a_standard_operator_is_left_alone(domain: str) -> None:
    assert found_by(DETECTOR, onnx_of(nodes=[node("Gemm", domain)])) == []


def test_what_was_found_before_the_break_is_kept(tmp_path: Path) -> None:
    whole = onnx_of(nodes=[node("PyOp"), node("Relu")])
    result = scan_bytes(tmp_path, whole[:-1])
    assert result.verdict is Verdict.FAIL
    assert result.reason
    clean = scan_bytes(tmp_path, onnx_of(nodes=[node("Relu")])[:-1])
    assert clean.verdict is Verdict.INCONCLUSIVE
