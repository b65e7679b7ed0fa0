"""A TensorFlow SavedModel: ``saved_model.pb``, one or more MetaGraphDefs.

Source: tensorflow/core/protobuf/saved_model.proto.
"""

from __future__ import annotations

from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Source
from modelkeep.formats.protobuf import FIRST, TruncatedFieldError, fields, may_be_message
from modelkeep.formats.tensorflow_graph import empty_graph
from modelkeep.formats.tensorflow_meta_graph import has_graph, walk_meta_graph

_MOST_FIELDS: Final = 10_000


def looks_like(source: Source) -> bool:
    """Whether field 2 is a MetaGraphDef; one cut short counts behind a version of 1."""
    if not may_be_message(source):
        return False
    version = 0
    try:
        for count, found in enumerate(fields(source)):
            if found.number == 1 and found.body is None:
                version = found.value
            if found.number == 2 and found.body is not None and has_graph(found.body):
                return True
            if count > _MOST_FIELDS:
                return False
    except TruncatedFieldError as error:
        return version == 1 and error.number == 2 and source.size > 16
    except MalformedArtifactError:
        return False
    return False


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``TensorflowGraph`` of all its meta graphs."""
    graph = empty_graph(source)
    reading.document = graph
    for found in fields(source, budget):
        if found.number == 2 and found.body is not None:
            walk_meta_graph(found.body, budget, reading, graph, brings_assets=True)


FORMAT: Final = Format("tensorflow saved model", looks_like, read, first=FIRST)
