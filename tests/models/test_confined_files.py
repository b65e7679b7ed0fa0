"""What people bring is loaded by its format: pickles, joblib, skops, torch, boosted trees."""

from __future__ import annotations

import pickle
from pathlib import Path

import catboost
import joblib
import lightgbm
import numpy as np
import pytest
import skops.io
import torch
from sklearn.linear_model import LogisticRegression

from model_samples import code_folder, scanned
from modelkeep.core import EvidenceError, InputError
from modelkeep.formats import formats
from modelkeep.models import Code, load_model
from modelkeep.sources import open_artifact

ROWS = np.random.default_rng(0).normal(size=(60, 4))
LABELS = (ROWS[:, 0] > 0).astype(int)
MODEL = LogisticRegression().fit(ROWS, LABELS)


@pytest.mark.parametrize(("name", "kind", "compress"), [
    ("m.pkl", "pickle", None), ("m.joblib", "pickle", 0), ("m.joblib", "gzip", ("gzip", 3)),
])  # fmt: skip
def test_estimators_are_loaded(
    tmp_path: Path, name: str, kind: str, compress: tuple[str, int] | int | None
) -> None:
    path = tmp_path / name
    if compress is None:
        path.write_bytes(pickle.dumps(MODEL))
    else:
        joblib.dump(MODEL, path, compress=compress)
    if kind != "pickle" and kind not in formats():
        pytest.skip(f"no reader for {kind}")
    loaded = load_model(scanned(path, **{name.replace(".", "__"): kind}))
    assert np.allclose(loaded.model.predict(ROWS), MODEL.predict_proba(ROWS))
    assert "child process" in loaded.notes[0]


def test_skops_files_are_loaded(tmp_path: Path) -> None:
    path = tmp_path / "m.skops"
    skops.io.dump(MODEL, path)
    loaded = load_model(scanned(path, m__skops="zip"))
    assert np.allclose(loaded.model.predict(ROWS), MODEL.predict_proba(ROWS))


def test_boosted_trees_are_loaded(tmp_path: Path) -> None:
    booster = lightgbm.train(
        {"objective": "multiclass", "num_class": 2, "verbose": -1, "num_threads": 1},
        lightgbm.Dataset(ROWS, LABELS),
        3,
    )
    booster.save_model(tmp_path / "m.txt")
    loaded = load_model(scanned(tmp_path / "m.txt", m__txt="lightgbm"))
    assert np.allclose(loaded.model.predict(ROWS), booster.predict(ROWS))
    other = catboost.CatBoostClassifier(
        iterations=3, verbose=0, thread_count=1, allow_writing_files=False
    ).fit(ROWS, LABELS)
    other.save_model(tmp_path / "m.cbm")
    loaded = load_model(scanned(tmp_path / "m.cbm", m__cbm="catboost"))
    assert np.allclose(loaded.model.predict(ROWS), other.predict_proba(ROWS))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_torch_checkpoint_fills_the_users_architecture(tmp_path: Path, zipped: bool) -> None:
    text = "import torch\ndef build():\n    return torch.nn.Linear(4, 2)\n"
    folder, module = code_folder(tmp_path / "code", text)
    weights = torch.nn.Linear(4, 2)
    path = tmp_path / "m.pt"
    torch.save(weights.state_dict(), path, _use_new_zipfile_serialization=zipped)
    kind = "zip" if zipped else "pickle"
    code = Code(folder, factory=f"{module}:build")
    loaded = load_model(scanned(path, code=code, m__pt=kind))
    expected = torch.softmax(weights(torch.from_numpy(ROWS).float()), 1).detach().numpy()
    assert np.allclose(loaded.model.predict(ROWS.astype("float32")), expected, atol=1e-6)


def test_a_torch_checkpoint_needs_an_architecture(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    torch.save(torch.nn.Linear(4, 2).state_dict(), path)
    with pytest.raises(InputError, match="no architecture"):
        load_model(scanned(path, m__pt="zip"))


def test_bytes_that_changed_since_the_scan_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(MODEL))
    request = scanned(path, m__pkl="pickle")
    path.write_bytes(pickle.dumps([MODEL]))
    with pytest.raises(EvidenceError, match="changed"):
        load_model(request)
    assert open_artifact(path)
