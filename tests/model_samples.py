"""Small models and data sets that the tests of models and assess share."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xgboost
from onnx import TensorProto, helper, numpy_helper

from modelkeep.assess import Attack, Context, Recipe
from modelkeep.assess.interface import Facts, Outcome
from modelkeep.core import Digest, Measurement, Subject
from modelkeep.models import Code, Column, Dataset, InputSpec, Request
from modelkeep.models.torch_module import TorchModel
from modelkeep.sources import digest_artifact, open_artifact

ANY_SUBJECT = Subject("dataset", "rows", Digest("ab" * 32, "cd" * 32))
_NUMBERS = itertools.count()
torch.set_num_threads(1)  # these tensors are small: a second thread costs more than it saves


def softmax(scores: np.ndarray) -> np.ndarray:
    """Written anew, so that the product's own is judged by another."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Standard normal rows."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


# Files


def scanned(path: Path, *, code: Code | None = None, **formats: str) -> Request:
    """What the pipeline hands over after a scan.

    Args:
        path: the model; its digests are taken now.
        code: the user's code.
        formats: format by file name, a double underscore standing for a dot.
    """
    artifact = open_artifact(path)
    named = {name.replace("__", "."): kind for name, kind in formats.items()}
    return Request(artifact, digest_artifact(artifact), named, code)


def code_folder(folder: Path, text: str) -> tuple[Path, str]:
    """A folder with one module of the user's; returns it and the module's name.

    The name is new each time: Python remembers modules by name.
    """
    name = f"users_module_{next(_NUMBERS)}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(text)
    return folder, name


def onnx_bytes(
    nodes: Sequence[Any],
    inputs: Mapping[str, tuple[int, list[Any]]],
    outputs: Sequence[Any],
    arrays: Mapping[str, np.ndarray],
) -> bytes:
    """An ONNX model from nodes; inputs and initializers by name."""
    graph = helper.make_graph(
        nodes,
        "sample",
        [helper.make_tensor_value_info(name, *found) for name, found in inputs.items()],
        outputs,
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets)
    model.ir_version = 9
    return bytes(model.SerializeToString())


def linear_onnx(
    weights: np.ndarray, *tail: str, batch: str | int = "n", output: int = TensorProto.FLOAT
) -> bytes:
    """``rows @ weights`` and then the operators of ``tail``, one after the other."""
    nodes = [helper.make_node("MatMul", ["rows", "weights"], ["step0"])]
    nodes += [
        helper.make_node(operator, [f"step{index}"], [f"step{index + 1}"])
        for index, operator in enumerate(tail)
    ]
    return onnx_bytes(
        nodes,
        {"rows": (TensorProto.FLOAT, [batch, len(weights)])},
        [helper.make_tensor_value_info(f"step{len(tail)}", output, None)],
        {"weights": weights.astype(np.float32)},
    )


def boosted(
    rows: np.ndarray, truth: np.ndarray, objective: str, rounds: int = 8, **more: object
) -> xgboost.Booster:
    """Boosted trees, trained on one thread."""
    parameters = {"objective": objective, "nthread": 1, "max_depth": 3, "seed": 0} | more
    return xgboost.train(parameters, xgboost.DMatrix(rows, truth), rounds)


# Data sets and models in memory


def table(rows: np.ndarray, labels: Sequence[object], *columns: Column) -> Dataset:
    """A table; numeric columns unless others are given."""
    named = columns or tuple(Column(f"x{index}") for index in range(rows.shape[1]))
    texts = np.array([str(label) for label in labels])
    return Dataset(ANY_SUBJECT, rows.astype(np.float32), texts, named)


@dataclass
class Answering:
    """A black-box model that answers what a function says."""

    answer: Callable[[np.ndarray], np.ndarray]
    classes: tuple[str, ...] = ("0", "1")
    kind: str = "sample"
    spec: InputSpec = field(default_factory=InputSpec)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of rows."""
        return self.answer(rows)


def two_classes(positive: np.ndarray) -> np.ndarray:
    """Probabilities of two classes from that of the second."""
    return np.stack([1 - positive, positive], axis=1)


def linear(weights: Sequence[float]) -> TorchModel:
    """A torch model of two classes whose logits are ``(0, rows @ weights)``."""
    module = torch.nn.Linear(len(weights), 2, bias=False)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[0.0] * len(weights), list(weights)]))
    return TorchModel(module)


def uniform_recipe() -> Recipe:
    """A reference that has learned nothing: half and half for every row."""
    return Recipe("uniform", lambda _data, _seed: lambda rows: np.full((len(rows), 2), 0.5))


def context(
    model: object, train: Dataset | None, test: Dataset | None, **more: object
) -> Context:
    """A context with a reference that has learned nothing."""
    fields: dict[str, Any] = {"recipe": uniform_recipe()} | more
    return Context(model=model, train=train, test=test, **fields)


def attack(
    run: Callable[[Context], Iterator[Outcome]],
    *,
    name: str = "sample-attack",
    predicate: str = "evasion",
    unfit: str | None = None,
) -> Attack:
    """An assessment as a third party would add it; its one fact is how much it measured."""

    def facts(measurements: tuple[Measurement, ...]) -> Facts:
        return {"measured": len(measurements)} if measurements else {}

    return Attack(
        "TST001",
        name,
        "model.evasion",
        predicate,
        lambda _: unfit,
        run,
        facts,
        lambda _: iter(()),
    )


def measured(name: str = "robust_accuracy", value: float = 0.5) -> Measurement:
    """A measurement without an attacker."""
    return Measurement(name, value, value, value, "fraction", 10)
