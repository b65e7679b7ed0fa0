"""ONX003: what is said about external data beyond its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.onnx_external_fields import DETECTOR
from samples import block, found_by, node, onnx_of, outside, scan_bytes


def pair(key: str, value: str = "1") -> bytes:
    """One more pair of an outside tensor."""
    return block(13, block(1, key) + block(2, value))


def found(*pairs: bytes) -> list[str]:
    data = onnx_of(tensors=[outside("w.bin") + b"".join(pairs)])
    return [f.evidence["what"] for f in found_by(DETECTOR, data)]


@pytest.mark.parametrize(
    "key", ["__class__", "basepath", "__dict__", "Location", "", "prepacked_", "offset "]
)
def test_a_key_that_no_exporter_writes_is_high(tmp_path: Path, key: str) -> None:
    data = onnx_of(tensors=[outside("m.bin") + pair(key)])
    (finding,) = found_by(DETECTOR, data)
    assert finding.severity is Severity.HIGH
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


@pytest.mark.parametrize("key", ["location", "offset", "length", "checksum"])
def test_a_key_given_twice_is_high(key: str) -> None:
    given = [pair(key)] if key == "location" else [pair(key), pair(key)]
    assert found(*given) == [f"key {key!r} stands more than once"]


@pytest.mark.parametrize("key", ["offset", "length"])
@pytest.mark.parametrize("value", ["-1", "", "0x10", "1e9", " 1", "1" * 20, "²", "nan"])
def test_what_is_no_plain_number_is_high(key: str, value: str) -> None:
    assert found(pair(key, value)) == [f"{key} {value!r} is no plain number"]


def test_numbers_that_overflow_together_are_high() -> None:
    large = str(2**62 - 1)
    assert found(pair("offset", large), pair("length", "1")) == []
    assert found(pair("offset", large), pair("length", "2")) == [
        "offset and length lead beyond any file"
    ]


def test_a_tensor_without_a_place_and_one_in_an_attribute_count() -> None:
    bare = block(8, "w") + pair("__class__")
    assert len(found_by(DETECTOR, onnx_of(tensors=[bare]))) == 1
    hidden = node("Constant", "", block(5, block(5, bare)))
    assert len(found_by(DETECTOR, onnx_of(nodes=[hidden]))) == 1


def test_what_exporters_write_is_left_alone() -> None:
    assert found(pair("offset", "4096"), pair("length", "64"), pair("checksum", "ab")) == []
    assert found(pair("offset", "0"), pair("prepacked_0", "k|64;32;")) == []


def test_problems_are_reported_once_and_not_without_end() -> None:
    same = [outside("w.bin", name=str(i)) + pair("x") for i in range(5)]
    assert len(found_by(DETECTOR, onnx_of(tensors=same))) == 1
    many = [outside("w.bin") + pair(f"x{i}") for i in range(50)]
    assert len(found_by(DETECTOR, onnx_of(tensors=many))) == 20
