"""A TensorFlow SavedModel: ``saved_model.pb``, one or more MetaGraphDefs.

Source: tensorflow/core/protobuf/saved_model.proto.
"""

from __future__ import annotations

from typing import Final

from modelkeep.formats import tensorflow_meta_graph
from modelkeep.formats.interface import Budget, Format, Reading, Source
from modelkeep.formats.protobuf import FIRST, fields, outline
from modelkeep.formats.tensorflow_graph import empty_graph
from modelkeep.formats.tensorflow_meta_graph import walk_meta_graph


def looks_like(source: Source) -> bool:
    """Whether field 2 is a MetaGraphDef; one cut short counts behind a version of 1."""
    seen = outline(source)
    if any(map(tensorflow_meta_graph.looks_like, seen.bodies(2))):
        return True
    version = next((f.value for f in seen.fields if f.number == 1 and f.body is None), 0)
    return version == 1 and seen.cut_short == 2 and source.size > 16


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``TensorflowGraph`` of all its meta graphs."""
    graph = empty_graph(source)
    reading.document = graph
    for found in fields(source, budget):
        if found.number == 2 and found.body is not None:
            walk_meta_graph(found.body, budget, reading, graph, brings_assets=True)


FORMAT: Final = Format("tensorflow saved model", looks_like, read, first=FIRST)
