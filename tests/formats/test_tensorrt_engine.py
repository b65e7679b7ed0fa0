"""TensorRT engines are recognised."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import ModelkeepError
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.tensorrt_engine import TensorrtEngine, looks_like, read
from samples import VALID, budget, read_streams

PLAN = b"ftrt" + b"\0" * 60
META = b'{"task": "detect"}'


def test_a_plan_is_one() -> None:
    reading = Reading()
    assert looks_like(MemorySource(PLAN))
    read(MemorySource(PLAN), budget(), reading)
    assert reading.document == TensorrtEngine(0)


def test_the_document_in_front_of_a_plan_is_read() -> None:
    data = struct.pack("<I", len(META)) + META + PLAN
    inner, outer = read_streams(data)
    assert (inner.format, outer.document) == ("json", TensorrtEngine(4 + len(META)))


@pytest.mark.parametrize(
    "data", [*VALID.values(), b"", b"ftr", struct.pack("<I", 18) + META + b"plan"]
)
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        read(MemorySource(data), budget(), Reading())
    except ModelkeepError:
        return
