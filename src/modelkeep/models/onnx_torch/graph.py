"""An ONNX graph as a torch module.

The graph is read by the ``onnx`` library, which parses and never runs anything. Only what the
asked output depends on is kept. Nodes run in the order of the file; a value is dropped after
its last use. There are no loops and branches: models with them are refused.

Source: the ONNX intermediate representation (ModelProto).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import torch

from modelkeep.models.extras import need
from modelkeep.models.onnx_torch import (
    activation,
    arithmetic,
    convolution,
    normalisation,
    pooling,
    product,
    reduction,
    resize,
    scikit_learn,
    shape,
)
from modelkeep.models.onnx_torch.node import Node, NotConvertedError, Operator

STANDARD: Final[dict[str, Operator]] = {
    name: operator
    for family in (
        activation,
        arithmetic,
        convolution,
        normalisation,
        pooling,
        product,
        reduction,
        resize,
        shape,
    )
    for name, operator in family.OPERATORS.items()
}
LEARNED: Final = scikit_learn.OPERATORS
OPSETS: Final = range(7, 22)
_MOST_NODES: Final = 100_000


class Step(torch.nn.Module):  # type: ignore[misc]  # torch is untyped
    """One node as a layer, so that hooks see what it answers."""

    def __init__(
        self, operator: Operator, node: Node, names: tuple[list[str], list[str]]
    ) -> None:
        super().__init__()
        self.operator, self.node = operator, node
        self.takes, self.gives = names
        self.last: list[str] = []

    def forward(self, *inputs: Any) -> Any:  # noqa: ANN401 - tensors, some left out
        """What the node answers."""
        return self.operator(self.node, list(inputs))


class OnnxModule(torch.nn.Module):  # type: ignore[misc]
    """A graph from one input to one output."""

    def __init__(
        self, steps: list[Step], tensors: dict[str, torch.Tensor], ends: tuple[str, str]
    ) -> None:
        super().__init__()
        self.steps = torch.nn.ModuleList(steps)
        self.source, self.result = ends
        self._tensors = tensors

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """What the asked output is for some rows."""
        known: dict[str, Any] = {**self._tensors, self.source: rows, "": None}
        for step in self.steps:
            answers = step(*(known[name] for name in step.takes))
            several = answers if isinstance(answers, tuple) else (answers,)
            known.update(zip(step.gives, several, strict=False))
            for name in step.last:
                del known[name]
        result: torch.Tensor = known[self.result]
        return result


def build(model: Any, output: str) -> OnnxModule:  # noqa: ANN401 - an onnx ModelProto
    """The module from a model's input to one of its outputs.

    Raises:
        NotConvertedError: something in it is not known here.
    """
    opsets = {each.domain: each.version for each in model.opset_import}
    opset = opsets.get("", opsets.get("ai.onnx", max(OPSETS)))
    if opset not in OPSETS:
        raise NotConvertedError(f"operator set {opset}; known are 7 to {max(OPSETS)}")
    if len(model.functions):
        raise NotConvertedError("functions of the model's own")
    graph = model.graph
    tensors = {each.name: _tensor(each) for each in graph.initializer}
    sources = [each.name for each in graph.input if each.name not in tensors]
    if len(sources) != 1:
        raise NotConvertedError(f"{len(sources)} inputs")
    steps = [_step(each, opset) for each in _needed(graph.node, output)]
    used = set(sources) | {""} | {name for step in steps for name in step.gives}
    missing = {name for step in steps for name in step.takes} - used - tensors.keys()
    if missing or output not in used:
        raise NotConvertedError(f"a value nobody gives ({min(missing or {output})})")
    _mark_last(steps, output)
    return OnnxModule(steps, tensors, (sources[0], output))


def producer(model: Any, output: str) -> Any:  # noqa: ANN401
    """The node that gives a value, ``None`` if none does."""
    return next((node for node in model.graph.node if output in node.output), None)


def _needed(nodes: Iterable[Any], output: str) -> list[Any]:
    """The nodes that a value depends on, in order."""
    listed = list(nodes)
    if len(listed) > _MOST_NODES:
        raise NotConvertedError(f"{len(listed)} nodes")
    wanted, kept = {output}, list[Any]()
    for node in reversed(listed):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= set(node.input)
    return kept[::-1]


def _mark_last(steps: list[Step], output: str) -> None:
    """Note with each step the values that nobody needs after it."""
    seen = {output}
    made = {name for step in steps for name in step.gives}
    for step in reversed(steps):
        names = {*step.takes, *step.gives} & made
        step.last = sorted(names - seen - {""})
        seen |= names


def _step(proto: Any, opset: int) -> Step:  # noqa: ANN401
    table = {"": STANDARD, "ai.onnx": STANDARD, "ai.onnx.ml": LEARNED}.get(proto.domain, {})
    operator = table.get(proto.op_type)
    if operator is None:
        where = f" of {proto.domain}" if proto.domain else ""
        raise NotConvertedError(f"operator {proto.op_type}{where}")
    attributes = {each.name: _attribute(each) for each in proto.attribute}
    outputs = [name for name in proto.output if name]
    node = Node(proto.op_type, opset, attributes, len(outputs))
    return Step(operator, node, (list(proto.input), list(proto.output)))


def _attribute(proto: Any) -> Any:  # noqa: ANN401
    value = need("onnx.helper", "a gradient of an ONNX model").get_attribute_value(proto)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if hasattr(value, "data_type"):
        return _tensor(value)
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else value


def _tensor(proto: Any) -> torch.Tensor:  # noqa: ANN401
    array = need("onnx.numpy_helper", "a gradient of an ONNX model").to_array(proto)
    if array.dtype.kind not in "fiub":
        raise NotConvertedError(f"tensor {proto.name!r} of type {array.dtype}")
    return torch.from_numpy(array.copy())
