"""Numbers in, numbers out, element by element.

Source: ONNX operators, sections Add to Where. Whole numbers divide towards zero.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

import torch

from modelkeep.models.onnx_torch.node import Inputs, Node, Operator, given

_DTYPES: Final = {
    1: torch.float32,
    2: torch.uint8,
    3: torch.int8,
    6: torch.int32,
    7: torch.int64,
    9: torch.bool,
    10: torch.float16,
    11: torch.float64,
}


def plain(function: Callable[..., Any]) -> Operator:
    """An operator without attributes."""
    return lambda _node, inputs: function(*inputs)


def folded(function: Callable[..., Any]) -> Operator:
    """An operator of two inputs that takes any number of them."""
    return lambda _node, inputs: functools.reduce(function, inputs)


def divide(_node: Node, inputs: Inputs) -> torch.Tensor:
    """Quotient."""
    first, second = inputs
    if first.is_floating_point():
        return first / second
    return torch.div(first, second, rounding_mode="trunc")


def power(_node: Node, inputs: Inputs) -> torch.Tensor:
    """Power, in the type of the base."""
    return torch.pow(*inputs).to(inputs[0].dtype)


def clip(node: Node, inputs: Inputs) -> torch.Tensor:
    """Bounded values; bounds are attributes before opset 11 and inputs since."""
    low = node.get("min") if given(inputs, 1) is None else inputs[1]
    high = node.get("max") if given(inputs, 2) is None else inputs[2]
    result = inputs[0]
    if low is not None:
        result = torch.maximum(result, torch.as_tensor(low, dtype=result.dtype))
    if high is not None:
        result = torch.minimum(result, torch.as_tensor(high, dtype=result.dtype))
    return result


def cast(node: Node, inputs: Inputs) -> torch.Tensor:
    """Another type of number."""
    kind = _DTYPES.get(node.get("to"))
    if kind is None:
        raise node.refuse(f"type {node.get('to')} of numbers")
    return inputs[0].to(kind)


def modulo(node: Node, inputs: Inputs) -> torch.Tensor:
    """Remainder, with the sign of the divisor, or of the dividend with ``fmod``."""
    return torch.fmod(*inputs) if node.get("fmod", 0) else torch.remainder(*inputs)


def same(_node: Node, inputs: Inputs) -> torch.Tensor:
    """Nothing happens, as with dropout once a network has been trained."""
    return inputs[0]


OPERATORS: Final[dict[str, Operator]] = {
    "Add": plain(torch.add),
    "Sub": plain(torch.sub),
    "Mul": plain(torch.mul),
    "Div": divide,
    "Pow": power,
    "Mod": modulo,
    "Neg": plain(torch.neg),
    "Abs": plain(torch.abs),
    "Sqrt": plain(torch.sqrt),
    "Exp": plain(torch.exp),
    "Log": plain(torch.log),
    "Reciprocal": plain(torch.reciprocal),
    "Floor": plain(torch.floor),
    "Ceil": plain(torch.ceil),
    "Round": plain(torch.round),
    "Sign": plain(torch.sign),
    "Sin": plain(torch.sin),
    "Cos": plain(torch.cos),
    "Erf": plain(torch.erf),
    "Min": folded(torch.minimum),
    "Max": folded(torch.maximum),
    "Sum": folded(torch.add),
    "Mean": lambda _node, inputs: functools.reduce(torch.add, inputs) / len(inputs),
    "Clip": clip,
    "Cast": cast,
    "Identity": same,
    "Dropout": same,
    "Equal": plain(torch.eq),
    "Greater": plain(torch.gt),
    "Less": plain(torch.lt),
    "GreaterOrEqual": plain(torch.ge),
    "LessOrEqual": plain(torch.le),
    "And": plain(torch.logical_and),
    "Or": plain(torch.logical_or),
    "Xor": plain(torch.logical_xor),
    "Not": plain(torch.logical_not),
    "Where": plain(torch.where),
}
