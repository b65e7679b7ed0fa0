"""Boosted trees from JSON and UBJSON: probabilities, whatever the objective answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xgboost

import model_samples as samples
from modelkeep.core import EvidenceError, InputError
from modelkeep.models import Model, Request
from modelkeep.models.xgboost_trees import load

ROWS = samples.normal(120, 4)
TWO = (ROWS[:, 0] > 0).astype(int)
THREE = TWO + (ROWS[:, 1] > 0)


def saved(folder: Path, booster: xgboost.Booster, kind: str = "json") -> Request:
    path = folder / "model"
    path.write_bytes(bytes(booster.save_raw({"ubjson": "ubj"}.get(kind, kind))))
    return samples.scanned(path, model=kind)


def opened(folder: Path, booster: xgboost.Booster, kind: str = "json") -> Model:
    return load(saved(folder, booster, kind)).model


def raw(booster: xgboost.Booster, **options: bool) -> np.ndarray:
    return np.asarray(booster.predict(xgboost.DMatrix(ROWS), **options))


@pytest.mark.parametrize("kind", ["json", "ubjson"])
def test_a_binary_model_answers_two_columns(tmp_path: Path, kind: str) -> None:
    booster = samples.boosted(ROWS, TWO, "binary:logistic")
    model = opened(tmp_path, booster, kind)
    assert model.predict(ROWS) == pytest.approx(samples.two_classes(raw(booster)), abs=1e-6)
    assert model.classes == ("0", "1")
    assert model.spec.shape == (4,)


def test_no_rows_have_no_answers(tmp_path: Path) -> None:
    model = opened(tmp_path, samples.boosted(ROWS, TWO, "binary:logistic"))
    assert model.predict(ROWS[:0]).shape == (0, 2)


@pytest.mark.parametrize("kind", ["json", "ubjson"])
def test_a_model_of_several_classes_answers_its_probabilities(
    tmp_path: Path, kind: str
) -> None:
    booster = samples.boosted(ROWS, THREE, "multi:softprob", num_class=3)
    model = opened(tmp_path, booster, kind)
    assert model.predict(ROWS) == pytest.approx(raw(booster), abs=1e-6)
    assert model.classes == ("0", "1", "2")


def test_a_model_that_answers_class_numbers_is_asked_for_its_margins(tmp_path: Path) -> None:
    booster = samples.boosted(ROWS, THREE, "multi:softmax", num_class=3)
    scores = opened(tmp_path, booster).predict(ROWS)
    margins = raw(booster, output_margin=True)
    assert scores == pytest.approx(samples.softmax(margins), abs=1e-6)
    assert (scores.argmax(axis=1) == raw(booster)).all()


@pytest.mark.parametrize("objective", ["binary:logitraw", "binary:hinge"])
def test_a_binary_model_without_probabilities_is_asked_for_its_margins(
    tmp_path: Path, objective: str
) -> None:
    booster = samples.boosted(ROWS, TWO, objective)
    positive = 1 / (1 + np.exp(-raw(booster, output_margin=True)))
    scores = opened(tmp_path, booster).predict(ROWS)
    assert scores == pytest.approx(samples.two_classes(positive), abs=1e-6)


def test_a_regression_is_refused_by_its_objective(tmp_path: Path) -> None:
    booster = samples.boosted(ROWS, TWO, "reg:squarederror")
    with pytest.raises(InputError, match=r"reg:squarederror: only classifiers"):
        opened(tmp_path, booster)


@pytest.mark.parametrize("width", [1, 3, 5])
def test_rows_of_another_width_are_refused(tmp_path: Path, width: int) -> None:
    model = opened(tmp_path, samples.boosted(ROWS, TWO, "binary:logistic"))
    with pytest.raises(InputError):
        model.predict(samples.normal(2, width))


def test_rows_of_texts_are_refused(tmp_path: Path) -> None:
    model = opened(tmp_path, samples.boosted(ROWS, TWO, "binary:logistic"))
    with pytest.raises(InputError, match="XGBoost refuses the rows"):
        model.predict(np.array([["Bonn"] * 4], dtype=object))


@pytest.mark.parametrize("data", [b'{"weights": [1, 2]}', b"[]", b"{", b"\xff\xfe"])
def test_json_that_is_no_model_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"model\.json: XGBoost cannot load it"):
        load(samples.scanned(path, model__json="json"))


def test_bytes_that_changed_after_the_scan_are_not_loaded(tmp_path: Path) -> None:
    request = saved(tmp_path, samples.boosted(ROWS, TWO, "binary:logistic"))
    saved(tmp_path, samples.boosted(ROWS, 1 - TWO, "binary:logistic"))
    with pytest.raises(EvidenceError, match="changed while it was being checked"):
        load(request)
