"""MetaGraphDef: its graph, its assets, the text of its objects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_samples import PLAIN_GRAPH, asset, const, graph_def, meta_graph, op
from modelkeep.core import ModelkeepError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.tensorflow_graph import TensorflowGraph
from modelkeep.formats.tensorflow_meta_graph import looks_like, read
from samples import VALID, block, budget, damage, prefixes


def read_graph(data: bytes) -> tuple[TensorflowGraph, Reading]:
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    assert isinstance(reading.document, TensorflowGraph)
    return reading.document, reading


def saved_object(metadata: str) -> bytes:
    """A SavedObjectGraph with one user object."""
    return block(7, block(1, block(4, block(1, "_tf_keras_layer") + block(3, metadata))))


def test_the_graph_is_read_and_assets_are_named() -> None:
    graph, _ = read_graph(meta_graph(PLAIN_GRAPH, asset("vocab.txt"), asset("../x")))
    assert [o.op for o in graph.operations] == ["Placeholder", "Relu"]
    assert [name for name, _ in graph.assets] == ["vocab.txt", "../x"]


def test_assets_in_a_collection_are_named() -> None:
    inner = block(1, block(1, "asset:0")) + block(2, "v.txt")
    collection = block(5, block(1, block(1, "type.googleapis.com/x") + block(2, inner)))
    older = block(4, block(1, "saved_model_assets") + block(2, collection))
    graph, _ = read_graph(meta_graph(PLAIN_GRAPH, older))
    assert [name for name, _ in graph.assets] == ["v.txt"]


def test_a_meta_graph_alone_opens_what_its_constants_name() -> None:
    nodes = const("asset", "/etc/passwd"), op("ReadFile", "asset:0")
    graph, _ = read_graph(meta_graph(graph_def(*nodes), asset("vocab.txt")))
    assert graph.operations[1].inputs == (("/etc/passwd",),)


def test_json_of_an_object_is_a_part_and_other_text_is_not() -> None:
    _, reading = read_graph(meta_graph(PLAIN_GRAPH, saved_object('{"class_name": "Lambda"}')))
    (found,) = reading.parts
    assert sniff(found.open()) == ("json",)
    _, reading = read_graph(meta_graph(PLAIN_GRAPH, saved_object("")))
    assert reading.parts == []


@pytest.mark.parametrize("data", [meta_graph(PLAIN_GRAPH), block(2, PLAIN_GRAPH)])
def test_it_is_recognised(data: bytes) -> None:
    assert sniff(MemorySource(data)) == ("tensorflow meta graph",)


def test_one_cut_short_in_its_graph_is_recognised() -> None:
    data = meta_graph(PLAIN_GRAPH)
    assert looks_like(MemorySource(data[:-3]))


@pytest.mark.parametrize("data", [*VALID.values(), PLAIN_GRAPH, b"", b"\x12\x00", b"\0" * 40])
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


_WHOLE = meta_graph(PLAIN_GRAPH, asset("a"), saved_object("{}"))
_EDITS = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 9), st.binary(max_size=6)), max_size=4
)


@given(
    st.binary(max_size=200)
    | st.sampled_from(prefixes(_WHOLE))
    | st.builds(damage, st.just(_WHOLE), _EDITS)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        read_graph(data)
    except ModelkeepError:
        return
