"""From scanned bytes to a live model: the right reader, or a refusal that helps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import model_samples as samples
from modelkeep.core import InputError
from modelkeep.models import Code, Differentiable, code_subject, load_model

ROWS = samples.normal(6, 2)
WEIGHTS = np.array([[0.0, 1.0], [0.0, -1.0]], np.float32)
CODE = """\
import torch


def build():
    return torch.nn.Linear(2, 2, bias=False)


def halve(rows):
    return rows / 2
"""


def onnx_file(folder: Path, name: str = "model.onnx") -> Path:
    path = folder / name
    path.write_bytes(samples.linear_onnx(WEIGHTS, "Softmax"))
    return path


def test_every_format_finds_its_reader(tmp_path: Path) -> None:
    truth = (ROWS[:, 0] > 0).astype(int)
    booster = samples.boosted(ROWS, truth, "binary:logistic")
    (tmp_path / "trees.ubj").write_bytes(bytes(booster.save_raw("ubj")))
    save_file({"weight": WEIGHTS.T.copy()}, tmp_path / "w.safetensors")
    folder, name = samples.code_folder(tmp_path / "code", CODE)
    onnx_file(tmp_path)
    requests = [
        samples.scanned(tmp_path / "model.onnx", model__onnx="onnx"),
        samples.scanned(tmp_path / "trees.ubj", trees__ubj="ubjson"),
        samples.scanned(
            tmp_path / "w.safetensors",
            code=Code(folder, f"{name}:build"),
            w__safetensors="safetensors",
        ),
    ]
    models = [load_model(request).model for request in requests]
    assert [model.kind for model in models] == ["onnxruntime", "xgboost", "torch"]
    assert models[0].predict(ROWS) == pytest.approx(models[2].predict(ROWS), abs=1e-6)


@pytest.mark.parametrize("kinds", [("png", "text"), ("unknown", "text"), ("onnx", "onnx")])
def test_no_or_two_files_that_can_be_loaded_are_refused_with_what_can_be(
    tmp_path: Path, kinds: tuple[str, str]
) -> None:
    onnx_file(tmp_path, "a")
    onnx_file(tmp_path, "b")
    with pytest.raises(
        InputError, match=f"no single model file .*found: .*{kinds[0]}"
    ) as caught:
        load_model(samples.scanned(tmp_path, **dict(zip("ab", kinds, strict=True))))
    assert "--factory" in caught.value.hint


def test_a_preprocessing_step_wraps_the_model_and_is_recorded(tmp_path: Path) -> None:
    folder, name = samples.code_folder(tmp_path / "code", CODE)
    code = Code(folder, preprocess=f"{name}:halve")
    loaded = load_model(samples.scanned(onnx_file(tmp_path), code=code, model__onnx="onnx"))
    expected = samples.softmax(ROWS @ WEIGHTS / 2)
    assert loaded.model.predict(ROWS) == pytest.approx(expected, abs=1e-6)
    assert loaded.code == (code_subject(folder),)
    assert any(f"{name}:halve" in note for note in loaded.notes)


def test_a_torch_model_behind_a_step_gives_no_gradient(tmp_path: Path) -> None:
    save_file({"weight": WEIGHTS.T.copy()}, tmp_path / "w.safetensors")
    folder, name = samples.code_folder(tmp_path / "code", CODE)
    code = Code(folder, f"{name}:build", preprocess=f"{name}:halve")
    request = samples.scanned(
        tmp_path / "w.safetensors", code=code, w__safetensors="safetensors"
    )
    loaded = load_model(request)
    assert not isinstance(loaded.model, Differentiable)
    assert loaded.code == (code_subject(folder),), "the folder is one subject, not two"
