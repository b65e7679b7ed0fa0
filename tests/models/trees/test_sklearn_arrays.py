"""Trees of scikit-learn cross the pipe and answer as scikit-learn does."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import model_samples as samples
from modelkeep.core import InputError
from modelkeep.models.confined import ConfinedModel
from modelkeep.models.trees.sklearn_arrays import arrays_of, read

ROWS = samples.normal(200, 4)
TWO = (ROWS[:, 0] > 0.3).astype(int)
THREE = TWO + (ROWS[:, 1] > 0)
NEW = samples.normal(400, 4, seed=1)
ESTIMATORS = [
    DecisionTreeClassifier(random_state=0, max_depth=4),
    RandomForestClassifier(7, random_state=0),
    ExtraTreesClassifier(7, random_state=0),
    GradientBoostingClassifier(n_estimators=7, random_state=0),
    GradientBoostingClassifier(n_estimators=7, random_state=0, init="zero"),
    HistGradientBoostingClassifier(max_iter=7, random_state=0),
]


@pytest.mark.parametrize("labels", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_they_answer_like_the_estimator(estimator: object, labels: np.ndarray) -> None:
    fitted = estimator.fit(ROWS, labels)
    scores = read(arrays_of(fitted), 4).scores(NEW)
    expected = fitted.predict_proba(NEW)
    clear = np.sort(expected, axis=1)
    clear = clear[:, -1] - clear[:, -2] > 1e-9
    assert (scores.argmax(axis=1) == expected.argmax(axis=1))[clear].all()
    if "Boosting" in type(fitted).__name__:
        raw = fitted.decision_function(NEW)
        assert (scores[:, 1] if raw.ndim == 1 else scores) == pytest.approx(raw, abs=1e-6)
    else:
        assert scores == pytest.approx(expected, abs=1e-9)


def test_a_skops_model_shows_its_trees_from_the_child() -> None:
    fitted = GradientBoostingClassifier(n_estimators=5, random_state=0).fit(ROWS, TWO)
    model = ConfinedModel("skops", skops.io.dumps(fitted))
    assert (model.trees().scores(NEW).argmax(1) == fitted.predict(NEW)).all()


def test_models_without_trees_on_their_rows_say_so() -> None:
    scaled = make_pipeline(StandardScaler(), DecisionTreeClassifier()).fit(ROWS, TWO)
    started = GradientBoostingClassifier(n_estimators=2, init=LogisticRegression())
    for estimator in (scaled, started.fit(ROWS, TWO), LogisticRegression().fit(ROWS, TWO)):
        assert arrays_of(estimator) == {}
    model = ConfinedModel("scikit-learn", pickle.dumps(scaled))
    with pytest.raises(InputError, match="does not show trees"):
        model.trees()
