"""ONNX: every operator and outside file is found, wherever the model keeps it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import Budget, Limits, MemorySource, Reading, onnx_model
from modelkeep.formats.onnx_model import (
    ExternalTensor,
    Item,
    LocalFunction,
    Operator,
    looks_like,
    walk,
)
from samples import (
    VALID,
    block,
    bomb,
    budget,
    graph,
    mutants,
    node,
    number,
    onnx_of,
    outside,
    prefixes,
)

EVIL = node("PyOp", "evil")


def read(data: bytes, limits: Limits | None = None) -> list[Item]:
    return list(walk(MemorySource(data), Budget(limits or Limits())))


def operators(data: bytes) -> list[tuple[str, str]]:
    return [(f.domain, f.name) for f in read(data) if isinstance(f, Operator)]


def locations(data: bytes) -> list[str]:
    return [f.location for f in read(data) if isinstance(f, ExternalTensor)]


def nested(depth: int) -> bytes:
    """A node whose attribute holds a graph, and so on; the innermost is foreign."""
    inner = EVIL
    for _ in range(depth):
        inner = node("If", "", block(5, block(6, graph(nodes=[inner]))))
    return inner


PLACES = {
    "graph": onnx_of(nodes=[node("Relu"), EVIL]),
    "subgraph": onnx_of(nodes=[nested(1)]),
    "list of subgraphs": onnx_of(
        nodes=[node("Scan", "", block(5, block(11, graph()) + block(11, graph(nodes=[EVIL]))))]
    ),
    "function": onnx_of(rest=block(25, block(1, "f") + block(7, EVIL))),
    "training algorithm": onnx_of(rest=block(20, block(2, graph(nodes=[EVIL])))),
    "second graph": onnx_of(rest=block(7, graph(nodes=[EVIL]))),
    "subgraph of a function": onnx_of(rest=block(25, block(7, nested(2)))),
    "default of a function's attribute": onnx_of(
        rest=block(25, block(11, block(6, graph(nodes=[EVIL]))))
    ),
}
TENSORS = {
    "initializer": onnx_of(tensors=[outside("x")]),
    "sparse initializer": number(1, 8)
    + block(7, block(15, block(1, outside("x"))))
    + block(8, number(2, 18)),
    "attribute": onnx_of(nodes=[node("Constant", "", block(5, block(5, outside("x"))))]),
    "list of tensors": onnx_of(nodes=[node("C", "", block(5, block(10, outside("x"))))]),
    "sparse attribute": onnx_of(
        nodes=[node("C", "", block(5, block(22, block(2, outside("x")))))]
    ),
    "training initialization": onnx_of(rest=block(20, block(1, graph(tensors=[outside("x")])))),
    "default of a function's attribute": onnx_of(
        rest=block(25, block(11, block(5, outside("x"))))
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_an_operator_is_found_in(place: str) -> None:
    assert ("evil", "PyOp") in operators(PLACES[place])


@pytest.mark.parametrize("place", TENSORS)
def test_an_outside_tensor_is_found_in(place: str) -> None:
    assert locations(TENSORS[place]) == ["x"]


def test_the_offset_is_where_the_node_begins() -> None:
    data = onnx_of(nodes=[EVIL])
    (found,) = read(data)
    assert data[found.offset : found.offset + len(EVIL)] == EVIL


def test_a_field_of_the_wrong_kind_hides_nothing() -> None:
    """Protobuf ignores such a field, so the operator keeps the name it was given."""
    assert operators(onnx_of(nodes=[EVIL + number(4, 0) + number(7, 0)])) == [("evil", "PyOp")]
    data = onnx_of(tensors=[outside("/etc/passwd", number(1, 0), number(2, 0))])
    assert locations(data) == ["/etc/passwd"]


def test_every_location_a_tensor_names_is_found() -> None:
    twice = outside("a") + block(13, block(1, "location") + block(2, "b"))
    assert locations(onnx_of(tensors=[twice])) == ["a", "b"]


def test_what_the_onnx_library_writes_is_read_the_same() -> None:
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    inner = helper.make_graph(
        [helper.make_node("Foo", [], ["y"], domain="my.ops")], "g", [], []
    )
    weight = onnx.TensorProto(name="w", data_type=1, dims=[1], data_location=1)
    weight.external_data.add(key="location", value="weights.bin")
    main = helper.make_graph(
        [
            helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner),
            helper.make_node("Relu", ["x"], ["z"]),
        ],
        "main",
        [],
        [],
        initializer=[weight],
    )
    data = helper.make_model(main).SerializeToString()
    assert looks_like(MemorySource(data))
    assert operators(data) == [("my.ops", "Foo"), ("my.ops", "Foo"), ("", "If"), ("", "Relu")]
    assert locations(data) == ["weights.bin"]


def test_functions_and_what_is_said_of_outside_data_are_read() -> None:
    own = block(25, block(1, "f") + block(10, "my.own") + block(7, node("Relu")))
    further = block(13, block(1, "offset") + block(2, "64"))
    data = onnx_of(tensors=[outside("w.bin") + further], rest=own)
    tensor, relu, function = read(data)
    assert isinstance(relu, Operator)
    assert isinstance(tensor, ExternalTensor)
    assert tensor.entries == (("location", "w.bin"), ("offset", "64"))
    assert isinstance(function, LocalFunction)
    assert (relu.name, function.domain, function.name) == ("Relu", "my.own", "f")


def test_outside_data_without_a_place_is_read_too() -> None:
    (found,) = read(onnx_of(tensors=[block(8, "w") + block(13, block(1, "length"))]))
    assert isinstance(found, ExternalTensor)
    assert (found.location, found.entries) == ("", (("length", ""),))


@pytest.mark.parametrize(
    "data",
    [
        onnx_of(tensors=[block(8, "w") + block(9, bomb())]),
        onnx_of(tensors=[block(8, "w") + block(6, "text") + block(6, bomb())]),
        onnx_of(nodes=[node("A", "", block(5, block(1, "w") + block(4, bomb())))]),
        onnx_of(nodes=[node("A", "", block(5, block(1, "w") + block(9, bomb())))]),
        onnx_of(rest=block(14, block(1, "w") + block(2, bomb()))),
    ],
    ids=["raw bytes", "text", "attribute", "list of texts", "metadata"],
)
def test_a_stream_inside_a_value_is_a_part(data: bytes) -> None:
    reading = Reading()
    onnx_model.read(MemorySource(data), budget(), reading)
    (found,) = reading.parts
    assert found.open().read(0, 999) == bomb()


def test_graphs_nested_deeper_than_the_limit_are_refused() -> None:
    assert operators(onnx_of(nodes=[nested(8)]))
    with pytest.raises(LimitExceededError, match="deeper than 8"):
        read(onnx_of(nodes=[nested(9)]))


def test_nodes_and_tensors_count_as_entries() -> None:
    data = onnx_of(nodes=[node("Relu")] * 3, tensors=[outside("x")] * 2)
    assert len(list(walk(MemorySource(data), budget(entries=5)))) == 5
    with pytest.raises(LimitExceededError, match="entries"):
        list(walk(MemorySource(data), budget(entries=4)))


def test_a_graph_of_countless_small_fields_runs_out_of_time() -> None:
    data = number(1, 8) + block(7, number(99, 0) * 300_000) + block(8, number(2, 18))
    with pytest.raises(LimitExceededError, match="CPU time"):
        read(data, Limits(seconds=0.05))


def test_a_model_cut_short_within_a_field_is_malformed_and_still_a_model() -> None:
    data = VALID["onnx"]
    ends = {0, 2, len(data) - len(block(8, number(2, 18)))}
    for text in prefixes(data):
        if len(text) not in ends:
            with pytest.raises(MalformedArtifactError):
                read(text)
    assert all(looks_like(MemorySource(text)) for text in prefixes(data) if len(text) > 8)


def test_what_was_found_before_the_break_is_kept() -> None:
    items = walk(MemorySource(onnx_of(nodes=[EVIL])[:-1]), budget())
    assert next(items) == Operator("evil", "PyOp", 6)
    with pytest.raises(MalformedArtifactError):
        next(items)


@pytest.mark.parametrize(
    "data",
    [
        block(3, "1.0") + onnx_of(nodes=[EVIL]),
        block(14, block(1, "key")) + onnx_of(nodes=[EVIL]),
        onnx_of(nodes=[EVIL], rest=block(100, "unknown to this version")),
        onnx_of(nodes=[EVIL], rest=block(14, b"") * 10_001),
    ],
    ids=["version first", "metadata first", "unknown field", "many fields"],
)
def test_a_model_is_one_in_any_order_and_with_any_further_field(data: bytes) -> None:
    onnx = pytest.importorskip("onnx")
    assert onnx.ModelProto.FromString(data).graph.node[0].domain == "evil"
    assert looks_like(MemorySource(data))


@pytest.mark.parametrize(
    "data",
    [b"", b"\x08\x08", b"\x08" + b"\0" * 40, b"\x08\0\0\0\0\0\0\0\x7b\x14\xae\x47", b"B" * 40],
    ids=["empty", "short", "zeros", "a count and floats", "letters"],
)
def test_other_bytes_do_not_look_like_a_model(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


@given(st.binary(max_size=200) | mutants("onnx"))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        found = read(data)
    except ModelkeepError:
        return
    assert all(0 <= item.offset <= len(data) for item in found)
