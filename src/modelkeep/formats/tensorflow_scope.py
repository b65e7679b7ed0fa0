"""The nodes of one TensorFlow graph or function, and the text that flows between them.

Source: tensorflow/core/framework/node_def.proto (how inputs are named).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import LimitExceededError
from modelkeep.formats.interface import Budget

# Operators whose output is their first input, as far as text goes.
_PASSES: Final = frozenset(
    """
    Identity IdentityN Reshape ExpandDims Squeeze Pack ConcatV2 StopGradient Snapshot Fill Tile
    PlaceholderWithDefault StringStrip StringLower StringUpper EnsureShape Const Switch Merge
    StridedSlice Slice GatherV2 Unpack StringSplitV2 Select SelectV2 BroadcastTo
    ReduceJoin Enter Exit
    """.split()
)
_JOINS: Final = frozenset({"StringJoin", "Add", "AddV2", "StringFormat"})
_DEPTH: Final = 64
_MOST: Final = 16
_MOST_NODES: Final = 400_000
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Operation:
    """One operator as a graph uses it.

    Attributes:
        op: the operator's name.
        node: the node's name.
        scope: the function it lies in, empty for the graph itself.
        offset: where the node begins in the stream.
        texts: text attributes, each ``key=value``.
        inputs: per data input the constant texts that reach it.
    """

    op: str
    node: str
    scope: str = ""
    offset: int = 0
    texts: tuple[str, ...] = ()
    inputs: tuple[tuple[str, ...], ...] = ()


@dataclass(slots=True)
class NodeFacts:
    """One node while its graph is read; ``constants`` are the texts of its value."""

    op: str = ""
    name: str = ""
    offset: int = 0
    inputs: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    constants: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Scope:
    """All nodes of one graph or function; ``given`` are replaced by the loader."""

    name: str
    given: frozenset[str] = frozenset()
    _nodes: dict[str, NodeFacts] = field(default_factory=dict)
    _others: list[NodeFacts] = field(default_factory=list)
    _known: dict[str, list[str]] = field(default_factory=dict)

    def add(self, node: NodeFacts, budget: Budget) -> None:
        """Take a node; one of a name that was there before is kept beside it.

        Raises:
            LimitExceededError: out of time, or more nodes than a graph may have.
        """
        budget.operations(1)
        if len(self._nodes) + len(self._others) >= _MOST_NODES:
            raise LimitExceededError(f"a TensorFlow graph of more than {_MOST_NODES} nodes")
        if node.name in self._nodes:
            self._others.append(node)
        else:
            self._nodes[node.name] = node

    def operations(self) -> Iterator[Operation]:
        """Every node as an operation, with the text that reaches its inputs."""
        for node in (*self._nodes.values(), *self._others):
            data = [name for name in node.inputs if not name.startswith("^")]
            reached = [tuple(self._reaching(name)) for name in data]
            while reached and not reached[-1]:
                reached.pop()
            yield Operation(
                node.op,
                node.name,
                self.name,
                node.offset,
                tuple(node.texts),
                tuple(reached),
            )

    def _reaching(self, name: str, depth: int = 0) -> list[str]:
        """Texts that come out of a node; a node on the way to itself gives none."""
        name = name.partition(":")[0]
        known = self._known.get(name)
        if known is not None:
            return known
        node = self._nodes.get(name)
        if node is None or depth > _DEPTH or name in self.given:
            return []
        self._known[name] = []
        if node.constants:
            found = node.constants[:_MOST]
        elif node.op in _JOINS:
            found = self._joined(node, depth)
        elif node.op in _PASSES:
            each = [self._reaching(inner, depth + 1) for inner in node.inputs[:_MOST]]
            found = [text for texts in each for text in texts][:_MOST]
        else:
            found = []
        self._known[name] = found
        return found

    def _joined(self, node: NodeFacts, depth: int) -> list[str]:
        """The inputs in a row; ``?`` stands for what is known only when the graph runs."""
        separator = next(
            (t[len("separator=") :] for t in node.texts if t.startswith("separator=")), ""
        )
        texts = [self._reaching(name, depth + 1)[:1] for name in node.inputs[:_MOST]]
        if not any(texts):
            return []
        return [separator.join(text[0] if text else "?" for text in texts)[:_LONGEST]]
