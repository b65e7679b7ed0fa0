"""An ONNX model's operators and outside files, read from the protobuf alone.

Operators hide in subgraphs of attributes, in model-local functions and in
training graphs; tensors that live in other files hide in all of these. Every
graph is walked.

Source: onnx/onnx.proto3 (field numbers below are its own).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget, Source
from modelkeep.formats.protobuf import Field, fields

_MODEL_FIELDS: Final = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26})


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
    """Whether the top level reads as a ModelProto: known fields, a graph, an opset."""
    if source.size < 8 or source.read(0, 1) not in (b"\x08", b"\x12", b"\x3a", b"\x42"):
        return False
    seen: set[int] = set()
    try:
        for number, found in enumerate(fields(source)):
            if found.number not in _MODEL_FIELDS or number > 10_000:
                return False
            seen.add(found.number)
    except MalformedArtifactError:
        # A model cut short must be INCONCLUSIVE, not "some other file".
        return 1 in seen
    return 7 in seen


def walk(source: Source, budget: Budget) -> Iterator[Operator | ExternalTensor]:
    """Yield every operator and outside file of a model.

    Raises:
        MalformedArtifactError: the bytes are not well-formed protobuf.
        LimitExceededError: too many nodes, or graphs nested too deep.
    """
    for field in fields(source):
        if field.body is None:
            continue
        if field.number == 7:
            yield from _graph(field, budget, 0)
        elif field.number == 20:  # training_info: initialization and algorithm
            for part in fields(field.body):
                if part.number in (1, 2) and part.body is not None:
                    yield from _graph(part, budget, 1)
        elif field.number == 25:
            for part in fields(field.body):
                if part.number == 7:
                    yield from _node(part, budget, 1)


def _graph(graph: Field, budget: Budget, depth: int) -> Iterator[Operator | ExternalTensor]:
    if depth > budget.limits.depth:
        raise LimitExceededError(f"ONNX graphs nested deeper than {budget.limits.depth}")
    if graph.body is None:
        return
    for field in fields(graph.body):
        if field.number == 1:
            yield from _node(field, budget, depth)
        elif field.number == 5:
            yield from _tensor(field, budget)
        elif field.number == 15 and field.body is not None:  # sparse: values, indices
            for part in fields(field.body):
                if part.number in (1, 2):
                    yield from _tensor(part, budget)


def _node(node: Field, budget: Budget, depth: int) -> Iterator[Operator | ExternalTensor]:
    budget.entry()
    if node.body is None:
        return
    name = domain = ""
    for field in fields(node.body):
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
    for field in fields(attribute.body):
        if field.number in (6, 11):
            yield from _graph(field, budget, depth + 1)
        elif field.number in (5, 10):
            yield from _tensor(field, budget)
        elif field.number in (22, 23) and field.body is not None:
            for part in fields(field.body):
                if part.number in (1, 2):
                    yield from _tensor(part, budget)


def _tensor(tensor: Field, budget: Budget) -> Iterator[ExternalTensor]:
    budget.entry()
    if tensor.body is None:
        return
    name = ""
    locations: list[str] = []
    for field in fields(tensor.body):
        if field.number == 8:
            name = field.text(256)
        elif field.number == 13 and field.body is not None:
            pair = {part.number: part.text(4096) for part in fields(field.body)}
            if pair.get(1) == "location":
                locations.append(pair.get(2, ""))
    for location in locations:
        yield ExternalTensor(name, location, tensor.body.start)
