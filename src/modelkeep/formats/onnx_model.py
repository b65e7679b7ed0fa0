"""An ONNX model's operators, functions and outside files, read from the protobuf alone.

Operators hide in subgraphs of attributes, in model-local functions and in
training graphs; tensors that live in other files hide in all of these. Every
graph is walked.

Source: onnx/onnx.proto3 (field numbers below are its own).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Slice, Source, cut, part
from modelkeep.formats.payloads import is_stream, parts_of_map, parts_of_text
from modelkeep.formats.protobuf import FIRST, Field, fields, outline
from modelkeep.formats.tensorflow_policy import is_outside

_MODEL_FIELDS: Final = dict.fromkeys((1, 5), False) | dict.fromkeys(
    (2, 3, 4, 6, 7, 8, 14, 20, 25, 26), True
)
"""Fields of a ModelProto, and whether each is a message or text."""
_PRINTABLE: Final = re.compile(rb"[\t\n\r -~]+")
_LONGEST_TEXT: Final = 1 << 24
_GRAPH_FIELDS: Final = frozenset({1, 2, 5, 10, 11, 12, 13, 14, 15, 16})


@dataclass(frozen=True, slots=True)
class Operator:
    """One node: its domain (empty is the standard one) and operator."""

    domain: str
    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class LocalFunction:
    """A function the model brings; nodes of its domain and name run it."""

    domain: str
    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class ExternalTensor:
    """A tensor whose bytes lie in another file.

    Attributes:
        tensor: its name.
        location: the file, by a path relative to the model.
        offset: where the tensor's description begins.
        entries: everything said about that file, each ``(key, value)``.
    """

    tensor: str
    location: str
    offset: int
    entries: tuple[tuple[str, str], ...] = ()


Item = Operator | LocalFunction | ExternalTensor


def looks_like(source: Source) -> bool:
    """Whether the bytes read as a ModelProto: a message with a graph (field 7) in it.

    Fields may come in any order, and ones nobody knows are skipped, as protobuf
    does. A model cut short inside its graph is still recognised.
    """
    seen = outline(source)
    if any(f.body is not None and _holds_graph(f.number, f.body) for f in seen.fields):
        return not (seen.broken and _is_text(source))
    if seen.broken:
        known = all(_MODEL_FIELDS.get(f.number) is (f.body is not None) for f in seen.fields)
        return bool(seen.fields) and seen.cut_short == 7 and known
    # A version, an empty graph and a set of operators.
    is_message = {f.number: f.body is not None for f in seen.fields}
    return (
        is_message.get(1) is False and is_message.get(7) is True and is_message.get(8) is True
    )


def _is_text(source: Source) -> bool:
    """Whether the first bytes are letters, which pass for tags and lengths in a text."""
    return _PRINTABLE.fullmatch(source.read(0, 256)) is not None


def _holds_graph(number: int, body: Slice) -> bool:
    """Whether a field of a model holds nodes: a graph, a training step or a function."""
    if number == 7:
        return _is_graph(body)
    try:
        if number == 20:
            inner = [f.body for f in fields(body) if f.number in (1, 2) and f.body]
            return any(map(_is_graph, inner))
        if number == 25:
            inner = [f.body for f in fields(body) if f.number in (7, 11) and f.body]
            return any(f.number in (1, 2, 4, 5, 6) for i in inner for f in fields(i) if f.body)
    except MalformedArtifactError:
        pass
    return False


def _is_graph(body: Source) -> bool:
    """Whether a message starts like a GraphProto: nodes, name, tensors, values."""
    try:
        first = next(iter(fields(body)), None)
    except MalformedArtifactError:
        return False
    return first is not None and first.number in _GRAPH_FIELDS and first.body is not None


def walk(source: Source, budget: Budget, reading: Reading | None = None) -> Iterator[Item]:
    """Yield every operator, function and outside file of a model.

    Args:
        source: the model.
        budget: what is left.
        reading: gets values that are streams by themselves as parts.

    Raises:
        MalformedArtifactError: the bytes are not well-formed protobuf.
        LimitExceededError: too many nodes, or graphs nested too deep.
    """
    base = source.start if isinstance(source, Slice) else 0  # offsets count from here
    for item in _Walk(budget, reading or Reading()).model(source):
        yield replace(item, offset=item.offset - base)


@dataclass(frozen=True, slots=True)
class _Walk:
    budget: Budget
    reading: Reading

    def model(self, source: Source) -> Iterator[Item]:
        end = 0
        try:
            for field in fields(source, self.budget):
                yield from self.model_field(field)
                if field.body is not None:
                    start = source.start if isinstance(source, Slice) else 0
                    end = field.body.start + field.body.size - start
        except MalformedArtifactError:
            rest = cut(source, end, source.size - end)
            if end and is_stream(rest):  # something of another kind follows the model
                self.reading.parts.append(part(rest, f"[{end:#x}]"))
            raise

    def model_field(self, field: Field) -> Iterator[Item]:
        if field.number == 7:
            yield from self.graph(field, 0)
        elif field.number == 20 and field.body is not None:  # training_info
            for inner in fields(field.body, self.budget):
                if inner.number in (1, 2):  # initialization, algorithm
                    yield from self.graph(inner, 1)
        elif field.number == 25 and field.body is not None:
            yield from self.function(field.body)
        elif field.number == 14 and field.body is not None:
            self.metadata(field.body)
        elif field.number == 6 and field.body is not None:  # doc_string
            self.hand_out_text("doc_string", field)

    def metadata(self, entry: Slice) -> None:
        """One key and its value, both free text of whoever wrote the model."""
        key = ""
        for inner in fields(entry, self.budget):
            if inner.number == 1 and inner.body is not None:
                key = inner.text(64)
            elif inner.body is not None and is_stream(inner.body):
                self.hand_out(inner, "metadata")
            else:
                self.hand_out_text(f"metadata.{key}", inner)

    def hand_out_text(self, name: str, field: Field) -> None:
        """Hand out what a free text stands for."""
        if field.body is None or field.body.size > _LONGEST_TEXT:
            return
        self.budget.entry()
        where, _, key = name.partition(".")
        text = field.text(_LONGEST_TEXT)
        self.reading.parts += (
            parts_of_map({key: text}, where) if key else parts_of_text(text, where)
        )

    def function(self, body: Slice) -> Iterator[Item]:
        """A model-local function: its name, its nodes, defaults of its attributes."""
        name = domain = ""
        for inner in fields(body, self.budget):
            if inner.number == 7:
                yield from self.node(inner, 1)
            elif inner.number == 11:
                yield from self.attribute(inner, 1)
            elif inner.number == 1 and inner.body is not None:
                name = inner.text(256)
            elif inner.number == 10 and inner.body is not None:
                domain = inner.text(256)
        yield LocalFunction(domain, name, body.start)

    def graph(self, graph: Field, depth: int) -> Iterator[Item]:
        if depth > self.budget.limits.depth:
            raise LimitExceededError(
                f"ONNX graphs nested deeper than {self.budget.limits.depth}"
            )
        if graph.body is None:
            return
        for field in fields(graph.body, self.budget):
            if field.number == 1:
                yield from self.node(field, depth)
            elif field.number == 5:
                yield from self.tensor(field)
            elif field.number == 15 and field.body is not None:  # sparse: values, indices
                yield from self.sparse(field.body)

    def sparse(self, body: Slice) -> Iterator[ExternalTensor]:
        for inner in fields(body, self.budget):
            if inner.number in (1, 2):
                yield from self.tensor(inner)

    def node(self, node: Field, depth: int) -> Iterator[Item]:
        self.budget.entry()
        if node.body is None:
            return
        name = domain = ""
        texts: dict[str, str] = {}
        for field in fields(node.body, self.budget):
            if field.body is None:
                continue  # of another type: protobuf keeps what it had
            if field.number == 4:
                name = field.text(256)
            elif field.number == 7:
                domain = field.text(256)
            elif field.number == 5:
                yield from self.attribute(field, depth, texts)
        given = texts.get("ep_cache_context", "")
        mode = texts.get(
            "embed_mode", "0" if given.isprintable() and is_outside(given) else "1"
        )
        if name == "EPContext" and mode == "0":
            yield ExternalTensor("EPContext", given, node.body.start)
        yield Operator(domain, name, node.body.start)

    def attribute(
        self, attribute: Field, depth: int, texts: dict[str, str] | None = None
    ) -> Iterator[Item]:
        """What hides in an attribute; a file that it names goes to ``texts``."""
        if attribute.body is None:
            return
        name = ""
        for field in fields(attribute.body, self.budget):
            if field.number == 1 and field.body is not None:
                name = field.text(64)
            elif field.number in (6, 11):
                yield from self.graph(field, depth + 1)
            elif field.number in (5, 10):
                yield from self.tensor(field)
            elif field.number in (22, 23) and field.body is not None:
                yield from self.sparse(field.body)
            elif field.number in (3, 4, 9):
                if texts is not None and name in ("embed_mode", "ep_cache_context"):
                    texts[name] = field.text(4096) if field.body else str(field.value)
                self.hand_out(field, name)

    def tensor(self, tensor: Field) -> Iterator[ExternalTensor]:
        self.budget.entry()
        if tensor.body is None:
            return
        name = ""
        entries: list[tuple[str, str]] = []
        for field in fields(tensor.body, self.budget):
            if field.number == 8 and field.body is not None:
                name = field.text(256)
            elif field.number in (6, 9):  # text, raw bytes
                self.hand_out(field, name or "tensor")
            elif field.number == 13 and field.body is not None:
                inner = [item for item in fields(field.body, self.budget) if item.body]
                pair = {item.number: item.text(4096) for item in inner}
                entries.append((pair.get(1, ""), pair.get(2, "")))
        given = tuple(entries)
        for key, location in given:
            if key == "location":
                yield ExternalTensor(name, location, tensor.body.start, given)
        if given and all(key != "location" for key, _ in given):
            yield ExternalTensor(name, "", tensor.body.start, given)

    def hand_out(self, field: Field, name: str) -> None:
        """Hand out a value that is a pickle, archive or program by itself."""
        if field.body is not None and is_stream(field.body):
            self.budget.entry()
            self.reading.parts.append(part(field.body, f"[{name}]"))


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a list of ``Operator``, ``LocalFunction`` and ``ExternalTensor``."""
    found: list[Item] = []
    reading.document = found
    for item in walk(source, budget, reading):
        found.append(item)  # noqa: PERF402 - what was found before an error must stay


FORMAT: Final = Format("onnx", looks_like, read, first=FIRST)
