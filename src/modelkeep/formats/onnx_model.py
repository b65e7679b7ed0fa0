"""An ONNX model's operators and outside files, read from the protobuf alone.

Operators hide in subgraphs of attributes, in model-local functions and in
training graphs; tensors that live in other files hide in all of these. Every
graph is walked.

Source: onnx/onnx.proto3 (field numbers below are its own).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Slice, Source
from modelkeep.formats.protobuf import Field, TruncatedFieldError, fields

_GRAPH_FIELDS: Final = frozenset({1, 2, 5, 10, 11, 12, 13, 14, 15, 16})


@dataclass(frozen=True, slots=True)
class Operator:
    """One node: its domain (empty is the standard one) and operator."""

    domain: str
    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class ExternalTensor:
    """A tensor whose bytes lie in another file, at ``location``."""

    tensor: str
    location: str
    offset: int


def looks_like(source: Source) -> bool:
    """Whether the bytes read as a ModelProto: a message with a graph (field 7) in it.

    Fields may come in any order, and ones nobody knows are skipped, as protobuf
    does. A model cut short inside its graph is still recognised.
    """
    seen = False
    try:
        for found in fields(source, Budget()):
            seen = True
            if found.number == 7 and found.body is not None and _is_graph(found.body):
                return True
    except TruncatedFieldError as error:
        return seen and error.number == 7
    except MalformedArtifactError:
        return False
    return False


def _is_graph(body: Source) -> bool:
    """Whether a message starts like a GraphProto: nodes, name, tensors, values."""
    try:
        first = next(iter(fields(body)), None)
    except MalformedArtifactError:
        return False
    return first is not None and first.number in _GRAPH_FIELDS and first.body is not None


def walk(source: Source, budget: Budget) -> Iterator[Operator | ExternalTensor]:
    """Yield every operator and outside file of a model.

    Raises:
        MalformedArtifactError: the bytes are not well-formed protobuf.
        LimitExceededError: too many nodes, or graphs nested too deep.
    """
    base = source.start if isinstance(source, Slice) else 0  # offsets count from here
    for item in _walk(source, budget):
        yield replace(item, offset=item.offset - base)


def _walk(source: Source, budget: Budget) -> Iterator[Operator | ExternalTensor]:
    for field in fields(source, budget):
        if field.number == 7:
            yield from _graph(field, budget, 0)
        elif field.number == 20 and field.body is not None:  # training_info
            for part in fields(field.body, budget):
                if part.number in (1, 2):  # initialization, algorithm
                    yield from _graph(part, budget, 1)
        elif field.number == 25 and field.body is not None:
            yield from _function(field.body, budget)


def _function(body: Source, budget: Budget) -> Iterator[Operator | ExternalTensor]:
    """Nodes of a model-local function, and defaults of its attributes."""
    for part in fields(body, budget):
        if part.number == 7:
            yield from _node(part, budget, 1)
        elif part.number == 11:
            yield from _attribute(part, budget, 1)


def _graph(graph: Field, budget: Budget, depth: int) -> Iterator[Operator | ExternalTensor]:
    if depth > budget.limits.depth:
        raise LimitExceededError(f"ONNX graphs nested deeper than {budget.limits.depth}")
    if graph.body is None:
        return
    for field in fields(graph.body, budget):
        if field.number == 1:
            yield from _node(field, budget, depth)
        elif field.number == 5:
            yield from _tensor(field, budget)
        elif field.number == 15 and field.body is not None:  # sparse: values, indices
            for part in fields(field.body, budget):
                if part.number in (1, 2):
                    yield from _tensor(part, budget)


def _node(node: Field, budget: Budget, depth: int) -> Iterator[Operator | ExternalTensor]:
    budget.entry()
    if node.body is None:
        return
    name = domain = ""
    for field in fields(node.body, budget):
        if field.body is None:
            continue  # of another type: protobuf keeps what it had
        if field.number == 4:
            name = field.text(256)
        elif field.number == 7:
            domain = field.text(256)
        elif field.number == 5:
            yield from _attribute(field, budget, depth)
    yield Operator(domain, name, node.body.start)


def _attribute(
    attribute: Field, budget: Budget, depth: int
) -> Iterator[Operator | ExternalTensor]:
    if attribute.body is None:
        return
    for field in fields(attribute.body, budget):
        if field.number in (6, 11):
            yield from _graph(field, budget, depth + 1)
        elif field.number in (5, 10):
            yield from _tensor(field, budget)
        elif field.number in (22, 23) and field.body is not None:
            for part in fields(field.body, budget):
                if part.number in (1, 2):
                    yield from _tensor(part, budget)


def _tensor(tensor: Field, budget: Budget) -> Iterator[ExternalTensor]:
    budget.entry()
    if tensor.body is None:
        return
    name = ""
    locations: list[str] = []
    for field in fields(tensor.body, budget):
        if field.number == 8 and field.body is not None:
            name = field.text(256)
        elif field.number == 13 and field.body is not None:
            parts = [part for part in fields(field.body, budget) if part.body is not None]
            pair = {part.number: part.text(4096) for part in parts}
            if pair.get(1) == "location":
                locations.append(pair.get(2, ""))
    for location in locations:
        yield ExternalTensor(name, location, tensor.body.start)


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a list of ``Operator`` and ``ExternalTensor``."""
    found: list[Operator | ExternalTensor] = []
    reading.document = found
    for item in walk(source, budget):
        found.append(item)  # noqa: PERF402 - what was found before an error must stay


FORMAT: Final = Format("onnx", looks_like, read)
