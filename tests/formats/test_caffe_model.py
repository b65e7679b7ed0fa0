"""Caffe networks with weights: their layers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_samples import PLAIN_GRAPH, saved_model
from modelkeep.core import LimitExceededError, ModelkeepError, Verdict
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.caffe_model import CaffeLayer, CaffeNetwork, looks_like, read
from samples import VALID, block, budget, damage, prefixes, scan_bytes


def layer(kind: str, *rest: bytes) -> bytes:
    """A LayerParameter as a field of the network."""
    return block(100, block(1, kind.lower()) + block(2, kind) + b"".join(rest))


WHOLE = (
    block(1, "net")
    + layer("Convolution", block(7, block(5, b"\0" * 64)))
    + layer("Python", block(130, block(1, "os") + block(2, "system")))
)


def test_layers_are_read() -> None:
    reading = Reading()
    read(MemorySource(WHOLE), budget(), reading)
    assert reading.document == CaffeNetwork(
        [
            CaffeLayer("convolution", "Convolution", 5),
            CaffeLayer("python", "Python", WHOLE.rindex(b"\xa2\x06"), "os", "system"),
        ]
    )


def test_a_plain_network_passes(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, block(1, "net") + layer("ReLU"))
    assert (result.format, result.verdict) == ("caffe model", Verdict.PASS)


def test_one_cut_short_is_inconclusive(tmp_path: Path) -> None:
    data = block(1, "net") + layer("ReLU", block(7, b"\0" * 9))
    for text in prefixes(data)[12:]:
        assert scan_bytes(tmp_path, text).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("data", [*VALID.values(), PLAIN_GRAPH, saved_model(PLAIN_GRAPH), b""])
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


def test_layers_are_counted() -> None:
    with pytest.raises(LimitExceededError):
        read(MemorySource(layer("ReLU") * 5), budget(entries=4), Reading())


_EDITS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 9), st.binary(max_size=6)), max_size=4
)


@given(st.binary(max_size=100) | st.builds(damage, st.just(WHOLE), _EDITS))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        read(MemorySource(data), budget(), Reading())
    except ModelkeepError:
        return
