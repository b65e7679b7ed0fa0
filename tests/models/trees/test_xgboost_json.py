"""The trees of an XGBoost document answer as XGBoost does."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import xgboost

import model_samples as samples
from modelkeep.core import InputError
from modelkeep.models.trees.xgboost_json import read

ROWS = samples.normal(200, 5)
TWO = (ROWS[:, 0] > 0.3).astype(int)
THREE = TWO + (ROWS[:, 1] > 0)


def document(booster: xgboost.Booster) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bytes(booster.save_raw("json")))
    return found


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"base_score": 0.2},
        {"booster": "dart", "rate_drop": 0.5},
        {"num_parallel_tree": 3, "subsample": 0.5},
    ],
    ids=["plain", "base", "dart", "forest"],
)
def test_a_binary_model(more: dict[str, object]) -> None:
    booster = samples.boosted(ROWS, TWO, "binary:logistic", **more)
    rows = samples.normal(500, 5, seed=1)
    expected = booster.predict(xgboost.DMatrix(rows), output_margin=True)
    assert read(document(booster)).scores(rows)[:, 1] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("objective", ["multi:softprob", "multi:softmax"])
def test_a_model_of_several_classes(objective: str) -> None:
    booster = samples.boosted(ROWS, THREE, objective, num_class=3)
    expected = booster.predict(xgboost.DMatrix(ROWS), output_margin=True)
    assert read(document(booster)).scores(ROWS) == pytest.approx(expected, abs=1e-4)


def test_a_value_at_a_threshold_goes_right() -> None:
    booster = samples.boosted(np.round(ROWS), TWO, "binary:logistic")
    found = read(document(booster))
    rows = np.repeat(found.threshold[found.feature >= 0][:20, None], 5, axis=1)
    rows = np.concatenate([rows, np.nextafter(rows, np.float32(np.inf))])
    expected = booster.predict(xgboost.DMatrix(rows), output_margin=True)
    assert found.scores(rows)[:, 1] == pytest.approx(expected, abs=1e-4)


def test_what_is_no_sum_of_plain_trees_is_refused() -> None:
    linear = document(samples.boosted(ROWS, TWO, "binary:logistic"))
    linear["learner"]["gradient_booster"]["name"] = "gblinear"
    with pytest.raises(InputError, match="gblinear"):
        read(linear)
    data = xgboost.DMatrix(
        (np.abs(ROWS) * 3).round(), TWO, feature_types=["c"] * 5, enable_categorical=True
    )
    categorical = xgboost.train(
        {"objective": "binary:logistic", "tree_method": "hist", "nthread": 1}, data, 4
    )
    with pytest.raises(InputError, match="categories"):
        read(document(categorical))
