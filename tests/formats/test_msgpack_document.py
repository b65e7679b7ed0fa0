"""MessagePack: walked whole, nothing built that the file could blow up, binaries handed out."""

from __future__ import annotations

import contextlib
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.msgpack_document import looks_like, read
from modelkeep.formats.tree import Tree
from samples import bomb, budget, prefixes

FLAX = {
    "params": {"Dense_0": {"kernel": msgspec.msgpack.Ext(1, b"\x93array"), "bias": b"\0" * 8}},
    "step": 7,
    "rate": 0.5,
    "names": ["a", "b" * 300, None, True, -5, 1 << 40],
}


def walked(data: bytes, **limits: int) -> Reading:
    reading = Reading()
    read(MemorySource(data), budget(**limits), reading)
    return reading


def test_a_flax_checkpoint_is_recognised_and_walked() -> None:
    data = msgspec.msgpack.encode(FLAX)
    assert sniff(MemorySource(data)) == ("msgpack",)
    tree = walked(data).document
    assert isinstance(tree, Tree)
    assert dict(tree.walk())[("names", 1)] == "b" * 300


def test_a_pickle_in_a_binary_value_is_handed_out() -> None:
    for value in (bomb(), msgspec.msgpack.Ext(5, bomb())):
        (found,) = walked(msgspec.msgpack.encode({"opt_state": value})).parts
        assert found.open().read(0, 1 << 20) == bomb()


def test_a_key_given_twice_and_bytes_behind_are_not_lost() -> None:
    data = b"\x82\xa1a\x01\xa1a\x02"
    reading = walked(data + bomb())
    assert reading.lies[0][1] == "key 'a' stands twice in one map"
    assert [found.member for found in reading.parts] == ["trailing"]


def test_a_document_cut_short_anywhere_is_malformed() -> None:
    for data in prefixes(msgspec.msgpack.encode(FLAX)):
        with pytest.raises(MalformedArtifactError):
            walked(data)


def test_depth_and_values_are_bounded() -> None:
    with pytest.raises(LimitExceededError, match="deeper"):
        walked(b"\x91" * 10_000)
    with pytest.raises(LimitExceededError, match="steps"):
        walked(b"\xdd" + struct.pack(">I", 1000) + b"\1" * 1000, operations=100)
    with pytest.raises(MalformedArtifactError):
        walked(b"\xdd\xff\xff\xff\xff")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    with contextlib.suppress(ModelkeepError):
        walked(data)
