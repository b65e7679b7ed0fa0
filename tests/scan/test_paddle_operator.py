"""PDL001: operators of Paddle that reach outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.paddle_operator import DETECTOR
from samples import block, found_by, number, scan_bytes


def program(kind: str, text: str = "") -> bytes:
    attribute = block(4, block(1, "file_path") + block(5, text)) if text else b""
    body = number(1, 0) + number(2, 0) + block(4, block(3, kind) + attribute)
    return block(1, body)


@pytest.mark.parametrize(
    ("kind", "text", "severity"),
    [
        ("py_func", "", Severity.CRITICAL),
        ("py_layer", "", Severity.CRITICAL),
        ("save_combine", "/etc/cron.d/x", Severity.HIGH),
        ("load", "../../x", Severity.HIGH),
        ("read_file", "x", Severity.HIGH),
        ("listen_and_serv", "", Severity.HIGH),
    ],
)
def test_operators_that_reach_out_fail(
    tmp_path: Path, kind: str, text: str, severity: Severity
) -> None:
    (finding,) = found_by(DETECTOR, program(kind, text))
    assert finding.severity is severity
    assert scan_bytes(tmp_path, program(kind, text)).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("kind", "text"),
    [("conv2d", ""), ("feed", ""), ("save", "w"), ("print", "/x"), ("load", "")],
)
def test_other_operators_are_left_alone(kind: str, text: str) -> None:
    assert found_by(DETECTOR, program(kind, text)) == []


def pir(*names: str) -> bytes:
    ops = [{"#": name} for name in names]
    regions = [{"blocks": [{"ops": ops}]}]
    return json.dumps({"base_code": {"magic": "pir"}, "program": {"regions": regions}}).encode()


def test_the_json_form_is_read_and_other_json_is_not() -> None:
    (finding,) = found_by(DETECTOR, pir("1.conv2d", "1.py_func"))
    assert finding.severity is Severity.CRITICAL
    assert found_by(DETECTOR, pir("1.conv2d")) == []
    assert found_by(DETECTOR, b'{"#": "1.py_func"}') == []
