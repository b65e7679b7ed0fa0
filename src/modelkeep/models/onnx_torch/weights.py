"""Which initialisers of a graph are weights, and the same file with other ones.

Weights are what training may change: kernels and factors, their biases, scale and shift
of a normalisation. Stored means and variances, limits, and constants in nodes stay.

Source: the ONNX intermediate representation (ModelProto, graph initializers).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from modelkeep.models.extras import need

if TYPE_CHECKING:
    import torch

    from modelkeep.models.onnx_torch.graph import Step

_PLACES: Final[dict[str, tuple[int, ...]]] = {
    "Conv": (1, 2),
    "ConvTranspose": (1, 2),
    "Gemm": (1, 2),
    "MatMul": (0, 1),
    "BatchNormalization": (1, 2),
    "InstanceNormalization": (1, 2),
    "LayerNormalization": (1, 2),
    "GroupNormalization": (1, 2),
}


def weight_names(steps: Iterable[Step], tensors: Mapping[str, torch.Tensor]) -> list[str]:
    """Names of the initialisers that are weights, in the order they are used."""
    found: dict[str, None] = {}
    products: set[str] = set()
    for step in steps:
        operator = step.node.operator
        if operator == "MatMul":
            products |= set(step.gives)
        shifted = operator == "Add" and any(name in products for name in step.takes)
        places = (0, 1) if shifted else _PLACES.get(operator, ())
        for place in places:
            name = step.takes[place] if place < len(step.takes) else ""
            if name in tensors and tensors[name].is_floating_point():
                found[name] = None
    return list(found)


def with_weights(data: bytes, weights: Mapping[str, torch.Tensor]) -> bytes:
    """The ONNX file ``data`` with other initialisers; nothing else in it changes.

    Args:
        data: one file that holds its tensors.
        weights: by name, each of the shape it has in the file.
    """
    onnx = need("onnx", "writing an ONNX model")
    array_of = need("onnx.numpy_helper", "writing an ONNX model")
    model: Any = onnx.load_model_from_string(data)
    for tensor in model.graph.initializer:
        if tensor.name in weights:
            old = array_of.to_array(tensor)
            new = weights[tensor.name].detach().numpy().astype(old.dtype)
            tensor.CopyFrom(array_of.from_array(new.reshape(old.shape), tensor.name))
    return bytes(model.SerializeToString())
