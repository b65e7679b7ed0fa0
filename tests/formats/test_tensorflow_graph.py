"""GraphDef: every operator, and the constant text that reaches it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_samples import (
    PLAIN_GRAPH,
    attribute,
    const,
    function,
    graph_def,
    meta_graph,
    op,
    saved_model,
    text_tensor,
)
from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import Limits, MemorySource, Reading, sniff
from modelkeep.formats.tensorflow_graph import TensorflowGraph, looks_like, read
from modelkeep.formats.tensorflow_scope import Operation
from samples import VALID, block, bomb, budget, damage, number, prefixes, read_streams, zip_of


def operations(data: bytes) -> list[Operation]:
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    assert isinstance(reading.document, TensorflowGraph)
    return reading.document.operations


def inputs(*nodes: bytes) -> tuple[tuple[str, ...], ...]:
    """What reaches the inputs of the node ``ReadFile``."""
    (found,) = [item for item in operations(graph_def(*nodes)) if item.op == "ReadFile"]
    return found.inputs


def test_nodes_and_bodies_of_functions_are_operations() -> None:
    data = graph_def(op("Relu"), functions=[function("f", op("WriteFile")), function("g")])
    assert [(o.op, o.scope) for o in operations(data)] == [("WriteFile", "f"), ("Relu", "")]


def test_a_constant_reaches_through_what_passes_text_on() -> None:
    name = const("c", "/etc/passwd")
    assert inputs(name, op("ReadFile", "c:0")) == (("/etc/passwd",),)
    chain = [op("Identity", "c", node="i"), op("Reshape", "i", "s", node="r")]
    assert inputs(name, *chain, op("ReadFile", "r:output:0")) == (("/etc/passwd",),)
    # A node may stand behind the one it feeds.
    assert inputs(op("ReadFile", "c"), name) == (("/etc/passwd",),)


def test_texts_are_joined_with_their_separator_and_marks_for_the_unknown() -> None:
    slash = attribute("separator", block(2, "/"))
    join = op("StringJoin", "a", "x", "b", node="j", attributes=slash)
    nodes = [const("a", ""), const("b", "passwd"), op("Placeholder", node="x"), join]
    assert inputs(*nodes, op("ReadFile", "j")) == (("/?/passwd",),)


def test_a_node_that_feeds_itself_ends() -> None:
    ring = [op("Identity", "b", node="a"), op("Identity", "a", node="b")]
    assert inputs(*ring, op("ReadFile", "a")) == ()
    wide = [op("StringJoin", *["w"] * 16, node="w"), op("ReadFile", "w")]
    assert inputs(*wide) == ()


def test_layers_that_branch_out_are_visited_once() -> None:
    nodes = [const("n0", "x")]
    nodes += [op("Pack", *[f"n{i}"] * 16, node=f"n{i + 1}") for i in range(60)]
    assert inputs(*nodes, op("ReadFile", "n60")) == (("x",) * 16,)


def test_text_attributes_are_kept_with_their_names() -> None:
    urls = attribute("debug_urls", block(1, block(2, "file:///tmp") + block(2, "grpc://h:1")))
    (found,) = operations(graph_def(op("DebugIdentity", attributes=urls)))
    assert found.texts == ("debug_urls=file:///tmp", "debug_urls=grpc://h:1")
    named = attribute("f", block(10, block(1, "body")))
    (found,) = operations(graph_def(op("PartitionedCall", attributes=named)))
    assert found.texts == ("f=body",)


def test_two_nodes_of_one_name_are_both_seen() -> None:
    data = graph_def(op("Relu", node="n"), op("WriteFile", node="n"))
    assert [o.op for o in operations(data)] == ["Relu", "WriteFile"]


def test_equal_operations_are_kept_once() -> None:
    assert len(operations(graph_def(*[op("Relu", node=f"n{i}") for i in range(9)]))) == 1


def test_the_offset_is_where_the_node_begins_in_its_stream() -> None:
    node = op("WriteFile")
    data = zip_of({"pad": b"x" * 99, "g.pb": graph_def(op("Relu"), node)})
    (stream,) = [s for s in read_streams(data) if s.location.member == "g.pb"]
    assert isinstance(stream.document, TensorflowGraph)
    offset = stream.document.operations[1].offset
    assert stream.source.read(offset, len(node)) == node


@pytest.mark.parametrize("hidden", [bomb(4), bomb(2), PLAIN_GRAPH, zip_of({"a": b"b"})])
def test_a_stream_inside_a_constant_is_a_part(hidden: bytes) -> None:
    reading = Reading()
    read(MemorySource(graph_def(const("c", hidden))), budget(), reading)
    (found,) = reading.parts
    source = found.open()
    assert source.read(0, source.size) == hidden


def test_text_and_numbers_inside_constants_are_no_parts() -> None:
    reading = Reading()
    values = attribute("value", block(8, number(1, 1) + block(4, bomb())))
    data = graph_def(
        const("c", "words of a vocabulary", b"\x80\x04 not one"), op("Const", attributes=values)
    )
    read(MemorySource(data), budget(), reading)
    assert reading.parts == []


@pytest.mark.parametrize(
    "data",
    [
        PLAIN_GRAPH,
        block(4, number(1, 1)) + PLAIN_GRAPH,
        number(3, 1) + block(99, "unknown") + PLAIN_GRAPH,
        graph_def(functions=[function("f", op("Relu"))]),
        block(1, attribute("T", number(6, 1)) + op("Relu")),
        block(1, block(2, "WriteFile")),
    ],
    ids=["plain", "versions", "unknown", "only functions", "attributes", "no name"],
)
def test_a_graph_is_one_in_any_order(data: bytes) -> None:
    assert sniff(MemorySource(data)) == ("tensorflow graph",)


@pytest.mark.parametrize(
    "data",
    [
        *VALID.values(),
        saved_model(PLAIN_GRAPH),
        meta_graph(PLAIN_GRAPH),
        b"\0" * 64,
        b"\n" * 64,
        b"name: value\n",
        b"\x0a\x05hello\x12\x03abc",
    ],
)
def test_other_bytes_are_no_graph(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


def test_what_was_found_before_the_break_is_kept() -> None:
    data = graph_def(const("c", "/a"), op("ReadFile", "c"), op("Relu"))
    reading = Reading()
    with pytest.raises(MalformedArtifactError):
        read(MemorySource(data[:-8]), budget(), reading)
    assert isinstance(reading.document, TensorflowGraph)
    assert reading.document.operations[1].inputs == (("/a",),)


def test_every_prefix_is_read_or_refused() -> None:
    data = graph_def(const("c", "/a"), op("ReadFile", "c"), functions=[function("f", op("A"))])
    ends = 0
    for text in prefixes(data):
        try:
            operations(text)
        except MalformedArtifactError:
            continue
        ends += 1
    assert ends <= 5  # nothing, and after each whole field


def test_nodes_are_counted() -> None:
    data = graph_def(*[op("Relu", node=f"n{i}") for i in range(50)])
    with pytest.raises(LimitExceededError):
        read(MemorySource(data), budget(operations=20), Reading())
    assert budget(operations=20).limits.operations < Limits().operations


_EDITS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 9), st.binary(max_size=6)), max_size=4
)
_WHOLE = graph_def(
    const("c", "/a"),
    op("StringJoin", "c", "c", node="j"),
    op("ReadFile", "j", attributes=attribute("t", block(1, block(8, text_tensor("z"))))),
    functions=[function("f", op("Relu"))],
)


@given(st.binary(max_size=200) | st.builds(damage, st.just(_WHOLE), _EDITS))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        found = operations(data)
    except ModelkeepError:
        return
    assert all(0 <= item.offset <= len(data) for item in found)
