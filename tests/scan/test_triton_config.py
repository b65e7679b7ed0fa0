"""TRI001: what a Triton configuration makes the server load."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.triton_config import DETECTOR
from samples import found_by, scan_bytes

HEAD = 'name: "m" max_batch_size: 8 input [ { name: "x" } ] '


def severities(text: str) -> list[Severity]:
    return [f.severity for f in found_by(DETECTOR, (HEAD + text).encode())]


def environment(path: str) -> str:
    value = f'value: {{ string_value: "{path}" }}'
    return f'backend: "onnxruntime" parameters: {{ key: "EXECUTION_ENV_PATH" {value} }}'


@pytest.mark.parametrize(
    "text",
    [
        environment("/tmp/env.tar.gz"),
        environment("../env.tar.gz"),
        environment("$$TRITON_MODEL_DIRECTORY/../../env.tar.gz"),
        environment("https://h/env.tar.gz"),
        'backend: "../evil"',
        'backend: "/tmp/libtriton_evil.so"',
        'backend: "libtriton_evil.so"',
        'default_model_filename: "/tmp/model.py"',
        'default_model_filename: "../../model.py"',
        'cc_model_filenames [ { key: "8.0" value: "/tmp/x" } ]',
        'model_operations { op_library_filename: "ops.so" }',
        'parameters { key: "plugin" value { string_value: "ops.so" } }',
        'parameters { key: "weights" value { string_value: "a/../../x" } }',
        r'default_model_filename: "\x2ftmp/model.py"',
    ],
)
def test_code_or_files_from_outside_are_high(tmp_path: Path, text: str) -> None:
    assert severities(text) == [Severity.HIGH]
    assert scan_bytes(tmp_path, (HEAD + text).encode()).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ('backend: "python"', Severity.INFO),
        ('backend: "mine"', Severity.MEDIUM),
        ('model_repository_agents { agents [ { name: "mine" } ] }', Severity.MEDIUM),
        (environment("$$TRITON_MODEL_DIRECTORY/env.tar.gz"), Severity.MEDIUM),
    ],
)
def test_code_inside_and_libraries_by_name_do_not_fail(text: str, severity: Severity) -> None:
    assert severities(text) == [severity]


@pytest.mark.parametrize(
    "text",
    [
        'platform: "tensorrt_plan" default_model_filename: "model.plan"',
        'backend: "tensorrtllm" parameters { key: "engine" value { string_value: "/e" } }',
        'platform: "ensemble" ensemble_scheduling { step [ { model_name: "a" } ] }',
        'backend: "onnxruntime" model_repository_agents { agents [ { name: "checksum" } ] }',
    ],
)
def test_usual_configurations_are_left_alone(text: str) -> None:
    assert severities(text) == []
