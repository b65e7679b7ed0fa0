"""Frames carry numbers and a small map, and nothing that would have to be unpickled."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import InputError
from modelkeep.models.frames import ClosedError, receive, send


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "u1", "?", "U5", "S3", "c16"])
def test_arrays_arrive_as_they_were_sent(dtype: str) -> None:
    array = np.zeros((3, 2), dtype)
    stream = io.BytesIO()
    send(stream, {"kind": "x", "n": 1}, {"a": array, "empty": array[:0]})
    stream.seek(0)
    says, arrays = receive(stream)
    assert says == {"kind": "x", "n": 1}
    assert arrays["a"].dtype == array.dtype
    assert np.array_equal(arrays["a"], array)
    assert arrays["empty"].shape == (0, 2)


def test_objects_are_not_sent_and_not_received() -> None:
    with pytest.raises(InputError, match="not of numbers"):
        send(io.BytesIO(), {}, {"a": np.array([{}])})
    head = b'{"says":{},"arrays":[{"name":"a","dtype":"|O","shape":[1]}]}'
    with pytest.raises(InputError):
        receive(io.BytesIO(struct.pack("<Q", len(head)) + head + bytes(8)))


@given(st.binary(max_size=64))
def test_nonsense_is_refused(data: bytes) -> None:
    for stream in (data, struct.pack("<Q", len(data)) + data):
        with pytest.raises((ClosedError, InputError)):
            receive(io.BytesIO(stream))
