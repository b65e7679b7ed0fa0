"""Products of matrices.

Source: ONNX operators MatMul, Gemm and Einsum.
"""

from __future__ import annotations

from typing import Final

import torch

from modelkeep.models.onnx_torch.arithmetic import plain
from modelkeep.models.onnx_torch.node import Inputs, Node, Operator, given


def gemm(node: Node, inputs: Inputs) -> torch.Tensor:
    """``alpha * A @ B + beta * C``, either matrix transposed if asked."""
    left, right = inputs[:2]
    left = left.T if node.get("transA", 0) else left
    right = right.T if node.get("transB", 0) else right
    result = node.get("alpha", 1.0) * (left @ right)
    bias = given(inputs, 2)
    return result if bias is None else result + node.get("beta", 1.0) * bias


def einsum(node: Node, inputs: Inputs) -> torch.Tensor:
    """A sum of products by its formula."""
    return torch.einsum(node.get("equation"), *inputs)


OPERATORS: Final[dict[str, Operator]] = {
    "MatMul": plain(torch.matmul),
    "Gemm": gemm,
    "Einsum": einsum,
}
