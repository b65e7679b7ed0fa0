from __future__ import annotations

import copy

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper

from modelkeep.harden.private import ghost, one_by_one
from modelkeep.harden.private.products import Product, parts_of
from modelkeep.models.onnx_torch.graph import OnnxModule, build


@pytest.mark.parametrize("places", [1, 2, 9])
@pytest.mark.parametrize("across", [False, True])
def test_norms_and_sums_are_those_of_outer_products(places: int, *, across: bool) -> None:
    torch.manual_seed(0)
    goes, back = torch.randn(4, places, 5), torch.randn(4, places, 3)
    weight, scale = torch.zeros((5, 3) if across else (3, 5)), torch.rand(4)
    each = torch.einsum("npo,npi->noi", back, goes)
    part = Product(weight, goes, back, across)
    assert torch.allclose(part.squares(), each.square().sum((1, 2)), rtol=1e-4)
    wanted = torch.tensordot(scale, each, 1)
    assert torch.allclose(part.total(scale), wanted.T if across else wanted, atol=1e-5)


def graph() -> OnnxModule:
    rng = np.random.default_rng(0)

    def tensor(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)

    nodes = [
        helper.make_node("Conv", ["x", "k", "kb"], ["c"], pads=[1, 0, 0, 1], strides=[2, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Flatten", ["r"], ["f"]),
        helper.make_node("MatMul", ["f", "m"], ["p"]),
        helper.make_node("Add", ["p", "mb"], ["a"]),
        helper.make_node("Gemm", ["a", "g", "gb"], ["y"], transB=1, alpha=0.5, beta=2.0),
    ]
    value = helper.make_tensor_value_info
    made = helper.make_graph(
        nodes,
        "g",
        [value("x", onnx.TensorProto.FLOAT, ["n", 1, 6, 6])],
        [value("y", onnx.TensorProto.FLOAT, ["n", 3])],
        [
            tensor("k", 2, 1, 3, 3),
            tensor("kb", 2),
            tensor("m", 2 * 3 * 5, 4),
            tensor("mb", 4),
            tensor("g", 3, 4),
            tensor("gb", 3),
        ],
    )
    return build(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)]), "y")


def test_nodes_of_a_graph_are_the_layers_they_stand_for() -> None:
    module = graph()
    rows, truth = torch.randn(5, 1, 6, 6), torch.arange(5) % 3
    expected = one_by_one(copy.deepcopy(module), rows, truth, 0.7)
    found = ghost.WAY.prepare(module)(rows, truth, 0.7)
    assert torch.allclose(found.norms, expected.norms, rtol=1e-4)
    for name, wanted in expected.sums.items():
        assert torch.allclose(found.sums[name], wanted, atol=1e-5)


def test_a_layer_of_another_kind_is_not_known() -> None:
    assert parts_of(torch.nn.Bilinear(2, 2, 2), (torch.zeros(1, 2),)) is None
    grouped = torch.nn.Conv2d(2, 2, 3, groups=2)
    assert parts_of(grouped, (torch.zeros(1, 2, 5, 5),)) is None
