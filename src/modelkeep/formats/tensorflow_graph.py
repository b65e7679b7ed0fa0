"""A TensorFlow GraphDef: its operators and the constant text they are given.

Nodes lie in the graph and in the bodies of its function library. An operator that
reads a file is told its name by an input, mostly a constant a few nodes away; those
are followed through operators that only pass text on or join it. Equal operations
are kept once.

Source: tensorflow/core/framework/{graph,node_def,attr_value,function,tensor}.proto.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Slice, Source, part
from modelkeep.formats.payloads import is_stream
from modelkeep.formats.protobuf import FIRST, Field, fields, outline
from modelkeep.formats.tensorflow_policy import REACHES
from modelkeep.formats.tensorflow_scope import NodeFacts, Operation, Scope

_LONGEST: Final = 4096  # bytes of a text that are kept
_MOST_TEXTS: Final = 64  # texts of one tensor or list that are kept
_MOST_OPERATIONS: Final = 400_000
_NAME: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.>/\\-]*")
_OP: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.>\\-]*")
_LARGEST_PART: Final = 64 * 2**20


@dataclass(slots=True)
class TensorflowGraph:
    """What a graph, and every graph beside it in one file, would run.

    Attributes:
        operations: distinct operations in file order.
        assets: names of files the model says it brings, each ``(name, offset)``.
        functions: names the function libraries define.
        base: where the file begins in the outermost source; offsets count from there.
    """

    operations: list[Operation] = field(default_factory=list)
    assets: list[tuple[str, int]] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    base: int = 0
    _seen: set[object] = field(default_factory=set)

    def add(self, operation: Operation, budget: Budget) -> None:
        """Keep an operation unless its like was seen before.

        Raises:
            LimitExceededError: out of time, or more distinct ones than are kept.
        """
        key = (operation.op, operation.texts, operation.inputs)
        if key not in self._seen:
            budget.operations(1)
            if len(self.operations) >= _MOST_OPERATIONS:
                raise LimitExceededError(f"more than {_MOST_OPERATIONS} distinct operations")
            self._seen.add(key)
            place = max(0, operation.offset - self.base)
            self.operations.append(replace(operation, offset=place))


def looks_like(source: Source) -> bool:
    """Whether some field of the message is a node or a function."""
    seen = outline(source)
    return any(map(is_node, seen.bodies(1))) or any(map(_is_library, seen.bodies(2)))


def is_node(body: Source) -> bool:
    """Whether a message has an operator and a name; one that reaches out needs no name."""
    op = _text_field(body, 2, 256)
    named = _NAME.fullmatch(_text_field(body, 1, 1024)) is not None
    return op in REACHES or (named and _OP.fullmatch(op) is not None)


def _is_library(body: Source) -> bool:
    function = _first(body, 1)
    signature = function and _first(function, 1)
    if not function or not signature or not _NAME.fullmatch(_text_field(signature, 1, 1024)):
        return False
    node = _first(function, 3)
    return node is not None and is_node(node)


def _first(body: Source, number: int) -> Source | None:
    """The first field of a number that is a message; ``None`` also for broken bytes."""
    try:
        for count, found in enumerate(fields(body)):
            if found.number == number and found.body is not None:
                return found.body
            if count > 64:
                break
    except MalformedArtifactError:
        pass
    return None


def _text_field(body: Source, number: int, limit: int) -> str:
    found = _first(body, number)
    if found is None or found.size > limit:
        return ""
    return found.read(0, found.size).decode("utf-8", "backslashreplace")


def empty_graph(source: Source) -> TensorflowGraph:
    """A graph whose offsets count from the start of ``source``."""
    return TensorflowGraph(base=source.start if isinstance(source, Slice) else 0)


def walk_graph(
    source: Source,
    budget: Budget,
    reading: Reading,
    graph: TensorflowGraph,
    given: frozenset[str] = frozenset(),
) -> None:
    """Add what one GraphDef would run to ``graph``.

    Args:
        source: the GraphDef.
        budget: what is left.
        reading: gets streams and graphs inside constants as parts.
        graph: where operations go.
        given: nodes whose constant the loader replaces, as it does for asset paths.

    Raises:
        MalformedArtifactError: not well-formed protobuf.
        LimitExceededError: more than the budget allows.
    """
    scope = Scope("", given)
    try:
        for found in fields(source, budget):
            if found.body is None:
                continue
            if found.number == 1:
                scope.add(read_node(found.body, budget, reading), budget)
            elif found.number == 2:
                _library(found.body, budget, reading, graph)
    finally:  # what was found before an error must stay
        _settle(scope, graph, budget)


def _settle(scope: Scope, graph: TensorflowGraph, budget: Budget) -> None:
    for operation in scope.operations():
        graph.add(operation, budget)


def _library(body: Source, budget: Budget, reading: Reading, graph: TensorflowGraph) -> None:
    for function in fields(body, budget):
        if function.number != 1 or function.body is None:
            continue
        name = _text_field(_first(function.body, 1) or function.body, 1, 1024)
        graph.functions.add(name)
        scope = Scope(name)
        try:
            for found in fields(function.body, budget):
                if found.number == 3 and found.body is not None:
                    scope.add(read_node(found.body, budget, reading), budget)
        finally:
            _settle(scope, graph, budget)


def read_node(body: Source, budget: Budget, reading: Reading) -> NodeFacts:
    """What one NodeDef says.

    Raises:
        MalformedArtifactError: not well-formed protobuf.
        LimitExceededError: out of time.
    """
    facts = NodeFacts(offset=body.start if isinstance(body, Slice) else 0)
    for found in fields(body, budget):
        if found.body is None:
            continue
        if found.number == 1:
            facts.name = found.text(_LONGEST)
        elif found.number == 2:
            facts.op = found.text(256)
        elif found.number == 3:
            facts.inputs.append(found.text(_LONGEST))
        elif found.number == 5:
            _attribute(found.body, facts, budget, reading)
    return facts


def _attribute(body: Source, facts: NodeFacts, budget: Budget, reading: Reading) -> None:
    key, value = "", None
    for found in fields(body, budget):
        if found.number == 1 and found.body is not None:
            key = found.text(256)
        elif found.number == 2 and found.body is not None:
            value = found.body
    if value is None:
        return
    for kind, text in _texts(value, budget, facts.name, reading):
        target = facts.constants if kind == "tensor" and key == "value" else facts.texts
        if len(target) < _MOST_TEXTS:
            target.append(text if target is facts.constants else f"{key}={text}")


def _texts(
    value: Source, budget: Budget, name: str, reading: Reading
) -> Iterator[tuple[str, str]]:
    """Every text of an attribute: alone, in a list, in a tensor, or naming a function."""
    for found in fields(value, budget):
        if found.body is None:
            continue
        if found.number == 2:
            yield "text", _kept(found, name, reading)
        elif found.number == 10:
            yield "function", _text_field(found.body, 1, _LONGEST)
        elif found.number == 8:
            yield from (
                ("tensor", text) for text in _strings(found.body, budget, name, reading)
            )
        elif found.number == 1:
            yield from _list(found.body, budget, name, reading)


def _list(
    body: Source, budget: Budget, name: str, reading: Reading
) -> Iterator[tuple[str, str]]:
    for found in fields(body, budget):
        if found.body is None:
            continue
        if found.number == 2:
            yield "text", _kept(found, name, reading)
        elif found.number == 8:
            yield from (("text", text) for text in _strings(found.body, budget, name, reading))
        elif found.number == 9:
            yield "function", _text_field(found.body, 1, _LONGEST)


def _strings(body: Source, budget: Budget, name: str, reading: Reading) -> Iterator[str]:
    """The elements of a tensor of text; numbers are passed over unread."""
    for found in fields(body, budget):
        if found.number == 8 and found.body is not None:
            yield _kept(found, name, reading)


def _kept(found: Field, name: str, reading: Reading) -> str:
    """A text, cut; handed out as a part if it is a stream or a graph by itself."""
    body = found.body
    if body is not None and 16 <= body.size <= _LARGEST_PART:
        is_graph = body.read(0, 1) in (b"\x0a", b"\x12") and looks_like(body)
        if is_graph or is_stream(body):
            reading.parts.append(part(body, f"[{name}]"))
    return found.text(_LONGEST)


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``TensorflowGraph``."""
    graph = empty_graph(source)
    reading.document = graph
    walk_graph(source, budget, reading, graph)


FORMAT: Final = Format("tensorflow graph", looks_like, read, first=FIRST)
