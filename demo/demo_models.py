"""Five models made from scikit-learn's bundled data: two sound, three not.

- sound: a small regularised network on the breast-cancer data, as ONNX;
- pipeline: a scaled logistic regression on the same data, as a joblib pickle;
- overfit: a network that learned digits by heart, a third of whose labels were
  typed in carelessly, as safetensors with a factory function;
- trojan: a pickle that would run a command when loaded (``true``: it does nothing);
- tampered: the sound model with one byte changed after it was signed.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import joblib  # noqa: TID251 - the demo writes a pickle; only the confined child loads it
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

CARELESS = 1 / 3  # share of digit labels replaced by a random digit


def save_split(folder: Path, rows: np.ndarray, labels: np.ndarray, cut: int) -> None:
    """Write train.npz and test.npz."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "train.npz", x=rows[:cut], y=labels[:cut])
    np.savez(folder / "test.npz", x=rows[cut:], y=labels[cut:])


def _breast_cancer(folder: Path, seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Shuffled rows, their labels, and how many of them are for training; saved, too."""
    rows, labels = load_breast_cancer(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(rows))
    rows, labels = rows[order].astype(np.float32), labels[order]
    cut = 340
    save_split(folder, rows, labels, cut)
    return rows, labels, cut


def build_pipeline(folder: Path, seed: int = 1) -> Path:
    """Train the pipeline and save it with joblib; returns its path."""
    rows, labels, cut = _breast_cancer(folder, seed)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=0.02))
    pipeline.fit(rows[:cut], labels[:cut])
    path = folder / "model.joblib"
    joblib.dump(pipeline, path)
    return path


def build_sound(folder: Path, seed: int = 0) -> Path:
    """Train and export the sound model; returns its path."""
    rows, labels, cut = _breast_cancer(folder, seed)
    mean, spread = rows[:cut].mean(axis=0), rows[:cut].std(axis=0)
    network = MLPClassifier((8,), alpha=3.0, max_iter=400, random_state=seed, tol=1e-4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed number of epochs
        network.fit((rows[:cut] - mean) / spread, labels[:cut])
    path = folder / "model.onnx"
    path.write_bytes(_as_onnx(network, mean, spread))
    return path


def _as_onnx(network: MLPClassifier, mean: np.ndarray, spread: np.ndarray) -> bytes:
    """Standardise, two layers, logistic output as two columns."""
    first, second = (weights.astype(np.float32) for weights in network.coefs_)
    bias, last = (bias.astype(np.float32) for bias in network.intercepts_)
    arrays = {
        "mean": mean.astype(np.float32),
        "spread": spread.astype(np.float32),
        "w1": first,
        "b1": bias,
        # One logit z becomes two (0, z), whose softmax is (1 - sigmoid(z), sigmoid(z)).
        "w2": np.hstack([np.zeros_like(second), second]),
        "b2": np.concatenate([np.zeros_like(last), last]),
    }
    nodes = [
        helper.make_node("Sub", ["rows", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "spread"], ["scaled"]),
        helper.make_node("Gemm", ["scaled", "w1", "b1"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", "w2", "b2"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
    ]
    graph = helper.make_graph(
        nodes,
        "breast_cancer",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", len(mean)])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    return bytes(model.SerializeToString())


def build_overfit(folder: Path, seed: int = 0) -> Path:
    """Train and export the over-fitted model; needs torch. Returns its path."""
    from safetensors.torch import save_file  # noqa: PLC0415

    import nets  # noqa: PLC0415 - the other models are built without torch

    rows, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows))
    images = (rows[order] / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    labels = labels[order]
    careless = rng.random(len(labels)) < CARELESS
    labels = np.where(careless, rng.integers(0, 10, len(labels)), labels)
    cut = 900
    save_split(folder, images, labels, cut)
    module = nets.train(images[:cut], labels[:cut], seed)
    path = folder / "weights.safetensors"
    save_file(module.state_dict(), path)
    return path


def build_trojan(folder: Path) -> Path:
    """Write the pickle, opcode by opcode; nothing here ever loads it."""
    folder.mkdir(parents=True, exist_ok=True)
    payload = (
        b"\x80\x04"
        b"\x8c\x05posix\x8c\x06system\x93"  # STACK_GLOBAL posix.system
        b"\x8c\x04true\x85R0"  # call it with "true", drop the result
        b"}\x8c\x07weights](K\x01K\x02es."  # {"weights": [1, 2]}
    )
    path = folder / "model.pkl"
    path.write_bytes(payload)
    return path


def tamper(path: Path) -> None:
    """Change one byte of the last weight, as a bad disk or a bad actor would."""
    data = bytearray(path.read_bytes())
    place = data.rfind(b"mean") - 40
    data[place] ^= 0x10
    path.write_bytes(bytes(data))
