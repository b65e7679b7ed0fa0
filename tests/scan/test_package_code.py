"""PKG001: archives whose code runs when they are loaded or served."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.package_code import DETECTOR
from samples import found_by, scan_bytes, zip_of

PACKAGE = {"p/.data/python_version": b"3.11", "p/.data/extern_modules": b"torch\n"}


def mar(handler: str = "handler.py", code: bytes = b"import torch\n", **more: str) -> bytes:
    model = {"modelName": "m", "handler": handler, "modelVersion": "1.0", **more}
    manifest = {"createdOn": "1/1/2026", "model": model, "archiverVersion": "0.12"}
    return zip_of({"MAR-INF/MANIFEST.json": json.dumps(manifest).encode(), "handler.py": code})


def test_a_package_is_noted() -> None:
    (finding,) = found_by(DETECTOR, zip_of({**PACKAGE, "p/mod.py": b"import torch\n"}))
    assert finding.severity is Severity.MEDIUM


def test_code_in_a_package_is_judged(tmp_path: Path) -> None:
    raw = zip_of({**PACKAGE, "p/mod.py": b"import os\nos.system('true')\n"})
    assert scan_bytes(tmp_path, raw, name="p.pt").verdict is Verdict.FAIL


def test_an_ordinary_archive_passes_and_its_handler_is_named(tmp_path: Path) -> None:
    findings = found_by(DETECTOR, mar())
    assert [f.severity for f in findings] == [Severity.INFO]
    assert scan_bytes(tmp_path, mar(), name="m.mar").verdict is Verdict.PASS


def test_a_handler_that_runs_commands_fails(tmp_path: Path) -> None:
    code = (
        b"import os\nclass H:\n    def initialize(self, context):\n        os.system('true')\n"
    )
    result = scan_bytes(tmp_path, mar(code=code), name="m.mar")
    assert result.verdict is Verdict.FAIL
    assert {f.severity for f in result.findings if f.rule.id == "PYC001"} == {Severity.CRITICAL}


@pytest.mark.parametrize(
    "handler", ["/etc/x.py", "../x.py", "http://host/x.py", "subprocess:run"]
)
def test_a_handler_from_elsewhere_is_high(handler: str) -> None:
    assert found_by(DETECTOR, mar(handler))[0].severity is Severity.HIGH


def test_extra_files_must_stay_inside() -> None:
    findings = found_by(DETECTOR, mar(extraFiles="../../etc/passwd"))
    assert Severity.HIGH in {f.severity for f in findings}


def test_manifests_elsewhere_are_left_alone() -> None:
    assert found_by(DETECTOR, b'{"model": {"handler": "/etc/x.py"}}') == []
