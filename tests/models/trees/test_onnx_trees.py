"""Trees of an ONNX model answer as ONNX Runtime does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

import model_samples as samples
from modelkeep.core import InputError, MalformedArtifactError
from modelkeep.models.onnx_loading import load
from modelkeep.models.onnx_session import OnnxModel
from modelkeep.models.trees.onnx_trees import read

# Two trees: three nodes each, the children named before their parent in the second.
NODES: dict[str, Any] = {
    "nodes_treeids": [0, 0, 0, 1, 1, 1],
    "nodes_nodeids": [0, 1, 2, 0, 1, 2],
    "nodes_featureids": [0, 0, 0, 1, 0, 0],
    "nodes_values": [0.5, 0.0, 0.0, -0.25, 0.0, 0.0],
    "nodes_truenodeids": [1, 0, 0, 1, 0, 0],
    "nodes_falsenodeids": [2, 0, 0, 2, 0, 0],
}
LEAVES = {"class_treeids": [0, 0, 1, 1], "class_nodeids": [1, 2, 1, 2]}
THREE = {"class_ids": [0, 1, 2, 1], "class_weights": [1.0, 0.5, 0.75, 2.0]}
ONE = {"class_ids": [1, 1, 1, 1], "class_weights": [-1.0, 0.5, -0.1, 0.7]}


def model(folder: Path, mode: str, classes: int, before: str = "", **more: Any) -> OnnxModel:  # noqa: ANN401
    modes = [mode, "LEAF", "LEAF"] * 2
    tree = helper.make_node(
        "TreeEnsembleClassifier",
        ["early" if before else "rows"],
        ["label", "scores"],
        domain="ai.onnx.ml",
        nodes_modes=modes,
        classlabels_int64s=list(range(classes)),
        **(NODES | LEAVES | more),
    )
    nodes = [helper.make_node(before, ["rows"], ["early"])] if before else []
    outputs = [
        helper.make_tensor_value_info("label", TensorProto.INT64, None),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, None),
    ]
    path = folder / "model.onnx"
    path.write_bytes(
        samples.onnx_bytes([*nodes, tree], {"rows": (TensorProto.FLOAT, ["n", 2])}, outputs, {})
    )
    found = load(samples.scanned(path, model__onnx="onnx")).model
    assert isinstance(found, OnnxModel)
    return found


@pytest.mark.parametrize("mode", ["BRANCH_LEQ", "BRANCH_LT"])
@pytest.mark.parametrize(
    ("classes", "more"),
    [
        (3, THREE | {"post_transform": "SOFTMAX"}),
        (3, THREE | {"post_transform": "SOFTMAX", "base_values": [0.1, -3.0, 0.2]}),
        (2, ONE | {"post_transform": "LOGISTIC"}),
    ],
    ids=["three", "base", "one score"],
)
def test_the_trees_choose_the_class_that_the_session_does(
    tmp_path: Path, mode: str, classes: int, more: dict[str, Any]
) -> None:
    found = model(tmp_path, mode, classes, **more)
    rows = np.concatenate(
        [samples.normal(200, 2), [[0.5, -0.25], [0.5, 0], [0, -0.25]]], dtype=np.float32
    )
    scores = found.trees().scores(rows)
    expected = found.predict(rows)
    assert len(set(expected.argmax(axis=1))) > 1
    assert (scores.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_more_than_trees_on_the_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not one ensemble"):
        model(tmp_path, "BRANCH_LEQ", 3, before="Abs", **THREE).trees()
    with pytest.raises(InputError, match="BRANCH_EQ"):
        model(tmp_path, "BRANCH_EQ", 3, **THREE).trees()
    with pytest.raises((InputError, MalformedArtifactError)):
        read(b"\x00\x01\x02", 2)
