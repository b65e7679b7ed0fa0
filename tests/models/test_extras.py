"""A missing library is a clear line with the command that installs it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import model_samples as samples
from modelkeep.core import MissingExtraError
from modelkeep.models import load_dataset, load_model, need


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("numpy", "assess"),
        ("onnxruntime", "assess"),
        ("pyarrow.csv", "assess"),
        ("PIL.Image", "assess"),
        ("safetensors.torch", "assess"),
        ("sklearn.neural_network", "assess"),
        ("torch", "train"),
        ("xgboost", "trees"),
    ],
)
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, module: str, extra: str
) -> None:
    top = module.split(".", maxsplit=1)[0]
    for name in [name for name in sys.modules if name.split(".")[0] == top]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, top, None)
    with pytest.raises(MissingExtraError, match=f"a sample needs {top}") as caught:
        need(module, "a sample")
    assert caught.value.hint == f"pip install 'modelkeep[{extra}]'"


def test_a_library_that_is_there_is_handed_back() -> None:
    assert need("json", "a sample") is sys.modules["json"]


def test_a_library_that_lacks_something_itself_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, name = samples.code_folder(tmp_path, "import not_there_at_all\n")
    monkeypatch.syspath_prepend(folder)
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all"):
        need(name, "a sample")


def test_loading_says_which_extra_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("xgboost", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "model.json").write_text("{}")
    (tmp_path / "rows.csv").write_text("a,y\n1,0\n")
    with pytest.raises(MissingExtraError, match="an XGBoost model needs xgboost"):
        load_model(samples.scanned(tmp_path / "model.json", model__json="json"))
    with pytest.raises(MissingExtraError, match="a table needs pyarrow"):
        load_dataset(tmp_path / "rows.csv")
