"""SavedModel: every meta graph of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_samples import (
    PLAIN_GRAPH,
    asset,
    const,
    graph_def,
    meta_graph,
    op,
    saved_model,
)
from modelkeep.core import ModelkeepError, Verdict
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.tensorflow_graph import TensorflowGraph
from modelkeep.formats.tensorflow_saved_model import looks_like, read
from samples import VALID, block, budget, damage, number, prefixes, scan_bytes


def test_every_meta_graph_is_read() -> None:
    data = saved_model(PLAIN_GRAPH) + block(2, meta_graph(graph_def(op("WriteFile"))))
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    assert isinstance(reading.document, TensorflowGraph)
    assert [o.op for o in reading.document.operations] == ["Placeholder", "Relu", "WriteFile"]


def test_the_path_an_asset_had_when_it_was_saved_reaches_nothing() -> None:
    graph = graph_def(const("asset", "/home/me/vocab.txt"), op("ReadFile", "asset:0"))
    inner = block(1, block(1, "asset:0")) + block(2, "vocab.txt")
    wrapped = block(5, block(1, block(1, "type.googleapis.com/x") + block(2, inner)))
    older = block(4, block(1, "saved_model_assets") + block(2, wrapped))
    other = block(4, block(1, "asset_filepaths") + block(2, wrapped))
    for rest, reaches in (
        (asset("vocab.txt"), ()),
        (older, ()),
        (other, ("/home/me/vocab.txt",)),
    ):
        reading = Reading()
        read(MemorySource(saved_model(graph, rest)), budget(), reading)
        assert isinstance(reading.document, TensorflowGraph)
        given = reading.document.operations[1].inputs
        assert given == ((reaches,) if reaches else ())


@pytest.mark.parametrize(
    "data",
    [
        saved_model(PLAIN_GRAPH),
        block(2, meta_graph(PLAIN_GRAPH)) + number(1, 1),
        block(77, "unknown") + saved_model(PLAIN_GRAPH),
        number(1, 1) + block(2, meta_graph(b"")) + block(2, meta_graph(PLAIN_GRAPH)),
    ],
    ids=["plain", "version last", "unknown first", "second graph"],
)
def test_it_is_recognised_in_any_order(data: bytes) -> None:
    assert sniff(MemorySource(data))[0] == "tensorflow saved model"


@pytest.mark.parametrize("data", [*VALID.values(), PLAIN_GRAPH, meta_graph(PLAIN_GRAPH), b""])
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


def test_one_cut_short_is_never_clean(tmp_path: Path) -> None:
    data = saved_model(PLAIN_GRAPH)
    for text in prefixes(data)[20:]:
        assert scan_bytes(tmp_path, text).verdict is Verdict.INCONCLUSIVE


_EDITS = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 9), st.binary(max_size=6)), max_size=4
)


@given(st.binary(max_size=200) | st.builds(damage, st.just(saved_model(PLAIN_GRAPH)), _EDITS))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        read(MemorySource(data), budget(), Reading())
    except ModelkeepError:
        return
