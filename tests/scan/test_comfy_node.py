"""HUB004: workflows whose nodes run code."""

from __future__ import annotations

import json

import pytest

from modelkeep.core import Severity
from modelkeep.scan.comfy_node import DETECTOR
from samples import found_by

CODE = "__import__('os').system('true')"


def workflow(kind: str, value: object = "x") -> list[dict[str, object]]:
    """One node as the server takes it and as the editor saves it."""
    return [
        {"1": {"class_type": kind, "inputs": {"text": value, "link": ["2", 0]}}},
        {"nodes": [{"id": 1, "type": kind, "widgets_values": [value, 3]}], "links": []},
    ]


def severities(value: object) -> list[Severity]:
    return [f.severity for f in found_by(DETECTOR, json.dumps(value).encode())]


@pytest.mark.parametrize(
    "kind",
    ["ACE_ExpressionEval", "Evaluate Python", "ExecutePython", "RunPythonScript",
     "Shell Command",
     "Exec Node", "BashNode Bash", "FilterContour", "Run Command", "PythonNode"],
)  # fmt: skip
def test_a_node_that_runs_code_is_high(kind: str) -> None:
    for value in workflow(kind):
        assert severities(value) == [Severity.HIGH]


def test_code_typed_into_any_node_is_high() -> None:
    for value in (*workflow("MathExpression|x", CODE), *workflow("CLIPTextEncode", CODE)):
        assert severities(value) == [Severity.HIGH]


def test_custom_nodes_are_named_once() -> None:
    for value in workflow("Efficient Loader"):
        assert severities(value) == [Severity.INFO]


@pytest.mark.parametrize("kind", ["KSampler", "CLIPTextEncode", "Note", "LoraLoader"])
def test_own_nodes_and_prompts_are_left_alone(kind: str) -> None:
    prompt = "a snake (python:1.2), import of goods, system (of a down), eval (uation)"
    for value in workflow(kind, prompt):
        assert severities(value) == []


def test_other_documents_are_left_alone() -> None:
    values = (
        {"class_type": "x"},
        {"type": "python", "id": 1},
        {"inputs": {}},
        [1],
        {"nodes": [1]},
    )
    for value in values:
        assert severities(value) == []
