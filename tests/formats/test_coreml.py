"""Core ML models: custom classes and files, in every place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_samples import PLAIN_GRAPH, meta_graph, saved_model
from modelkeep.core import LimitExceededError, ModelkeepError, Verdict
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.coreml import CoremlModel, looks_like, read
from samples import VALID, block, budget, damage, number, prefixes, scan_bytes


def model(*kinds: bytes) -> bytes:
    """A Model with a version and a description."""
    return number(1, 7) + block(2, block(100, b"")) + b"".join(kinds)


def network(*layers: bytes, kind: int = 500) -> bytes:
    """A neural network as a field of a Model."""
    return block(kind, b"".join(block(1, layer) for layer in layers))


def custom_layer(name: str) -> bytes:
    """A layer that is a class of the application."""
    return block(1, "layer") + block(500, block(10, name))


def program(file: str, deeper: int = 0) -> bytes:
    """An ML program with one value in a file, below ``deeper`` nested blocks."""
    value = block(5, block(1, file) + number(2, 64))
    body = block(3, block(1, "const") + block(5, block(1, "val") + block(2, value)))
    for _ in range(deeper):
        body = block(3, block(1, "cond") + block(4, body))
    function = block(3, block(1, "CoreML7") + block(2, body))
    return block(502, number(1, 1) + block(2, block(1, "main") + block(2, function)))


def read_model(data: bytes) -> CoremlModel:
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    assert isinstance(reading.document, CoremlModel)
    return reading.document


INNER = model(network(custom_layer("Evil")))
CLASSES = {
    "network": INNER,
    "classifier": model(network(custom_layer("Evil"), kind=403)),
    "regressor": model(network(custom_layer("Evil"), kind=303)),
    "custom model": model(block(555, block(10, "Evil"))),
    "pipeline": model(block(202, block(1, INNER))),
    "pipeline of a classifier": model(block(200, block(1, block(1, INNER)))),
    "pipeline in a pipeline": model(block(202, block(1, model(block(202, block(1, INNER)))))),
}


@pytest.mark.parametrize("place", CLASSES)
def test_a_class_is_found_in(place: str) -> None:
    assert [name for name, _ in read_model(CLASSES[place]).classes] == ["Evil"]


@pytest.mark.parametrize(
    "data",
    [
        model(program("@model_path/w.bin")),
        model(program("@model_path/w.bin", deeper=3)),
        model(block(556, block(1, block(1, block(1, "@model_path/w.bin"))))),
    ],
    ids=["program", "nested block", "linked model"],
)
def test_a_file_is_found_in(data: bytes) -> None:
    assert [name for name, _ in read_model(data).files] == ["@model_path/w.bin"]


def test_a_plain_model_passes(tmp_path: Path) -> None:
    data = model(network(block(1, "l") + block(140, b"")))
    result = scan_bytes(tmp_path, data, name="m.mlmodel")
    assert (result.format, result.verdict) == ("coreml", Verdict.PASS)


@pytest.mark.parametrize(
    "data",
    [*VALID.values(), PLAIN_GRAPH, meta_graph(PLAIN_GRAPH), saved_model(PLAIN_GRAPH), b""],
)
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


def test_depth_and_layers_are_bounded() -> None:
    deep = INNER
    for _ in range(12):
        deep = model(block(202, block(1, deep)))
    with pytest.raises(LimitExceededError):
        read_model(deep)
    with pytest.raises(LimitExceededError):
        read_model(model(program("x", deeper=70)))
    many = model(network(*[block(1, "l")] * 5))
    with pytest.raises(LimitExceededError):
        read(MemorySource(many), budget(entries=4), Reading())


_WHOLE = CLASSES["pipeline of a classifier"] + program("w.bin", deeper=1)
_EDITS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 9), st.binary(max_size=6)), max_size=4
)


@given(
    st.binary(max_size=100)
    | st.sampled_from(prefixes(_WHOLE))
    | st.builds(damage, st.just(_WHOLE), _EDITS)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        read_model(data)
    except ModelkeepError:
        return
