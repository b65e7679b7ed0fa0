"""HUB005: YOLO descriptions that evaluate expressions."""

from __future__ import annotations

import json

import pytest

from modelkeep.core import Severity
from modelkeep.scan.yolo_expression import DETECTOR
from samples import found_by


def found(value: object) -> list[Severity]:
    return [f.severity for f in found_by(DETECTOR, json.dumps(value).encode())]


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "exec('x = 1')",
        "os.system",
        "().__class__",
        "[x for x in y]",
        "(lambda: 1)()",
        "nn.ReLU(__import__('os').system('true'))",
        "getattr(nn, 'x')",
    ],
)
def test_an_expression_is_high_wherever_it_stands(text: str) -> None:
    layers = [[-1, 1, "Conv", [64, 3, 2]]]
    assert found({"backbone": [[-1, 1, text, [64]]], "head": layers}) == [Severity.HIGH]
    assert found({"backbone": layers, "head": [[-1, 1, "Conv", [64, text]]]}) == [Severity.HIGH]
    assert found({"backbone": layers, "activation": text}) == [Severity.HIGH]


def test_an_honest_description_is_left_alone() -> None:
    value = {
        "nc": 80, "depth_multiple": 0.33, "activation": "nn.LeakyReLU(0.1)",
        "anchors": [[10, 13, 16, 30]], "scales": {"n": [0.33, 0.25, 1024]},
        "backbone": [[-1, 1, "Conv", [64, 3, 2]], [-1, 3, "C2f", [128, True]]],
        "head": [
            [-1, 1, "nn.Upsample", ["None", 2, "nearest"]], [[-1, 6], 1, "Concat", [1]],
            [[17, 20, 23], 1, "Detect", ["nc", "anchors"]], [-1, 1, "torch.nn.ReLU", []],
            [-1, 1, "C3k2", [256, False, 0.25, "bilinear mode"]],
        ],
    }  # fmt: skip
    assert found(value) == []


def test_other_documents_are_left_alone() -> None:
    assert found({"text": "os.system('true')", "head": "x"}) == []
    assert found(["os.system"]) == []
