"""From an ONNX classifier to a module that answers logits, compared with ONNX Runtime.

Probabilities saturate and with them their gradients, so a softmax or sigmoid at the very end
is taken off. What is left is compared with ONNX Runtime on random rows, as probabilities.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch

from modelkeep.models.extras import need
from modelkeep.models.onnx_torch.graph import OnnxModule, build, producer
from modelkeep.models.onnx_torch.node import NotConvertedError
from modelkeep.models.outputs import are_probabilities, to_probabilities

_ROWS: Final = 3  # random rows that are compared, at each of the spreads below
_SPREADS: Final = (0.1, 1.0, 5.0)
_TOLERANCE: Final = 1e-3  # of a probability
_TINY: Final = 1e-12
Scores = Callable[[np.ndarray], np.ndarray]


class LogitModule(torch.nn.Module):  # type: ignore[misc]  # torch is untyped
    """A graph and what turns its answer into logits of two classes or more."""

    def __init__(
        self, inner: OnnxModule, kind: torch.dtype, turn: Callable[[torch.Tensor], torch.Tensor]
    ) -> None:
        super().__init__()
        self.inner, self._kind, self._turn = inner, kind, turn

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Logits ``(batch, classes)``, float32."""
        return self._turn(self.inner(rows.to(self._kind))).float()


def convert(model: Any, output: str, scores: Scores) -> LogitModule:  # noqa: ANN401
    """A module from rows to logits.

    Args:
        model: an onnx ModelProto with its tensors in memory.
        output: the output that holds scores.
        scores: what ONNX Runtime answers for float32 rows, as it answers it.

    Raises:
        NotConvertedError: something in the model is not known here, or the module and ONNX
            Runtime disagree.
    """
    shape, kind = _input(model)
    rows = _random_rows(shape)
    expected = [scores(each).reshape(len(each), -1) for each in rows]
    single = expected[0].shape[1] == 1
    likely = all(
        bool(((each >= 0) & (each <= 1)).all()) if single else are_probabilities(each)
        for each in expected
    )
    name, ending = _without_ending(model, output, single=single)
    module = LogitModule(build(model, name), kind, _turn(ending, single=single, likely=likely))
    _compare(module, rows, expected, likely=likely)
    return module


def _without_ending(model: Any, output: str, *, single: bool) -> tuple[str, str]:  # noqa: ANN401
    """The value before what only turns scores into probabilities, and what does."""
    node = producer(model, output)
    while node is not None and node.op_type in ("Identity", "ZipMap"):
        output = node.input[0]
        node = producer(model, output)
    if node is not None and node.op_type == "Sigmoid" and single:
        return node.input[0], "Sigmoid"
    if node is not None and node.op_type == "Softmax" and not single:
        axis = next((each.i for each in node.attribute if each.name == "axis"), None)
        if axis in (None, -1, 1):  # of two axes, whatever the operator set
            return node.input[0], "Softmax"
    return output, ""


def _turn(ending: str, *, single: bool, likely: bool) -> Callable[[torch.Tensor], torch.Tensor]:
    """What makes logits of the value before the ending."""

    def logits(values: torch.Tensor) -> torch.Tensor:
        flat = values.reshape(len(values), -1) if values.dim() < 2 else values  # noqa: PLR2004
        if ending or not likely:
            return torch.cat([torch.zeros_like(flat), flat], 1) if single else flat
        shares = torch.cat([1 - flat, flat], 1) if single else flat
        return shares.clamp_min(_TINY).log()

    return logits


def _input(model: Any) -> tuple[list[int], torch.dtype]:  # noqa: ANN401
    """Shape of one row and type of the input; a free size stands as 0."""
    named = {each.name for each in model.graph.initializer}
    given = next(each for each in model.graph.input if each.name not in named)
    tensor = given.type.tensor_type
    types = need("onnx", "a gradient of an ONNX model").TensorProto
    kinds = {types.FLOAT: torch.float32, types.DOUBLE: torch.float64}
    if tensor.elem_type not in kinds:
        raise NotConvertedError("an input that is no floating-point number")
    sizes = [int(each.dim_value) for each in tensor.shape.dim]
    return sizes[1:], kinds[tensor.elem_type]


def _random_rows(shape: list[int]) -> list[np.ndarray]:
    if not shape or any(size <= 0 for size in shape):
        raise NotConvertedError("the shape of a row is open, so nothing could be compared")
    rng = np.random.default_rng(0)
    return [(s * rng.standard_normal((_ROWS, *shape))).astype(np.float32) for s in _SPREADS]


def _compare(
    module: LogitModule, rows: list[np.ndarray], expected: list[np.ndarray], *, likely: bool
) -> None:
    for each, answer in zip(rows, expected, strict=True):
        try:
            with torch.no_grad():
                found = module(torch.from_numpy(each)).numpy()
        except (RuntimeError, TypeError, ValueError, IndexError, KeyError) as error:
            raise NotConvertedError(
                f"it does not run ({str(error).splitlines()[0]})"
            ) from error
        ours = to_probabilities(found, logits=True)
        theirs = to_probabilities(answer, logits=not likely)
        if ours.shape != theirs.shape or not np.allclose(ours, theirs, atol=_TOLERANCE):
            raise NotConvertedError("its answers are not those of ONNX Runtime")
