"""A TensorFlow Lite model: its operators, and the TensorFlow ones it delegates.

An operator that is not built in has a name of its own. If that begins with ``Flex`` it
is a whole TensorFlow operator, with its node definition in the options, and reaches
as far as TensorFlow does. Buffers are weights; those that are streams by
themselves are handed out. Files appended as a zip are seen by the reader of zips.

Source: tensorflow/compiler/mlir/lite/schema/schema.fbs; FlexBuffers internals.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.flatbuffers import Table, check_root, overlaps, root
from modelkeep.formats.interface import (
    Budget,
    Format,
    MemorySource,
    Reading,
    Slice,
    Source,
    cut,
    part,
)
from modelkeep.formats.payloads import is_stream
from modelkeep.formats.tensorflow_graph import read_node
from modelkeep.formats.tensorflow_scope import NodeFacts, Operation

_CUSTOM: Final = 32
_STRING: Final = 5
_FLEX: Final = "Flex"
_LARGEST_OPTIONS: Final = 1 << 20
_MOST_TEXTS: Final = 16


@dataclass(slots=True)
class TfliteModel:
    """What a model would run.

    Attributes:
        custom: names of operators that are not built in, each ``(name, offset)``.
        delegated: TensorFlow operators it hands to TensorFlow.
    """

    custom: list[tuple[str, int]] = field(default_factory=list)
    delegated: list[Operation] = field(default_factory=list)


def looks_like(source: Source) -> bool:
    """Whether the file identifier of TFLite follows the root offset."""
    return source.read(4, 4) == b"TFL3"


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``TfliteModel``."""
    document = TfliteModel()
    reading.document = document
    check_root(source, reading)
    model = root(source)
    names = list(_custom_names(model, budget))
    document.custom += dict.fromkeys(found for found in names if found[0])
    buffers = [*model.tables(4, budget)]
    for subgraph in model.tables(2, budget):
        for place, operator in enumerate(subgraph.tables(3, budget)):
            index = operator.scalar(0, "I")
            if index >= len(names):
                raise MalformedArtifactError(
                    f"TFLite operator {place} has no such code: {index}"
                )
            name = names[index][0]
            if name.startswith(_FLEX):
                scope = _Inputs(subgraph, buffers, budget)
                document.delegated.append(_delegated(name, operator, scope, reading))
            _hand_out_options(operator, name, reading)
    _check_buffers(source, buffers, budget, reading)


def _custom_names(model: Table, budget: Budget) -> Iterator[tuple[str, int]]:
    """Per operator code its custom name, empty for what is built in."""
    for code in model.tables(1, budget):
        builtin = max(code.scalar(0, "b"), code.scalar(3, "i"))
        custom = code.text(1)
        yield (custom or "(unnamed)" if builtin == _CUSTOM else ""), code.at


def _hand_out_options(operator: Table, name: str, reading: Reading) -> None:
    options = operator.bytes(5)
    if options is not None and is_stream(options):
        reading.parts.append(part(options, f"[options of {name}]"))


@dataclass(frozen=True, slots=True)
class _Inputs:
    """Where the inputs of a subgraph's operators come from."""

    subgraph: Table
    buffers: list[Table]
    budget: Budget

    def texts(self, operator: Table) -> tuple[tuple[str, ...], ...]:
        """Per input of an operator the constant texts in it."""
        tensors = [*self.subgraph.tables(0, self.budget)]
        indices = [*operator.numbers(1, self.budget)][:_MOST_TEXTS]
        return tuple(
            tuple(self._constants(tensors[i])) if 0 <= i < len(tensors) else () for i in indices
        )

    def _constants(self, tensor: Table) -> Iterator[str]:
        index = tensor.scalar(2, "I")
        if tensor.scalar(1, "b") != _STRING or not 0 < index < len(self.buffers):
            return
        data = self.buffers[index].bytes(0)
        if data is None:
            return
        head = data.read(0, 4 + 4 * (_MOST_TEXTS + 1))
        count = min(int.from_bytes(head[:4], "little"), _MOST_TEXTS, len(head) // 4 - 2)
        if count < 1:
            return
        ends = struct.unpack_from(f"<{count + 1}I", head, 4)
        for start, end in pairwise(ends):
            text = data.read(start, max(0, min(end - start, 4096)))
            yield text.decode("utf-8", "backslashreplace")


def _delegated(name: str, operator: Table, inputs: _Inputs, reading: Reading) -> Operation:
    """One TensorFlow operator: the name of its code, unless its node names another."""
    facts = NodeFacts()
    options = operator.bytes(5)
    if options is not None and options.size <= _LARGEST_OPTIONS:
        for text in _flexbuffer_texts(options.read(0, options.size)):
            try:
                found = read_node(MemorySource(text), inputs.budget, reading)
            except MalformedArtifactError:
                continue
            facts = found if found.op else facts
    return Operation(
        facts.op or name.removeprefix(_FLEX),
        facts.name,
        offset=operator.at,
        texts=tuple(facts.texts),
        inputs=inputs.texts(operator),
    )


def _flexbuffer_texts(data: bytes) -> Iterator[bytes]:
    """The strings of a FlexBuffers vector; nothing where the bytes are no such vector."""
    if len(data) < 3 or data[-1] not in (1, 2, 4, 8):
        return
    width = 1 << (data[-2] & 3)
    place = len(data) - 2 - data[-1]
    start = place - int.from_bytes(data[max(0, place) : -2], "little")
    if not width <= start < len(data):
        return
    count = int.from_bytes(data[start - width : start], "little")
    for index in range(min(count, 8)):
        here = start + index * width
        kind = start + count * width + index
        if kind >= len(data) or data[kind] >> 2 not in (5, 25):  # string, blob
            continue
        there = here - int.from_bytes(data[here : here + width], "little")
        wide = 1 << (data[kind] & 3)
        if wide <= there < len(data):
            yield data[there : there + int.from_bytes(data[there - wide : there], "little")]


def _check_buffers(
    source: Source, buffers: list[Table], budget: Budget, reading: Reading
) -> None:
    """Every buffer must lie in the file; no two may share some of their bytes."""
    ranges: list[tuple[int, int]] = []
    for index, buffer in enumerate(buffers):
        budget.operations(1)
        data = buffer.bytes(0) or _outside(source, buffer)
        if data is None or not data.size:
            continue
        start = data.start - (source.start if isinstance(source, Slice) else 0)
        ranges.append((start, start + data.size))
        if is_stream(data):
            reading.parts.append(part(data, f"[buffer {index}]"))
    twice = overlaps(ranges)
    if twice is not None:
        reading.lies.append((twice, "two buffers share some of their bytes"))


def _outside(source: Source, buffer: Table) -> Slice | None:
    """Data behind the flatbuffer, where models beyond 2 GiB keep it."""
    offset, size = buffer.scalar(1, "Q"), buffer.scalar(2, "Q")
    if offset <= 1:  # 0 and 1 are what writers put before they know better
        return None
    if offset + size > source.size:
        raise MalformedArtifactError(f"TFLite buffer at {offset:#x} ends behind the file")
    return cut(source, offset, size)


FORMAT: Final = Format("tflite", looks_like, read)
