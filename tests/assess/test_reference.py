"""Reference models: the built-in recipe learns, the user's is called and its failures named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import model_samples as samples
from modelkeep.assess import built_in, from_user
from modelkeep.core import InputError
from modelkeep.models import Dataset

CLASSES = ("a", "b", "c")
ROWS = samples.normal(1000, 4)
TRUTH = (ROWS[:, 0] > -0.5).astype(int) + (ROWS[:, 0] > 0.5)
DATA = samples.table(1000 * ROWS + 5000, [CLASSES[place] for place in TRUTH])
Predict = Callable[[np.ndarray], np.ndarray]


def test_the_built_in_recipe_learns_rows_in_any_unit() -> None:
    recipe = built_in(lambda: CLASSES)
    scores = recipe.fit(DATA, 0)(DATA.rows)
    assert scores.shape == (1000, 3)
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-3)
    assert (scores.argmax(axis=1) == TRUTH).mean() > 0.9
    assert "MLP" in recipe.name


def test_the_built_in_recipe_is_repeated_by_its_seed() -> None:
    recipe = built_in(lambda: CLASSES)
    once, again, other = (recipe.fit(DATA, seed)(DATA.rows) for seed in (0, 0, 1))
    assert (once == again).all()
    assert (once != other).any()


def test_a_class_missing_from_the_rows_is_answered_as_almost_impossible() -> None:
    scores = built_in(lambda: CLASSES).fit(DATA.take(np.flatnonzero(TRUTH != 1)), 0)(DATA.rows)
    assert (scores[:, 1] == 1e-6).all()
    assert (scores.argmax(axis=1) == TRUTH)[TRUTH != 1].mean() > 0.9


def test_the_built_in_recipe_takes_images() -> None:
    pixels = np.clip(ROWS.reshape(-1, 1, 2, 2), 0, 1)
    images = Dataset(samples.ANY_SUBJECT, pixels, DATA.labels, (), "image")
    assert built_in(lambda: CLASSES).fit(images, 0)(pixels).shape == (1000, 3)


class WithBoth:
    """Answers probabilities under one name and classes under another, as scikit-learn does."""

    def predict_proba(self, rows: np.ndarray) -> np.ndarray:
        return np.full((len(rows), 2), 0.5)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        return np.zeros(len(rows))


class WithPredict:
    def predict(self, rows: np.ndarray) -> np.ndarray:
        return np.full((len(rows), 2), 0.5)


@pytest.mark.parametrize("model", [WithBoth(), WithPredict(), WithPredict().predict])
def test_the_users_model_is_asked_for_its_probabilities(model: object) -> None:
    asked: list[tuple[Dataset, int]] = []

    def fit(data: Dataset, seed: int) -> object:
        asked.append((data, seed))
        return model

    recipe = from_user("nets:fit", fit)
    assert recipe.fit(DATA, 3)(DATA.rows).tolist() == [[0.5, 0.5]] * 1000
    assert asked == [(DATA, 3)]
    assert recipe.name == "nets:fit"


def test_a_recipe_that_fails_is_named() -> None:
    def fit(_data: Dataset, _seed: int) -> object:
        raise RuntimeError("out of patience")

    with pytest.raises(InputError, match=r"nets:fit failed: .*out of patience"):
        from_user("nets:fit", fit).fit(DATA, 0)


def test_a_recipe_that_returns_what_cannot_predict_is_named() -> None:
    with pytest.raises(InputError, match="nets:fit returned int, which cannot predict"):
        from_user("nets:fit", lambda _data, _seed: 3).fit(DATA, 0)


def fails(_rows: np.ndarray) -> np.ndarray:
    raise RuntimeError("out of patience")


@pytest.mark.parametrize(
    ("predict", "message"),
    [
        (fails, "out of patience"),
        (lambda rows: np.zeros(len(rows)), r"answers shape \(1000,\)"),
        (lambda rows: np.zeros((len(rows) - 1, 2)), r"answers shape \(999, 2\)"),
        (lambda rows: [["text"]] * len(rows), "nets:fit"),
        (lambda rows: np.full((len(rows), 2), np.nan), "nets:fit"),
    ],
    ids=["raises", "labels", "short", "texts", "nan"],
)
def test_a_reference_that_answers_no_probabilities_is_named(
    predict: Predict, message: str
) -> None:
    answer = from_user("nets:fit", lambda _data, _seed: predict).fit(DATA, 0)
    with pytest.raises(InputError, match=message):
        answer(DATA.rows)
