"""A TensorFlow graph as protobuf text: GraphDef, MetaGraphDef or SavedModel in ``.pbtxt``.

Source: tensorflow/core/framework/{graph,node_def,attr_value}.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.formats.interface import Budget, Format, Reading, Source
from modelkeep.formats.protobuf_text import FIRST, Message, parse, top_keys
from modelkeep.formats.tensorflow_graph import TensorflowGraph
from modelkeep.formats.tensorflow_scope import NodeFacts, Scope

_KEYS: Final = frozenset({"node", "library", "graph_def", "meta_graphs"})
_GRAPHS: Final = ((), ("graph_def",), ("meta_graphs", "graph_def"))


def looks_like(source: Source) -> bool:
    """Whether a node, a library or a graph is among the outermost fields."""
    keys = top_keys(source)
    return any(keys.get(key) in ("{", ":", "[") for key in _KEYS & keys.keys())


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``TensorflowGraph``."""
    graph = TensorflowGraph()
    reading.document = graph
    message = Message()
    try:
        parse(source, budget, message)
    finally:  # what was found before an error must stay
        for meta in (message, *message.messages("meta_graphs")):
            _assets(meta, graph)
        for path in _GRAPHS:
            for found in message.messages(*path):
                _graph(found, graph, budget)


def _assets(meta: Message, graph: TensorflowGraph) -> None:
    for asset in meta.messages("asset_file_def"):
        graph.assets.append((asset.text("filename"), asset.offset))


def _graph(message: Message, graph: TensorflowGraph, budget: Budget) -> None:
    _scope("", message.messages("node"), graph, budget)
    for function in message.messages("library", "function"):
        name = next((s.text("name") for s in function.messages("signature")), "")
        graph.functions.add(name)
        _scope(name, function.messages("node_def"), graph, budget)


def _scope(name: str, nodes: Iterator[Message], graph: TensorflowGraph, budget: Budget) -> None:
    scope = Scope(name)
    for node in nodes:
        scope.add(_node(node), budget)
    for operation in scope.operations():
        graph.add(operation, budget)


def _node(node: Message) -> NodeFacts:
    facts = NodeFacts(node.text("op"), node.text("name"), node.offset, node.texts("input"))
    for attribute in node.messages("attr"):
        key = attribute.text("key")
        for value in attribute.messages("value"):
            if key == "value":
                for tensor in value.messages("tensor"):
                    facts.constants += tensor.texts("string_val")
            for holder in (value, *value.messages("list")):
                facts.texts += [f"{key}={text}" for text in holder.texts("s")]
                facts.texts += [f"{key}={f.text('name')}" for f in holder.messages("func")]
    return facts


FORMAT: Final = Format("tensorflow text graph", looks_like, read, first=FIRST)
