"""The same numbers in another arrangement.

Source: ONNX operators. Axes of Squeeze and Unsqueeze, sizes of Split and bounds of Slice were
attributes before opset 13, 13 and 10.
"""

from __future__ import annotations

from typing import Any, Final

import torch

from modelkeep.models.onnx_torch.node import Inputs, Node, Operator, given, whole


def reshape(node: Node, inputs: Inputs) -> torch.Tensor:
    """Another shape; 0 keeps a size unless told otherwise."""
    values = inputs[0]
    sizes = node.get("shape") if len(inputs) == 1 else whole(inputs[1])
    if not node.get("allowzero", 0):
        sizes = [values.shape[at] if size == 0 else size for at, size in enumerate(sizes)]
    return values.reshape(sizes)


def flatten(node: Node, inputs: Inputs) -> torch.Tensor:
    """Two axes: those before a place and those from it on."""
    values = inputs[0]
    axis = node.get("axis", 1)
    axis = axis + values.dim() if axis < 0 else axis
    rows = 1
    for size in values.shape[:axis]:
        rows *= size
    return values.reshape(rows, -1)


def transpose(node: Node, inputs: Inputs) -> torch.Tensor:
    """Axes in another order, reversed by default."""
    order = node.get("perm", list(range(inputs[0].dim()))[::-1])
    return inputs[0].permute(order)


def _axes(node: Node, inputs: Inputs) -> list[int] | None:
    listed = given(inputs, 1)
    found: list[int] | None = node.get("axes") if listed is None else whole(listed)
    return found


def squeeze(node: Node, inputs: Inputs) -> torch.Tensor:
    """Without axes of size 1."""
    axes = _axes(node, inputs)
    return inputs[0].squeeze() if axes is None else inputs[0].squeeze(tuple(axes))


def unsqueeze(node: Node, inputs: Inputs) -> torch.Tensor:
    """With axes of size 1; places are those in the result."""
    values, axes = inputs[0], _axes(node, inputs) or []
    rank = values.dim() + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        values = values.unsqueeze(axis)
    return values


def split(node: Node, inputs: Inputs) -> tuple[torch.Tensor, ...]:
    """Parts along an axis, equal unless sizes are given."""
    values, axis = inputs[0], node.get("axis", 0)
    listed = given(inputs, 1)
    sizes = node.get("split") if listed is None else whole(listed)
    if sizes is None:
        each = -(-values.shape[axis] // node.get("num_outputs", node.outputs))
        return tuple(values.split(each, axis))
    return tuple(values.split(sizes, axis))


def cut(node: Node, inputs: Inputs) -> torch.Tensor:
    """Slices; a negative step walks backwards."""
    values = inputs[0]
    if len(inputs) == 1:
        starts, ends = node.get("starts"), node.get("ends")
        axes, steps = node.get("axes"), None
    else:
        starts, ends = whole(inputs[1]), whole(inputs[2])
        axes, steps = (
            whole(found) if (found := given(inputs, at)) is not None else None for at in (3, 4)
        )
    axes = axes or list(range(len(starts)))
    for start, end, axis, step in zip(
        starts, ends, axes, steps or [1] * len(starts), strict=True
    ):
        chosen = range(*slice(start, _end(end, step), step).indices(values.shape[axis]))
        if step == 1:
            values = values.narrow(axis, chosen.start, len(chosen))
        else:
            values = values.index_select(axis, torch.tensor(list(chosen), dtype=torch.int64))
    return values


def _end(end: int, step: int) -> int | None:
    """ONNX writes "to the very beginning" as a number far below zero."""
    return None if step < 0 and end < -(1 << 31) + 1 else end


def gather(node: Node, inputs: Inputs) -> torch.Tensor:
    """Entries by their places along an axis."""
    values, places = inputs
    axis = node.get("axis", 0) % values.dim()
    flat = places.reshape(-1).long()
    flat = torch.where(flat < 0, flat + values.shape[axis], flat)
    shape = (*values.shape[:axis], *places.shape, *values.shape[axis + 1 :])
    return values.index_select(axis, flat).reshape(shape)


def expand(_node: Node, inputs: Inputs) -> torch.Tensor:
    """Repeated along axes of size 1, as sums of unlike shapes are."""
    return inputs[0].expand(torch.broadcast_shapes(inputs[0].shape, whole(inputs[1])))


def shape(node: Node, inputs: Inputs) -> torch.Tensor:
    """Sizes of the axes, or of some."""
    sizes = list(inputs[0].shape)[node.get("start", 0) : node.get("end")]
    return torch.tensor(sizes, dtype=torch.int64)


def filled(node: Node, inputs: Inputs) -> torch.Tensor:
    """One number everywhere."""
    value = node.get("value", torch.zeros(1))
    return value.reshape(()).expand(whole(inputs[0])).clone()


def counted(_node: Node, inputs: Inputs) -> torch.Tensor:
    """Numbers from a start to a limit."""
    start, limit, step = (each.item() for each in inputs)
    return torch.arange(start, limit, step, dtype=inputs[0].dtype)


def constant(node: Node, _inputs: Inputs) -> Any:  # noqa: ANN401 - a tensor of any type
    """A number, or many, written into the graph."""
    for name, kind in (("value_float", torch.float32), ("value_int", torch.int64)):
        for each in (name, f"{name}s"):
            if node.get(each) is not None:
                return torch.tensor(node.get(each), dtype=kind)
    value = node.get("value")
    if not isinstance(value, torch.Tensor):
        raise node.refuse("a constant that is no number")
    return value


def blocks(node: Node, inputs: Inputs) -> torch.Tensor:
    """Channels to space or back."""
    (values,) = inputs
    size = node.get("blocksize")
    n, channels, height, width = values.shape
    if node.operator == "SpaceToDepth":
        parts = values.reshape(n, channels, height // size, size, width // size, size)
        moved = parts.permute(0, 3, 5, 1, 2, 4)
        return moved.reshape(n, channels * size**2, height // size, width // size)
    deep = channels // size**2
    if node.get("mode", "DCR") == "DCR":
        parts = values.reshape(n, size, size, deep, height, width)
        moved = parts.permute(0, 3, 4, 1, 5, 2)
    else:
        parts = values.reshape(n, deep, size, size, height, width)
        moved = parts.permute(0, 1, 4, 2, 5, 3)
    return moved.reshape(n, deep, height * size, width * size)


OPERATORS: Final[dict[str, Operator]] = {
    "Reshape": reshape,
    "Flatten": flatten,
    "Transpose": transpose,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Concat": lambda node, inputs: torch.cat(inputs, node.get("axis")),
    "Split": split,
    "Slice": cut,
    "Gather": gather,
    "GatherElements": lambda node, inputs: inputs[0].gather(node.get("axis", 0), inputs[1]),
    "Expand": expand,
    "Tile": lambda _node, inputs: inputs[0].repeat(whole(inputs[1])),
    "Shape": shape,
    "Size": lambda _node, inputs: torch.tensor(inputs[0].numel()),
    "ConstantOfShape": filled,
    "Range": counted,
    "Constant": constant,
    "SpaceToDepth": blocks,
    "DepthToSpace": blocks,
}
