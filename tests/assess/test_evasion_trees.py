"""The bracket of trees: attacked from above, proven from below, honest where it cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

import model_samples as samples
from modelkeep.assess import Context, evasion_search
from modelkeep.assess.evasion_trees import ATTACK
from modelkeep.assess.threat import Threat
from modelkeep.core import Measurement
from modelkeep.models import Model
from modelkeep.models.xgboost_trees import load

ROWS, TRUTH = load_breast_cancer(return_X_y=True)
ROWS = ((ROWS - ROWS.min(0)) / np.ptp(ROWS, axis=0)).astype(np.float32)
TRAIN = samples.table(ROWS[:400], TRUTH[:400])
TEST = samples.table(ROWS[400:460], TRUTH[400:460])


@pytest.fixture(scope="module")
def boosted(tmp_path_factory: pytest.TempPathFactory) -> Model:
    path: Path = tmp_path_factory.mktemp("trees") / "model.json"
    booster = samples.boosted(ROWS[:400], TRUTH[:400], "binary:logistic", rounds=50)
    path.write_bytes(bytes(booster.save_raw("json")))
    return load(samples.scanned(path, model__json="json")).model


def context(model: object, **more: object) -> Context:
    return samples.context(model, TRAIN, TEST, **({"epsilon_linf": 0.1} | more))


def test_the_gap_of_boosted_trees_closes_and_the_search_lies_above_it(boosted: Model) -> None:
    assert ATTACK.applies(context(boosted)) is None
    clean, robust, certified = ATTACK.run(context(boosted))
    _, searched = evasion_search.ATTACK.run(context(boosted))
    assert isinstance(robust, Measurement)
    assert isinstance(certified, Measurement)
    assert robust.value - certified.value <= 0.02
    assert certified.value <= robust.value <= searched.value < clean.value
    assert (robust.attacker.knowledge, certified.attacker) == ("white box", None)
    assert "gap to the attack: 0.0 points" in certified.note


def test_what_has_no_trees_in_these_columns_says_so(boosted: Model) -> None:
    labels = samples.Answering(lambda rows: np.eye(2)[np.zeros(len(rows), int)])
    assert "does not show trees" in (ATTACK.applies(context(labels)) or "")
    wide = context(boosted, given_threat=Threat("l2", 0.5))
    assert "L-infinity" in (ATTACK.applies(wide) or "")
    assert "--test" in (ATTACK.applies(samples.context(boosted, TRAIN, None)) or "")


def test_trees_that_answer_otherwise_than_the_model_are_not_believed(boosted: Model) -> None:
    class Lying(samples.Answering):
        def trees(self) -> object:
            return boosted.trees()

    lying = Lying(lambda rows: boosted.predict(rows)[:, ::-1])
    assert "answer otherwise" in (ATTACK.applies(context(lying)) or "")
