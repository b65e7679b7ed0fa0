"""A TensorFlow MetaGraphDef: a graph with its signatures, assets and saved objects.

It is what ``.meta`` files hold, and what a SavedModel holds one or more of. The text
that Keras keeps with its objects is handed out as parts, so that what judges Keras
configurations sees it.

Source: tensorflow/core/protobuf/{meta_graph,saved_object_graph}.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats import tensorflow_graph
from modelkeep.formats.interface import Budget, Format, Reading, Source, part
from modelkeep.formats.protobuf import FIRST, Field, fields, outline
from modelkeep.formats.tensorflow_graph import TensorflowGraph, empty_graph, walk_graph


def looks_like(source: Source) -> bool:
    """Whether field 2 is a graph, or was cut short behind a first field."""
    seen = outline(source)
    if any(map(tensorflow_graph.looks_like, seen.bodies(2))):
        return True
    return seen.cut_short == 2 and any(seen.bodies(1)) and _has_tags(source)


def _has_tags(source: Source) -> bool:
    """Whether field 1 is a MetaInfoDef that names its TensorFlow version."""
    info = _bodies(source, 1)
    return any(
        inner.number == 5 and inner.body is not None and inner.text(32)[:2] in ("1.", "2.")
        for body in info
        for inner in _until_broken(body)
    )


def _bodies(source: Source, number: int) -> list[Source]:
    return [f.body for f in _until_broken(source) if f.number == number and f.body is not None]


def _until_broken(source: Source) -> Iterator[Field]:
    try:
        yield from fields(source)
    except MalformedArtifactError:
        return


def walk_meta_graph(
    source: Source,
    budget: Budget,
    reading: Reading,
    graph: TensorflowGraph,
    *,
    brings_assets: bool,
) -> None:
    """Add everything one MetaGraphDef would run or open.

    Args:
        source: the MetaGraphDef.
        budget: what is left.
        reading: gets streams inside as parts.
        graph: where operations go.
        brings_assets: whether it lies in a SavedModel, whose loader puts the place of each
            asset where the graph has the path that the asset once had.

    Raises:
        MalformedArtifactError: not well-formed protobuf.
        LimitExceededError: more than the budget allows.
    """
    tensors = frozenset(_assets(source, budget, graph))
    given = tensors if brings_assets else frozenset()
    for found in fields(source, budget):
        if found.body is None:
            continue
        if found.number == 2:
            walk_graph(found.body, budget, reading, graph, given)
        elif found.number == 7:
            _objects(found.body, budget, reading)


def _assets(source: Source, budget: Budget, graph: TensorflowGraph) -> Iterator[str]:
    """Names of nodes that get an asset's path; the assets' names go to the graph."""
    for found in _until_broken(source):
        if found.number == 6 and found.body is not None:
            yield from _asset(found.body, found.offset, budget, graph)
        elif found.number == 4 and found.body is not None:
            for body in _older_assets(found.body, budget):
                yield from _asset(body, found.offset, budget, graph)


def _asset(body: Source, offset: int, budget: Budget, graph: TensorflowGraph) -> Iterator[str]:
    budget.entry()
    for inner in fields(body, budget):
        if inner.body is None:
            continue
        if inner.number == 2:
            graph.assets.append((inner.text(4096), offset))
        elif inner.number == 1:
            for name in fields(inner.body, budget):
                if name.number == 1:
                    yield name.text(1024).partition(":")[0]


def _older_assets(entry: Source, budget: Budget) -> Iterator[Source]:
    """Assets that TensorFlow 1 keeps in a collection, each wrapped in an ``Any``."""
    if not any(f.number == 1 and f.text(64) == "saved_model_assets" for f in fields(entry)):
        return
    for collection in _bodies(entry, 2):
        for any_list in _bodies(collection, 5):
            budget.tick()
            for wrapped in _bodies(any_list, 1):
                yield from _bodies(wrapped, 2)


def _objects(body: Source, budget: Budget, reading: Reading) -> None:
    """Text that belongs to the objects of a SavedModel, where it is JSON."""
    for node in fields(body, budget):
        if node.number != 1 or node.body is None:
            continue
        for kind in fields(node.body, budget):
            if kind.number == 4 and kind.body is not None:
                hand_out_metadata(kind.body, 3, budget, reading)


def hand_out_metadata(body: Source, number: int, budget: Budget, reading: Reading) -> None:
    """Hand out a field of an object as a part if it is JSON.

    Raises:
        MalformedArtifactError: not well-formed protobuf.
        LimitExceededError: more objects than the budget has entries.
    """
    for found in fields(body, budget):
        if found.number == number and found.body is not None and found.body.read(0, 1) == b"{":
            budget.entry()
            reading.parts.append(part(found.body, f"metadata[{found.offset:#x}].json"))


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``TensorflowGraph``."""
    graph = empty_graph(source)
    reading.document = graph
    walk_meta_graph(source, budget, reading, graph, brings_assets=False)


FORMAT: Final = Format("tensorflow meta graph", looks_like, read, first=FIRST)
