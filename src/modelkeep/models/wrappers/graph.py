"""A graph that is drawn around other graphs, so that both are one file.

The graphs inside keep their nodes; every name of theirs gets a prefix, so nothing collides
and each can be taken out again. Only operators are used whose meaning did not change from
operator set 11 on.

Source: the ONNX intermediate representation (ModelProto).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np

from modelkeep.core import InputError
from modelkeep.models.extras import need

ACCEPTED: Final = "accepted"  # output, boolean (batch,): false where the model does not answer
SCORES: Final = "probabilities"  # output, float (batch, classes)
_OWN: Final = "wrap/"
_LEAST_OPSET: Final = 11
_WHAT: Final = "wrapping an ONNX model"


@dataclass(frozen=True, slots=True)
class Base:
    """A classifier's graph, reduced to what its scores depend on.

    Attributes:
        model: an onnx ModelProto with one input and one output.
        scores: what its output holds.
        width: columns of its output; 1 stands for two classes.
    """

    model: Any
    scores: Literal["logits", "probabilities"]
    width: int

    @property
    def source(self) -> str:
        """Name of the input."""
        return str(self.model.graph.input[0].name)

    @property
    def result(self) -> str:
        """Name of the output."""
        return str(self.model.graph.output[0].name)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return max(2, self.width)

    @property
    def row(self) -> tuple[int, ...]:
        """Shape of one row."""
        dims = self.model.graph.input[0].type.tensor_type.shape.dim
        return tuple(int(each.dim_value) for each in list(dims)[1:])


def read_base(data: bytes, output: str, answers: np.ndarray, *, logits: bool) -> Base:
    """The graph that gives ``output``.

    Args:
        data: one ONNX file that holds its tensors.
        output: the output with scores.
        answers: what it answers for some rows, shape ``(n, width)`` or ``(n,)``.
        logits: whether these are logits.

    Raises:
        InputError: a graph that nothing can be drawn around.
    """
    onnx = need("onnx", _WHAT)
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:
        if not type(error).__module__.startswith("google.protobuf"):
            raise
        raise InputError("the model is not one ONNX file") from error
    named = {each.name for each in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in named]
    _require_plain(model, inputs)
    result = _before_maps(model, output)
    width = answers.shape[1] if answers.ndim > 1 else 1
    scores: Literal["logits", "probabilities"] = "logits" if logits else "probabilities"
    return Base(_reduced(model, inputs[0], result), scores, width)


def _require_plain(model: Any, inputs: list[Any]) -> None:  # noqa: ANN401 - a ModelProto
    opset = max((each.version for each in model.opset_import if not each.domain), default=0)
    types = need("onnx", _WHAT).TensorProto
    if len(inputs) != 1:
        raise InputError("the model takes one input per column; a wrapper needs one input")
    tensor = inputs[0].type.tensor_type
    sizes = [int(each.dim_value) for each in tensor.shape.dim]
    if tensor.elem_type not in (types.FLOAT, types.DOUBLE):
        raise InputError("the model's input holds no floating-point numbers")
    if len(sizes) < 2 or any(size < 1 for size in sizes[1:]):  # noqa: PLR2004
        raise InputError("the shape of the model's rows is open", "Export it with fixed sizes.")
    if sizes[0] > 0:
        raise InputError(
            f"the model takes {sizes[0]} rows at a time", "Export it with a free batch size."
        )
    if opset and opset < _LEAST_OPSET:
        raise InputError(f"operator set {opset}", "Export the model with 13 or later.")
    if len(model.functions) or any(
        a.g.node or a.graphs for n in model.graph.node for a in n.attribute
    ):
        raise InputError("the model has graphs inside its graph")


def _before_maps(model: Any, output: str) -> str:  # noqa: ANN401
    """The tensor that a list of maps is made of; the output itself where it is a tensor."""
    node = next((each for each in model.graph.node if output in each.output), None)
    if node is None or node.op_type != "ZipMap":
        return output
    numbers = [list(each.ints) for each in node.attribute if each.name == "classlabels_int64s"]
    if not numbers or numbers[0] != list(range(len(numbers[0]))):
        raise InputError(
            "the model names its classes in a map, which a wrapper would lose",
            "Export it with zipmap=False.",
        )
    return str(node.input[0])


def _reduced(model: Any, source: Any, result: str) -> Any:  # noqa: ANN401
    """A model of only the nodes that ``result`` depends on."""
    wanted, kept = {result}, list[Any]()
    for node in reversed(model.graph.node):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= set(node.input)
    onnx = need("onnx", _WHAT)
    made = onnx.ModelProto(ir_version=model.ir_version)
    made.opset_import.extend(model.opset_import)
    made.graph.name = "base"
    made.graph.node.extend(kept[::-1])
    made.graph.initializer.extend(t for t in model.graph.initializer if t.name in wanted)
    made.graph.input.add().CopyFrom(source)
    made.graph.input[0].doc_string = ""
    made.graph.output.add().name = result
    made.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    return made


@dataclass(slots=True)
class Draft:
    """A graph being drawn around others.

    Attributes:
        bases: the graphs inside, all with inputs of one shape and type.
        model: what is drawn so far.
    """

    bases: Sequence[Base]
    model: Any = field(init=False)
    _count: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        first = self.bases[0].model
        self.model = need("onnx", _WHAT).ModelProto(ir_version=max(7, first.ir_version))
        self.model.producer_name = "modelkeep"
        self.model.opset_import.extend(first.opset_import)
        self.model.graph.name = "wrapped"
        self.model.graph.input.add().CopyFrom(first.graph.input[0])

    @property
    def source(self) -> str:
        """Name of the input; the one clients know."""
        return self.bases[0].source

    @property
    def row(self) -> tuple[int, ...]:
        """Shape of one row."""
        return self.bases[0].row

    @property
    def type(self) -> int:
        """Type of the input's numbers, as ONNX numbers types."""
        return int(self.model.graph.input[0].type.tensor_type.elem_type)

    def add(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:  # noqa: ANN401 - as ONNX has them
        """A node; returns the name of its first result. Others end in ``.1`` and so on."""
        helper = need("onnx.helper", _WHAT)
        self._count += 1
        name = f"{_OWN}{self._count}"
        names = [name, *(f"{name}.{index}" for index in range(1, outputs))]
        self.model.graph.node.append(helper.make_node(operator, inputs, names, **attributes))
        return name

    def constant(self, values: Any, *, whole: bool = False) -> str:  # noqa: ANN401 - array-like
        """A constant, of the input's type or of whole numbers."""
        helper = need("onnx.helper", _WHAT)
        kind = np.int64 if whole else helper.tensor_dtype_to_np_dtype(self.type)
        self._count += 1
        name = f"{_OWN}{self._count}"
        array = np.asarray(values, dtype=kind)
        self.model.graph.initializer.append(
            need("onnx.numpy_helper", _WHAT).from_array(array, name)
        )
        return name

    def cast(self, name: str, kind: str) -> str:
        """The same value as another type, such as ``FLOAT``."""
        return self.add("Cast", name, to=getattr(need("onnx", _WHAT).TensorProto, kind))

    def ask(self, which: int, rows: str) -> str:
        """Probabilities ``(batch, classes)``, float, that a graph inside gives for rows."""
        base, prefix = self.bases[which], f"base{which}/"
        graph = self.model.graph
        identity = need("onnx.helper", _WHAT).make_node
        graph.node.append(identity("Identity", [rows], [prefix + base.source]))
        for node in base.model.graph.node:
            graph.node.add().CopyFrom(_renamed(node, prefix))
        for tensor in base.model.graph.initializer:
            copy = graph.initializer.add()
            copy.CopyFrom(tensor)
            copy.name = prefix + tensor.name
        scores = self.cast(prefix + base.result, "FLOAT")
        if base.width > 1:
            return self.add("Softmax", scores, axis=1) if base.scores == "logits" else scores
        shape = self.constant([-1, 1], whole=True)
        flat = self.add("Reshape", scores, shape)
        yes = self.add("Sigmoid", flat) if base.scores == "logits" else flat
        one = self.cast(self.constant([1.0]), "FLOAT")
        return self.add("Concat", self.add("Sub", one, yes), yes, axis=1)

    def finish(self, scores: str, accepted: str = "") -> None:
        """Name the outputs: scores last, and which rows are answered at all before them."""
        types = need("onnx", _WHAT).TensorProto
        outputs = [(accepted, ACCEPTED, types.BOOL)] if accepted else []
        for value, name, kind in (*outputs, (scores, SCORES, types.FLOAT)):
            node = need("onnx.helper", _WHAT).make_node("Identity", [value], [name])
            self.model.graph.node.append(node)
            info = self.model.graph.output.add()
            info.name = name
            info.type.tensor_type.elem_type = kind
            info.type.tensor_type.shape.dim.add().dim_param = "batch"
            if name == SCORES:
                size = info.type.tensor_type.shape.dim.add()
                size.dim_value = self.bases[0].classes


def _renamed(node: Any, prefix: str) -> Any:  # noqa: ANN401
    copy = type(node)()
    copy.CopyFrom(node)
    copy.name = prefix + node.name if node.name else ""
    for names in (copy.input, copy.output):
        for place, name in enumerate(names):
            names[place] = prefix + name if name else ""
    return copy


def taken_out(model: Any, which: int, ends: tuple[str, str]) -> Any:  # noqa: ANN401
    """The graph inside that was drawn in as number ``which``; ``ends`` are its names."""
    prefix, (source, result) = f"base{which}/", ends
    made = need("onnx", _WHAT).ModelProto(ir_version=model.ir_version)
    made.opset_import.extend(model.opset_import)
    made.graph.name = "base"
    for node in model.graph.node:
        own = [name for name in node.output if name.startswith(prefix)]
        if own and own != [prefix + source]:
            made.graph.node.add().CopyFrom(_stripped(node, prefix))
    for tensor in model.graph.initializer:
        if tensor.name.startswith(prefix):
            copy = made.graph.initializer.add()
            copy.CopyFrom(tensor)
            copy.name = tensor.name.removeprefix(prefix)
    made.graph.input.add().CopyFrom(model.graph.input[0])
    made.graph.input[0].name = source
    made.graph.output.add().name = result
    made.graph.output[0].type.tensor_type.elem_type = need("onnx", _WHAT).TensorProto.FLOAT
    return made


def _stripped(node: Any, prefix: str) -> Any:  # noqa: ANN401
    copy = type(node)()
    copy.CopyFrom(node)
    copy.name = node.name.removeprefix(prefix)
    for names in (copy.input, copy.output):
        for place, name in enumerate(names):
            names[place] = name.removeprefix(prefix)
    return copy
