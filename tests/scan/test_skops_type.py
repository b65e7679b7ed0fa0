"""SKO001: types and hidden calls in the schema of a skops file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.skops_type import DETECTOR
from samples import found_by, scan_bytes, zip_of


def node(dotted: str, loader: str = "ObjectNode", **more: object) -> dict[str, object]:
    module, _, name = dotted.rpartition(".")
    return {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 1, **more}


def skops(root: dict[str, object]) -> bytes:
    schema = {**root, "protocol": 2, "_skops_version": "0.11"}
    return zip_of({"schema.json": json.dumps(schema).encode()})


@pytest.mark.parametrize(
    "root",
    [
        node("os.system", "FunctionNode"),
        node("builtins.eval"),
        node("subprocess.Popen"),
        node("x", "FunctionNode", content={"module_path": "os", "function": "system"}),
        node("os.system", "OperatorFuncNode", attrs=["true"]),
        node("sklearn.x", "OperatorFuncNode"),
        node("operator.methodcaller", "OperatorFuncNode", attrs=["system"]),
        node("builtins.method", "MethodNode", content={"func": "__globals__", "obj": {}}),
        node("sklearn.svm.SVC", content={"a": node("os.popen")}),
        node("numpy.f2py.compile"),
    ],
)
def test_dangerous_nodes_fail(tmp_path: Path, root: dict[str, object]) -> None:
    findings = found_by(DETECTOR, skops(root))
    assert max(f.severity.rank for f in findings) >= Severity.HIGH.rank
    assert scan_bytes(tmp_path, skops(root), name="m.skops").verdict is Verdict.FAIL


def test_an_unknown_type_needs_code_and_is_noted() -> None:
    (finding,) = found_by(DETECTOR, skops(node("my_package.Model")))
    assert finding.severity is Severity.INFO


def test_types_of_the_libraries_are_silent() -> None:
    inner = [node("numpy.ndarray", "NdArrayNode"), node("builtins.str", "JsonNode")]
    root = node("sklearn.svm._classes.SVC", content={"attrs": inner})
    assert found_by(DETECTOR, skops(root)) == []
    assert found_by(DETECTOR, b'{"__class__": "system", "__module__": "os"}') == []


def test_what_skops_writes_is_silent(tmp_path: Path) -> None:
    skops_io = pytest.importorskip("skops.io")
    linear_model = pytest.importorskip("sklearn.linear_model")
    rows = np.random.default_rng(0).random((20, 3))
    model = linear_model.LogisticRegression().fit(rows, rows[:, 0] > 0.5)
    raw = skops_io.dumps({"model": model, "call": model.predict, "f": np.sqrt})
    assert found_by(DETECTOR, raw) == []
    assert scan_bytes(tmp_path, raw, name="m.skops").verdict is Verdict.PASS
