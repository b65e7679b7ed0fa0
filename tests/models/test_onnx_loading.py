from __future__ import annotations

from pathlib import Path

import pytest
from onnx import load_model_from_string

import model_samples as samples
from modelkeep.core import InputError
from modelkeep.models import OnnxModel, from_bytes
from modelkeep.models.onnx_loading import load
from modelkeep.models.wrappers import Rejection, wrap
from wrapper_samples import ROWS, WEIGHTS, base


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(InputError, match="ONNX Runtime cannot load it"):
        from_bytes(b"nothing")


def test_a_wrapper_that_is_not_believed_is_said(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    for change, notes in ((False, 0), (True, 1)):
        model = load_model_from_string(wrap([base()], Rejection(0.7)))
        if change:
            model.metadata_props[0].value = model.metadata_props[0].value.replace("0.7", "0.9")
        file.write_bytes(model.SerializeToString())
        loaded = load(samples.scanned(file, model__onnx="onnx"))
        assert len(loaded.notes) == notes
        assert all("not believed" in note for note in loaded.notes)
        assert isinstance(loaded.model, OnnxModel)
        assert (loaded.model.wrapped is None) == change
        assert loaded.model.predict(ROWS) == pytest.approx(
            samples.softmax(ROWS @ WEIGHTS), abs=1e-5
        )
