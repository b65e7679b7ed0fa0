"""Triton configurations are told from other text."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import MalformedArtifactError, Verdict
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.protobuf_text import Message
from modelkeep.formats.triton_config import looks_like, read
from samples import VALID, budget, scan_bytes

PLAIN = b"""
name: "densenet"
platform: "onnxruntime_onnx"
max_batch_size: 8
input [ { name: "x" data_type: TYPE_FP32 dims: [ 3, 224, 224 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ 1000 ] label_filename: "labels.txt" } ]
instance_group [ { kind: KIND_GPU count: 1 } ]
"""


def test_it_is_read(tmp_path: Path) -> None:
    reading = Reading()
    read(MemorySource(PLAIN), budget(), reading)
    assert isinstance(reading.document, Message)
    assert reading.document.text("platform") == "onnxruntime_onnx"
    result = scan_bytes(tmp_path, PLAIN, name="config.pbtxt")
    assert (result.format, result.verdict) == ("triton config", Verdict.PASS)


@pytest.mark.parametrize(
    "data", [b'backend: "python"\n', b'name: "m"\nbackend: "python"', b"input {} output {}"]
)
def test_a_short_one_is_recognised(data: bytes) -> None:
    assert looks_like(MemorySource(data))


def test_one_cut_short_is_inconclusive(tmp_path: Path) -> None:
    with pytest.raises(MalformedArtifactError):
        read(MemorySource(PLAIN[:-4]), budget(), Reading())
    assert scan_bytes(tmp_path, PLAIN[:-4]).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "data",
    [
        *VALID.values(),
        b'name: "net" input: "data" layer { type: "ReLU" }',
        b"name: model\nversion: two words\n",
        b"input: x\n",
        b"parameters are not given\n",
    ],
)
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))
