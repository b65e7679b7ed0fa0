"""``check`` on what people bring: pickles, joblib, skops, checkpoints and boosted trees."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import joblib
import lightgbm
import numpy as np
import pytest
import skops.io
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import Verdict


def fitted(desk: samples.Sample) -> object:
    rows = np.load(desk.data)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(rows["x"], rows["y"])


def boosted(desk: samples.Sample, path: Path) -> None:
    rows = np.load(desk.data)
    options = {"objective": "binary", "verbose": -1, "num_threads": 1, "num_leaves": 4}
    lightgbm.train(options, lightgbm.Dataset(rows["x"], rows["y"]), 5).save_model(path)


WRITERS: dict[str, Callable[[samples.Sample, Path], object]] = {
    "m.pkl": lambda desk, path: path.write_bytes(pickle.dumps(fitted(desk))),
    "m.joblib": lambda desk, path: joblib.dump(fitted(desk), path),
    "m.joblib.gz": lambda desk, path: joblib.dump(fitted(desk), path, compress=("gzip", 3)),
    "m.skops": lambda desk, path: skops.io.dump(fitted(desk), path),
    "m.txt": boosted,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_model_that_only_unpickling_or_a_native_parser_opens_is_assessed(
    desk: samples.Sample, name: str
) -> None:
    path = desk.folder / name
    WRITERS[name](desk, path)
    report = pipeline.check(path, **desk.rows)
    assert report.verdict is Verdict.PASS, report.not_checked
    names = {measured.name for measured in report.measurements}
    assert {"test_accuracy", "robust_accuracy"} <= names
    assert any(name.startswith("membership") for name in names)
    assert any("child process held by resource limits" in note for note in report.notes)


def test_a_checkpoint_is_assessed_in_the_users_architecture(desk: samples.Sample) -> None:
    samples.write_weights(desk.folder)
    path = desk.folder / "m.pt"
    weights = torch.nn.Linear(4, 2)
    with torch.no_grad():
        weights.weight.copy_(torch.tensor([[-2.0] * 4, [2.0] * 4]))
        weights.bias.zero_()
    torch.save({"state_dict": weights.state_dict(), "epoch": 3}, path)
    report = pipeline.check(
        path, **desk.rows, code=desk.folder / "code", factory="sample_nets:build"
    )
    assert report.verdict is Verdict.PASS, report.not_checked
    assert any(measured.attacker is not None for measured in report.measurements)


class Planted:
    """Would make a directory if it were ever loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("write", [joblib.dump, lambda v, p: p.write_bytes(pickle.dumps(v))])
def test_a_planted_call_fails_and_reaches_nothing(
    desk: samples.Sample, write: Callable[[object, Path], object]
) -> None:
    model = fitted(desk)
    model.memory = Planted(desk.folder / "made")  # type: ignore[attr-defined]
    write(model, desk.folder / "m.joblib")
    report = pipeline.check(desk.folder / "m.joblib", **desk.rows)
    assert (report.verdict, report.measurements) == (Verdict.FAIL, ())
    assert not (desk.folder / "made").exists()


def test_a_class_of_somebody_is_named_and_the_model_not_loaded(desk: samples.Sample) -> None:
    path = desk.folder / "m.pkl"
    path.write_bytes(b"\x80\x04\x8c\x06theirs\x8c\x05Model\x93)\x81.")
    report = pipeline.check(path, **desk.rows)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert any("theirs.Model" in missed.why for missed in report.not_checked)
