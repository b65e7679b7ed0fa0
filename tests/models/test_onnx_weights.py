"""A trained copy is written as the same graph, and ONNX Runtime answers what it answers."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper

import model_samples as samples
from modelkeep.core import InputError
from modelkeep.models import Differentiable, Trainable
from modelkeep.models.onnx_loading import load
from modelkeep.models.onnx_session import TrainableOnnx

NODES = [
    helper.make_node("Sub", ["rows", "mean"], ["centred"]),
    helper.make_node("Conv", ["centred", "kernel", "bias"], ["maps"], pads=[1, 1, 1, 1]),
    helper.make_node(
        "BatchNormalization", ["maps", "scale", "shift", "run_mean", "run_var"], ["normal"]
    ),
    helper.make_node("Relu", ["normal"], ["active"]),
    helper.make_node("Flatten", ["active"], ["flat"]),
    helper.make_node("MatMul", ["flat", "factor.weight"], ["product"]),
    helper.make_node("Add", ["product", "factor.bias"], ["logits"]),
    helper.make_node("Softmax", ["logits"], ["shares"], axis=1),
]
WEIGHTS = {"kernel", "bias", "scale", "shift", "factor.weight", "factor.bias"}


def graph() -> bytes:
    rng = np.random.default_rng(0)
    arrays = {
        "mean": np.full((1, 1, 1), 0.5),
        "kernel": rng.normal(size=(3, 1, 3, 3)),
        "bias": rng.normal(size=3),
        "scale": np.ones(3),
        "shift": np.zeros(3),
        "run_mean": np.zeros(3),
        "run_var": np.ones(3),
        "factor.weight": rng.normal(size=(48, 4)),
        "factor.bias": np.zeros(4),
    }
    return samples.onnx_bytes(
        NODES,
        {"rows": (TensorProto.FLOAT, ["n", 1, 4, 4])},
        [helper.make_tensor_value_info("shares", TensorProto.FLOAT, None)],
        {name: array.astype(np.float32) for name, array in arrays.items()},
    )


def loaded(folder: Path, data: bytes) -> TrainableOnnx:
    path = folder / "net.onnx"
    path.write_bytes(data)
    model = load(samples.scanned(path, net__onnx="onnx")).model
    assert isinstance(model, TrainableOnnx)
    return model


def trained(model: TrainableOnnx) -> torch.nn.Module:
    """A copy after some steps of training on random rows."""
    module = copy.deepcopy(model.module).requires_grad_(True)
    rows = torch.from_numpy(samples.normal(64, 1, 4, 4))
    truth = (rows.flatten(1)[:, :4].argmax(1)).long()
    optimizer = torch.optim.Adam(module.parameters(), 0.02)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(module(rows), truth).backward()
        optimizer.step()
    return module.requires_grad_(False)


def test_the_written_graph_answers_as_the_trained_module_in_onnx_runtime(
    tmp_path: Path,
) -> None:
    model = loaded(tmp_path, graph())
    assert isinstance(model, Trainable)
    module = trained(model)
    changed = model.with_module(module)
    assert isinstance(changed, Trainable)
    rows = samples.normal(9, 1, 4, 4, seed=5)
    expected = module(torch.from_numpy(rows)).softmax(1).numpy()
    assert np.abs(expected - model.predict(rows)).max() > 0.01
    session = onnxruntime.InferenceSession(
        changed.to_bytes(), providers=["CPUExecutionProvider"]
    )
    (found,) = session.run(None, {"rows": rows})
    assert found == pytest.approx(expected, abs=1e-5)
    assert changed.predict(rows) == pytest.approx(expected, abs=1e-5)


def test_only_weights_change_and_all_of_them(tmp_path: Path) -> None:
    model = loaded(tmp_path, graph())
    changed = model.with_module(trained(model))
    assert isinstance(changed, Trainable)
    old, new = (onnx.load_model_from_string(m.to_bytes()) for m in (model, changed))
    differs = {
        before.name
        for before, after in zip(old.graph.initializer, new.graph.initializer, strict=True)
        if before != after
    }
    assert differs == WEIGHTS
    assert [tensor.name for tensor in new.graph.initializer] == [
        tensor.name for tensor in old.graph.initializer
    ]
    assert list(new.graph.node) == list(old.graph.node)


def test_untrained_it_is_written_byte_by_byte_the_same_weights(tmp_path: Path) -> None:
    model = loaded(tmp_path, graph())
    assert model.to_bytes() == graph()
    again = model.with_module(model.module)
    assert isinstance(again, Trainable)
    rows = samples.normal(5, 1, 4, 4)
    np.testing.assert_array_equal(again.predict(rows), model.predict(rows))


def test_a_graph_without_weights_is_not_trainable(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(
        samples.onnx_bytes(
            [helper.make_node("Mul", ["rows", "factor"], ["logits"])],
            {"rows": (TensorProto.FLOAT, ["n", 3])},
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
            {"factor": np.array([1, 2, 3], np.float32)},
        )
    )
    model = load(samples.scanned(path, net__onnx="onnx")).model
    assert isinstance(model, Differentiable)
    assert not isinstance(model, Trainable)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not weights"):
        loaded(tmp_path, graph()).with_module(torch.nn.Linear(3, 3))
