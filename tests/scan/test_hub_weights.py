"""HUB002: an index that names files outside the model."""

from __future__ import annotations

import json

import pytest

from modelkeep.core import Severity
from modelkeep.scan.hub_weights import DETECTOR
from samples import found_by


@pytest.mark.parametrize(
    "name",
    [
        "../model.bin", "a/../../model.bin", "/etc/passwd", "~/model.bin", "..\\model.bin",
        "C:\\model.bin", "\\\\host\\share\\m.bin", "https://example.org/m.bin",
        "file:///m", "..",
    ],
)  # fmt: skip
def test_a_file_outside_is_high(name: str) -> None:
    index = {"metadata": {}, "weight_map": {"w": "model-1.safetensors", "v": name, "u": name}}
    (finding,) = found_by(DETECTOR, json.dumps(index).encode())
    assert (finding.severity, finding.evidence) == (Severity.HIGH, {"name": name})
    modules = [{"idx": 0, "name": "0", "path": name, "type": "a.b"}]
    assert len(found_by(DETECTOR, json.dumps(modules).encode())) == 1


def test_the_first_of_two_maps_counts_too() -> None:
    data = b'{"weight_map": {"w": "/etc/passwd"}, "weight_map": {"w": "m.bin"}}'
    assert len(found_by(DETECTOR, data)) == 1


def test_files_of_the_model_are_left_alone() -> None:
    index = {
        "metadata": {"total_size": 1, "url": "https://example.org"},
        "weight_map": {"w": "model-00001-of-00002.safetensors", "v": "sub/m..2.bin", "n": None},
    }
    assert found_by(DETECTOR, json.dumps(index).encode()) == []
    modules = [{"idx": 1, "name": "1", "path": "1_Pooling", "type": "a.b"}]
    assert found_by(DETECTOR, json.dumps(modules).encode()) == []
