"""Converted graphs answer what ONNX Runtime answers, and their slopes are torch's own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

import model_samples as samples
from modelkeep.models.onnx_loading import load
from modelkeep.models.onnx_session import DifferentiableOnnx, OnnxModel
from modelkeep.models.onnx_torch import NotConvertedError, convert
from modelkeep.models.onnx_torch.graph import build

FLOAT = TensorProto.FLOAT
I64 = np.int64


def model_of(
    nodes: Sequence[Any],
    shape: Sequence[int],
    arrays: dict[str, np.ndarray] | None = None,
    opset: int = 17,
) -> onnx.ModelProto:
    """A model from ``x`` of a shape to ``y``."""
    graph = helper.make_graph(
        list(nodes),
        "sample",
        [helper.make_tensor_value_info("x", FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info("y", FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in (arrays or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets)
    model.ir_version = 10 if opset > 19 else 8
    return model


def runtime(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def agree(model: onnx.ModelProto, rows: np.ndarray) -> None:
    (expected,) = runtime(model).run(["y"], {"x": rows})
    found = build(model, "y")(torch.from_numpy(rows)).numpy()
    assert found.shape == expected.shape
    assert found == pytest.approx(expected, rel=1e-4, abs=2e-5)


def node(operator: str, *more: str, **attributes: object) -> onnx.NodeProto:
    domain = attributes.pop("domain", "")
    return helper.make_node(operator, ["x", *more], ["y"], domain=domain, **attributes)


def image(*shape: int, seed: int = 0) -> np.ndarray:
    return samples.normal(*shape, seed=seed)


ELEMENTWISE = (
    "Abs Ceil Cos Elu Erf Exp Floor HardSigmoid HardSwish Identity LeakyRelu LogSoftmax Mish "
    "Neg Relu Round Selu Sigmoid Sign Sin Softmax Softplus Softsign Tanh ThresholdedRelu Celu"
).split()


@pytest.mark.parametrize("operator", ELEMENTWISE)
def test_one_input_element_by_element(operator: str) -> None:
    agree(model_of([node(operator)], [5], opset=18), 3 * samples.normal(4, 5))


@pytest.mark.parametrize("operator", ["Sqrt", "Log", "Reciprocal"])
def test_of_positive_numbers(operator: str) -> None:
    agree(model_of([node(operator)], [5]), np.abs(samples.normal(4, 5)) + 0.1)


@pytest.mark.parametrize(
    "operator",
    ["Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", "Mean", "PRelu", "MatMul"],
)
def test_two_inputs(operator: str) -> None:
    second = np.abs(samples.normal(5, 5, seed=1)) + 0.5
    rows = np.abs(samples.normal(5, 5)) if operator == "Pow" else samples.normal(5, 5)
    agree(model_of([node(operator, "c")], [5], {"c": second}), rows)


@pytest.mark.parametrize("opset", [7, 11, 13, 18])
@pytest.mark.parametrize("axis", [-1, 1, 2])
@pytest.mark.parametrize("operator", ["Softmax", "LogSoftmax"])
def test_softmax_of_every_operator_set(operator: str, axis: int, opset: int) -> None:
    if opset < 11 and axis < 0:
        pytest.skip("no negative axes then")
    agree(model_of([node(operator, axis=axis)], [3, 4], opset=opset), image(2, 3, 4))


CONVOLUTIONS = [
    {},
    {"strides": [2, 2], "pads": [1, 1, 1, 1]},
    {"pads": [0, 1, 2, 3]},
    {"dilations": [2, 1]},
    {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
    {"auto_pad": "SAME_LOWER", "strides": [3, 2]},
    {"auto_pad": "VALID"},
]


@pytest.mark.parametrize("options", CONVOLUTIONS)
@pytest.mark.parametrize("group", [1, 2])
def test_convolutions(options: dict[str, Any], group: int) -> None:
    weights = {"w": image(6, 4 // group, 3, 3, seed=1), "b": samples.normal(6)}
    agree(model_of([node("Conv", "w", "b", group=group, **options)], [4, 9, 8], weights),
          image(2, 4, 9, 8))  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"strides": [2, 2], "pads": [1, 0, 1, 1]},
        {"strides": [2, 3], "output_padding": [1, 2]},
    ],
)
def test_transposed_convolutions(options: dict[str, Any]) -> None:
    weights = {"w": image(4, 3, 3, 3, seed=1)}
    agree(model_of([node("ConvTranspose", "w", **options)], [4, 5, 6], weights),
          image(2, 4, 5, 6))  # fmt: skip


@pytest.mark.parametrize("size", [7, 8, 9])
@pytest.mark.parametrize("operator", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize(("ceil", "pads", "stride", "counted"), [
    (0, [0, 0, 0, 0], 2, 0), (1, [0, 0, 0, 0], 2, 0), (0, [1, 0, 1, 1], 2, 0),
    (0, [1, 1, 1, 1], 1, 1), (1, [1, 1, 1, 1], 2, 0), (1, [0, 0, 0, 0], 3, 0),
])  # fmt: skip
def test_pooling(
    size: int, operator: str, ceil: int, pads: list[int], stride: int, counted: int
) -> None:
    options: dict[str, Any] = {"count_include_pad": counted} if operator[0] == "A" else {}
    made = node(
        operator,
        kernel_shape=[3, 2],
        strides=[stride] * 2,
        pads=pads,
        ceil_mode=ceil,
        **options,
    )
    opset = 19 if ceil and operator[0] == "A" else 17
    agree(model_of([made], [2, size, 6], opset=opset), image(2, 2, size, 6))


@pytest.mark.parametrize("operator", ["GlobalAveragePool", "GlobalMaxPool"])
def test_pooling_of_whole_maps(operator: str) -> None:
    agree(model_of([node(operator)], [3, 4, 5]), image(2, 3, 4, 5))


def test_normalisation() -> None:
    ones = {name: samples.normal(4, seed=seed) for seed, name in enumerate("sbm")}
    ones["v"] = np.abs(samples.normal(4, seed=3))
    rows = image(2, 4, 3, 3)
    agree(model_of([node("BatchNormalization", "s", "b", "m", "v")], [4, 3, 3], ones), rows)
    agree(model_of([node("InstanceNormalization", "s", "b")], [4, 3, 3], ones), rows)
    agree(model_of([node("LRN", size=3)], [4, 3, 3]), rows)
    agree(model_of([node("LpNormalization", axis=1)], [4, 3, 3]), rows)
    last = {"s": samples.normal(3), "b": samples.normal(3, seed=1)}
    agree(model_of([node("LayerNormalization", "s", "b", axis=-1)], [4, 3, 3], last), rows)
    channels = {"s": samples.normal(4), "b": samples.normal(4, seed=1)}
    made = node("GroupNormalization", "s", "b", num_groups=2)
    agree(model_of([made], [4, 3, 3], channels, opset=21), rows)


@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize(
    "kind", "L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare".split()
)
def test_reductions(kind: str, keep: int) -> None:
    rows, axes = np.abs(image(2, 3, 4)), {"a": np.array([1, -1], I64)}
    newer = node(f"Reduce{kind}", "a", keepdims=keep)
    agree(model_of([newer], [3, 4], axes, opset=18), rows)
    older = node(f"Reduce{kind}", axes=[1, 2], keepdims=keep)
    agree(model_of([older], [3, 4], opset=11), rows)


def ints(*numbers: int) -> np.ndarray:
    return np.array(numbers, I64)


SHAPES = [
    ([node("Reshape", "a")], {"a": ints(0, -1)}, 17),
    ([node("Flatten", axis=2)], {}, 17),
    ([node("Flatten", axis=-1)], {}, 13),
    ([node("Transpose", perm=[0, 2, 1, 3])], {}, 17),
    ([node("Unsqueeze", "a")], {"a": ints(1, -1)}, 13),
    ([node("Unsqueeze", axes=[0, 3])], {}, 11),
    ([node("Slice", "s", "e", "a", "t")],
     {"s": ints(-1, 0), "e": ints(-(1 << 62), 3), "a": ints(1, 3), "t": ints(-1, 2)}, 13),
    ([node("Slice", starts=[1, 0], ends=[9, -1], axes=[1, 2])], {}, 9),
    ([node("Gather", "a", axis=2)], {"a": ints(0, -1)}, 17),
    ([node("Expand", "a")], {"a": ints(3, 1, 1, 1, 1)}, 17),
    ([node("Tile", "a")], {"a": ints(1, 2, 1, 2)}, 17),
    ([node("Concat", "x", axis=1)], {}, 17),
    ([node("DepthToSpace", blocksize=2)], {}, 17),
    ([node("DepthToSpace", blocksize=2, mode="CRD")], {}, 17),
    ([node("SpaceToDepth", blocksize=2)], {}, 17),
    ([node("Pad", "a", "v")], {"a": ints(0, 0, 1, 2, 0, 0, 0, 1), "v": np.float32([3])}, 13),
    ([node("Pad", "a", mode="reflect")], {"a": ints(0, 0, 1, 2, 0, 0, 0, 1)}, 13),
    ([node("Pad", "a", mode="edge")], {"a": ints(0, 0, 1, 2, 0, 0, 0, 1)}, 13),
    ([node("Pad", pads=[0, 0, 1, 2, 0, 0, 0, 1])], {}, 7),
    ([node("Upsample", "f", mode="nearest")], {"f": np.float32([1, 1, 2, 3])}, 9),
    ([node("Clip", "l", "h")], {"l": np.float32(-0.5), "h": np.float32(0.2)}, 13),
    ([node("Clip", min=-0.5)], {}, 7),
    ([node("CumSum", "a")], {"a": ints(1)}, 17),
]  # fmt: skip


@pytest.mark.parametrize(("nodes", "arrays", "opset"), SHAPES)
def test_other_arrangements(
    nodes: list[Any], arrays: dict[str, np.ndarray], opset: int
) -> None:
    agree(model_of(nodes, [4, 4, 6], arrays, opset), image(2, 4, 4, 6))


@pytest.mark.parametrize(("mode", "placed"), [
    ("nearest", "asymmetric"), ("linear", "half_pixel"), ("linear", "align_corners"),
    ("linear", "pytorch_half_pixel"),
])  # fmt: skip
def test_resizing(mode: str, placed: str) -> None:
    options = {"nearest_mode": "floor"} if mode == "nearest" else {}
    made = helper.make_node("Resize", ["x", "", "f"], ["y"], mode=mode,
                            coordinate_transformation_mode=placed, **options)  # fmt: skip
    agree(model_of([made], [2, 4, 5], {"f": np.float32([1, 1, 2, 3])}), image(2, 2, 4, 5))


def test_parts_and_sizes_worked_out_in_the_graph() -> None:
    nodes = [
        helper.make_node("Split", ["x", "s"], ["a", "b"], axis=1),
        helper.make_node("Shape", ["b"], ["size"]),
        helper.make_node("ConstantOfShape", ["size"], ["ones"],
                         value=helper.make_tensor("v", FLOAT, [1], [1.0])),
        helper.make_node("Greater", ["b", "ones"], ["large"]),
        helper.make_node("Where", ["large", "ones", "b"], ["y"]),
    ]  # fmt: skip
    agree(model_of(nodes, [5], {"s": ints(2, 3)}), 2 * samples.normal(4, 5))


def test_whole_numbers_divide_towards_zero() -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["i"], to=TensorProto.INT64),
        helper.make_node("Div", ["i", "two"], ["half"]),
        helper.make_node("Cast", ["half"], ["y"], to=FLOAT),
    ]
    agree(model_of(nodes, [3], {"two": ints(2)}), np.float32([[-3, -1, 5]]))


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.BatchNorm2d(4), torch.nn.ReLU(),
        torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(64, 3),
    ).eval()  # fmt: skip


def exported(module: torch.nn.Module) -> onnx.ModelProto:
    """The network written by hand, with a softmax at its end."""
    state = {name.replace(".", "_"): t.numpy() for name, t in module.state_dict().items()}
    norm = ["1_weight", "1_bias", "1_running_mean", "1_running_var"]
    nodes = [
        helper.make_node("Conv", ["x", "0_weight", "0_bias"], ["a"], pads=[1] * 4),
        helper.make_node("BatchNormalization", ["a", *norm], ["b"]),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("MaxPool", ["c"], ["d"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["d"], ["e"]),
        helper.make_node("Gemm", ["e", "5_weight", "5_bias"], ["f"], transB=1),
        helper.make_node("Softmax", ["f"], ["y"]),
    ]
    state = {k: v for k, v in state.items() if v.dtype == np.float32}
    return model_of(nodes, [1, 8, 8], state)


def test_slopes_are_those_of_the_torch_original() -> None:
    original = network()
    model = exported(original)
    module = convert(model, "y", OnnxModel(runtime(model)).scores)
    slopes = []
    for each in (original, module):
        rows = torch.from_numpy(image(3, 1, 8, 8)).requires_grad_(True)
        logits = each(rows)
        (slope,) = torch.autograd.grad((logits[:, 0] - logits[:, 2]).sum(), rows)
        slopes.append(slope)
    assert torch.allclose(*slopes, atol=1e-6)


def test_a_model_whose_answers_differ_is_not_used() -> None:
    model = exported(network())
    with pytest.raises(NotConvertedError, match="not those of ONNX Runtime"):
        convert(model, "y", lambda rows: np.tile(np.float32([0.2, 0.3, 0.5]), (len(rows), 1)))


@pytest.mark.parametrize(("made", "named"), [
    (node("Hardmax"), "Hardmax"),
    (node("TfIdf", domain="com.microsoft"), "com.microsoft"),
])  # fmt: skip
def test_an_unknown_operator_is_named(made: onnx.NodeProto, named: str) -> None:
    with pytest.raises(NotConvertedError, match=named):
        build(model_of([made], [3]), "y")


def test_a_loaded_model_gives_a_gradient_or_says_why_not(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(exported(network()).SerializeToString())
    loaded = load(samples.scanned(path, model__onnx="onnx"))
    assert isinstance(loaded.model, DifferentiableOnnx)
    assert loaded.notes == ()
    rows = image(5, 1, 8, 8)
    logits = loaded.model.module(torch.from_numpy(rows)).numpy()
    assert samples.softmax(logits) == pytest.approx(loaded.model.predict(rows), abs=1e-5)
    path.write_bytes(samples.linear_onnx(np.eye(3), "Hardmax"))
    loaded = load(samples.scanned(path, model__onnx="onnx"))
    assert not hasattr(loaded.model, "module")
    assert "Hardmax" in loaded.notes[0]


ENDINGS = ["", "Softmax", "LogSoftmax"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_logits_come_out_however_the_model_ends(ending: str) -> None:
    model = onnx.load_model_from_string(
        samples.linear_onnx(samples.normal(4, 3), *([ending] if ending else []))
    )
    output = model.graph.output[0].name
    session = OnnxModel(runtime(model))
    module = convert(model, output, session.scores)
    rows = samples.normal(50, 4)
    found = samples.softmax(module(torch.from_numpy(rows)).numpy())
    assert found == pytest.approx(session.predict(rows), abs=1e-5)


@pytest.mark.parametrize("ending", ["Sigmoid", ""])
def test_one_column_becomes_two(ending: str) -> None:
    model = onnx.load_model_from_string(
        samples.linear_onnx(samples.normal(4, 1), *([ending] if ending else []))
    )
    session = OnnxModel(runtime(model))
    module = convert(model, model.graph.output[0].name, session.scores)
    rows = samples.normal(50, 4)
    found = samples.softmax(module(torch.from_numpy(rows)).numpy())
    assert found == pytest.approx(session.predict(rows), abs=1e-5)


def test_a_pipeline_as_scikit_learn_is_exported() -> None:
    scaling = {"offset": [0.5, -1.0, 2.0, 0.0], "scale": [1.0, 2.0, 0.5, 3.0]}
    weights = samples.normal(2, 4, seed=1)
    nodes = [
        helper.make_node("Scaler", ["x"], ["a"], domain="ai.onnx.ml", **scaling),
        helper.make_node("LinearClassifier", ["a"], ["label", "p"], domain="ai.onnx.ml",
                         coefficients=weights.ravel().tolist(), intercepts=[0.1, -0.1],
                         classlabels_ints=[0, 1], post_transform="SOFTMAX"),
        helper.make_node("Identity", ["p"], ["y"]),
    ]  # fmt: skip
    model = model_of(nodes, [4])
    agree(model, samples.normal(6, 4))


FAMILY = ["Relu", "Tanh", "Sigmoid", "Softplus", "Elu"]


@pytest.mark.parametrize("seed", range(12))
def test_random_chains_agree(seed: int) -> None:
    """Convolutions, activations, pooling and products in random order and sizes."""
    rng = np.random.default_rng(seed)
    channels, names, arrays, nodes = 2, itertools.count(), {}, []
    value = "x"
    for _ in range(int(rng.integers(2, 5))):
        wide, kernel = int(rng.integers(1, 5)), int(rng.integers(1, 4))
        weight, made, active = f"w{next(names)}", f"v{next(names)}", f"v{next(names)}"
        arrays[weight] = 0.5 * samples.normal(wide, channels, kernel, kernel, seed=seed)
        strides = [int(rng.integers(1, 3))] * 2
        pads = [int(pad) for pad in rng.integers(0, 3, 4)]
        nodes.append(
            helper.make_node("Conv", [value, weight], [made], strides=strides, pads=pads)
        )
        nodes.append(helper.make_node(str(rng.choice(FAMILY)), [made], [active]))
        channels, value = wide, active
    nodes += [
        helper.make_node("GlobalAveragePool", [value], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "last"], ["y"]),
    ]
    arrays["last"] = samples.normal(channels, 3, seed=seed)
    agree(model_of(nodes, [2, 12, 11], arrays), image(3, 2, 12, 11, seed=seed))
