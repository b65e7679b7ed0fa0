"""The trees of a LightGBM text answer as LightGBM does."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

import model_samples as samples
from modelkeep.core import InputError
from modelkeep.models.confined import ConfinedModel
from modelkeep.models.trees.lightgbm_text import read

ROWS = samples.normal(300, 5)
TWO = (ROWS[:, 0] > 0.3).astype(int)
THREE = TWO + (ROWS[:, 1] > 0)


def trained(labels: np.ndarray, rows: np.ndarray = ROWS, **more: object) -> lightgbm.Booster:
    given = {"objective": "binary", "num_threads": 1, "verbose": -1, "num_leaves": 7} | more
    categorical = given.pop("categorical", "auto")
    data = lightgbm.Dataset(rows, labels, categorical_feature=categorical)
    return lightgbm.train(given, data, 8)


@pytest.mark.parametrize(
    "more",
    [{}, {"sigmoid": 2.0}, {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}],
    ids=["plain", "sigmoid", "forest"],
)
def test_a_binary_model(more: dict[str, object]) -> None:
    booster = trained(TWO, **more)
    rows = samples.normal(500, 5, seed=1)
    positive = booster.predict(rows)
    scores = read(booster.model_to_string()).scores(rows)[:, 1]
    assert 1 / (1 + np.exp(-scores)) == pytest.approx(positive, abs=1e-6)


def test_a_model_of_several_classes() -> None:
    booster = trained(THREE, objective="multiclass", num_class=3)
    found = read(booster.model_to_string()).scores(ROWS)
    assert samples.softmax(found) == pytest.approx(booster.predict(ROWS), abs=1e-6)


def test_a_tree_of_one_leaf() -> None:
    booster = trained(TWO, min_data_in_leaf=10_000)
    found = read(booster.model_to_string()).scores(ROWS)[:, 1]
    assert 1 / (1 + np.exp(-found)) == pytest.approx(booster.predict(ROWS), abs=1e-6)


def test_the_confined_model_shows_them() -> None:
    booster = trained(TWO)
    model = ConfinedModel("lightgbm", booster.model_to_string().encode())
    assert (model.trees().scores(ROWS).argmax(1) == model.predict(ROWS).argmax(1)).all()


def test_what_is_no_sum_of_plain_trees_is_refused() -> None:
    rows = np.abs(ROWS * 3).round()
    with pytest.raises(InputError, match="categories"):
        read(trained((rows[:, 0] == 2) * 1, rows, categorical=[0]).model_to_string())
    with pytest.raises(InputError, match="zeros"):
        read(trained(TWO, rows, zero_as_missing=True).model_to_string())
    text = trained(TWO).model_to_string()
    with pytest.raises(InputError, match="leaf_value"):
        read(text.replace("leaf_value=", "leaf_value=x"))
