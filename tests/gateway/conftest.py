"""A keep in which the sample model is cleared for serving; copied for every test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import check_samples as samples
from gateway_samples import Cleared


@pytest.fixture
def cleared(
    checked: samples.Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Cleared:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(checked.keep, tmp_path / "keep")
    model = tmp_path / "model.onnx"
    shutil.copy(checked.sample.model, model)
    return Cleared(model, tmp_path / "keep")
