"""TensorFlow graphs and FlatBuffers written by hand; nothing here is ever loaded."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from samples import block, number

# TensorFlow


def attribute(key: str, value: bytes) -> bytes:
    """An entry of a NodeDef's attributes."""
    return block(5, block(1, key) + block(2, value))


def text_tensor(*texts: str | bytes) -> bytes:
    """A TensorProto of text."""
    return number(1, 7) + b"".join(block(8, text) for text in texts)


def op(name: str, *inputs: str, node: str = "", attributes: bytes = b"") -> bytes:
    """A NodeDef."""
    named = block(1, node or name.lower()) + block(2, name)
    return named + b"".join(block(3, text) for text in inputs) + attributes


def const(node: str, *texts: str | bytes) -> bytes:
    """A Const node of text."""
    return op("Const", node=node, attributes=attribute("value", block(8, text_tensor(*texts))))


def function(name: str, *nodes: bytes) -> bytes:
    """A FunctionDef."""
    return block(1, block(1, name)) + b"".join(block(3, node) for node in nodes)


def graph_def(*nodes: bytes, functions: Iterable[bytes] = ()) -> bytes:
    """A GraphDef."""
    library = b"".join(block(1, body) for body in functions)
    every = b"".join(block(1, node) for node in nodes)
    return every + (block(2, library) if library else b"") + block(4, number(1, 1))


def meta_graph(graph: bytes, *rest: bytes) -> bytes:
    """A MetaGraphDef; ``rest`` are further fields of it."""
    info = block(4, "serve") + block(5, "2.21.0")
    return block(1, info) + block(2, graph) + b"".join(rest)


def saved_model(graph: bytes, *rest: bytes) -> bytes:
    """A SavedModel with one MetaGraphDef."""
    return number(1, 1) + block(2, meta_graph(graph, *rest))


def asset(filename: str, tensor: str = "asset:0") -> bytes:
    """An AssetFileDef as a field of a MetaGraphDef."""
    return block(6, block(1, block(1, tensor)) + block(2, filename))


PLAIN_GRAPH = graph_def(op("Placeholder", node="x"), op("Relu", "x", node="y"))

# FlatBuffers


def flatbuffer(root: Mapping[int, object], identifier: bytes = b"") -> bytes:
    """A buffer from nested values: ``(letter, number)``, text, bytes, tables and lists."""
    out = bytearray(struct.pack("<I", 0) + identifier.ljust(4, b"\0"))
    out[0:4] = struct.pack("<I", _table(out, root))
    return bytes(out)


def _table(out: bytearray, values: Mapping[int, object]) -> int:
    slots = max(values, default=-1) + 1
    places = {index: 4 + 8 * rank for rank, index in enumerate(sorted(values))}
    vtable = len(out)
    out += struct.pack("<HH", 4 + 2 * slots, 4 + 8 * len(places))
    out += b"".join(struct.pack("<H", places.get(index, 0)) for index in range(slots))
    out += b"\0" * (-len(out) % 8)
    at = len(out)
    out += struct.pack("<i", at - vtable) + b"\0" * 8 * len(places)
    for index, value in values.items():
        place = at + places[index]
        if isinstance(value, tuple):
            raw = struct.pack(f"<{value[0]}", value[1])
            out[place : place + len(raw)] = raw
        else:
            there = _value(out, value)
            out[place : place + 4] = struct.pack("<I", there - place)
    return at


def _value(out: bytearray, value: object) -> int:
    out += b"\0" * (-len(out) % 8)
    if isinstance(value, dict):
        return _table(out, value)
    at = len(out)
    if isinstance(value, str | bytes):
        raw = value.encode() if isinstance(value, str) else value
        out += struct.pack("<I", len(raw)) + raw + b"\0"
    elif isinstance(value, list):
        out += struct.pack("<I", len(value)) + b"\0" * 4 * len(value)
        for index, item in enumerate(value):
            place = at + 4 + 4 * index
            if isinstance(item, int):
                out[place : place + 4] = struct.pack("<i", item)
            else:
                out[place : place + 4] = struct.pack("<I", _value(out, item) - place)
    return at


def tflite(
    *operators: Mapping[int, object],
    codes: Iterable[Mapping[int, object]] = (),
    tensors: Iterable[Mapping[int, object]] = (),
    buffers: Iterable[Mapping[int, object]] = ({},),
) -> bytes:
    """A TFLite model with one subgraph."""
    subgraph = {0: list(tensors), 3: list(operators)}
    model = {0: ("I", 3), 1: list(codes), 2: [subgraph], 4: list(buffers)}
    return flatbuffer(model, b"TFL3")


def custom(name: str) -> dict[int, object]:
    """An operator code that is not built in."""
    return {0: ("b", 32), 1: name, 3: ("i", 32)}


def flexbuffer(*texts: bytes) -> bytes:
    """A FlexBuffers vector of strings."""
    body, places = b"", []
    for text in texts:
        body += struct.pack("<I", len(text))
        places.append(len(body))
        body += text + b"\0"
    body += struct.pack("<I", len(texts))
    start = len(body)
    for index, place in enumerate(places):
        body += struct.pack("<I", start + 4 * index - place)
    body += bytes([5 << 2 | 2]) * len(texts)
    return body + struct.pack("<I", len(body) - start) + bytes([10 << 2 | 2, 4])


PLAIN_TFLITE = tflite(
    {0: ("I", 0)},
    codes=[{0: ("b", 9), 3: ("i", 9)}],
    buffers=[{}, {0: b"\1\2\3\4" * 8}],
)
