"""What is proven holds everywhere in the box; what is broken is broken there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

import model_samples as samples
from modelkeep.assess.tree_bounds import Fate, leaves_of, settle
from modelkeep.core import InputError
from modelkeep.models import TreeEnsemble
from modelkeep.models.trees import LEAF
from modelkeep.models.trees.ensemble import joined, two_sided
from modelkeep.models.trees.sklearn_arrays import arrays_of, read

ROWS = samples.normal(300, 3)
TWO = (ROWS[:, 0] + ROWS[:, 1] ** 2 > 0.5).astype(int)
THREE = TWO + (ROWS[:, 2] > 0.5)


def ensemble(estimator: object, labels: np.ndarray) -> TreeEnsemble:
    return read(arrays_of(estimator.fit(ROWS, labels)), 3)


MODELS = [
    ensemble(GradientBoostingClassifier(n_estimators=12, random_state=0), TWO),
    ensemble(GradientBoostingClassifier(n_estimators=5, max_depth=2, random_state=0), THREE),
    ensemble(RandomForestClassifier(9, max_depth=4, random_state=0), TWO),
]


def everywhere(trees: TreeEnsemble, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """One row of every cell that the thresholds cut the box into."""
    sides = []
    for column in range(3):
        cuts = trees.threshold[trees.feature == column]
        inside = np.unique(cuts[(cuts >= low[column]) & (cuts < high[column])])
        sides.append(np.concatenate([inside, high[column : column + 1]]))
    return np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 3).astype(np.float32)


@pytest.mark.parametrize("trees", MODELS, ids=["boosted", "three classes", "forest"])
@settings(max_examples=25, deadline=None)
@given(place=st.integers(0, 299), radius=st.floats(0.01, 0.4))
def test_it_agrees_with_looking_at_every_cell_of_the_box(
    trees: TreeEnsemble, place: int, radius: float
) -> None:
    row = ROWS[place]
    low, high = row - np.float32(radius), row + np.float32(radius)
    truth = int(trees.scores(row[None]).argmax())
    scores = trees.scores(everywhere(trees, low, high))
    margin = (np.delete(scores, truth, axis=1).max(axis=1) - scores[:, truth]).max()
    fate, point = settle(leaves_of(trees), row, (low, high), truth, 1_000_000)
    if abs(margin) > 1e-3:
        assert fate is (Fate.BROKEN if margin > 0 else Fate.PROVEN)
    if fate is Fate.BROKEN:
        assert ((point >= low) & (point <= high)).all()
        assert trees.scores(point[None]).argmax() != truth


def test_without_a_budget_nothing_is_claimed_that_is_not_so() -> None:
    trees = MODELS[0]
    leaves, fates = leaves_of(trees), []
    for row in ROWS[:60]:
        box = (row - np.float32(0.3), row + np.float32(0.3))
        truth = int(trees.scores(row[None]).argmax())
        small, _ = settle(leaves, row, box, truth, 0)
        exact, _ = settle(leaves, row, box, truth, 1_000_000)
        assert small in (exact, Fate.UNSETTLED)
        fates.append(exact)
    assert {Fate.PROVEN, Fate.BROKEN} <= set(fates)


def test_leaves_part_the_space() -> None:
    leaves = leaves_of(MODELS[2])
    for row in ROWS[:50]:
        reached = ((leaves.low <= row) & (row <= leaves.high)).all(axis=1)
        assert (np.bincount(leaves.tree[reached]) == 1).all()


def test_a_row_that_cannot_move_is_proven() -> None:
    trees, row = MODELS[0], ROWS[0]
    truth = int(trees.scores(row[None]).argmax())
    assert settle(leaves_of(trees), row, (row, row), truth, 10)[0] is Fate.PROVEN


def test_a_node_with_two_parents_is_refused() -> None:
    twice = joined(
        [
            {
                "feature": np.array([0, 0, 0, LEAF, LEAF]),
                "threshold": np.zeros(5),
                "left": np.array([1, 3, 3, 0, 0]),
                "right": np.array([2, 4, 4, 0, 0]),
                "value": two_sided(np.zeros(5)),
            }
        ],
        np.zeros(2),
        1,
    )
    with pytest.raises(InputError, match="two parents"):
        leaves_of(twice)


def test_columns_of_whole_numbers_have_no_points_between_them() -> None:
    trees = joined(
        [
            {
                "feature": np.array([0, LEAF, 0, LEAF, LEAF]),
                "threshold": np.array([3.2, 0, 3.8, 0, 0]),
                "left": np.array([1, 0, 3, 0, 0]),
                "right": np.array([2, 0, 4, 0, 0]),
                "value": two_sided(np.array([0.0, -1.0, 0.0, 5.0, -1.0])),
            }
        ],
        np.zeros(2),
        1,
    )
    row, box = np.array([3], np.float32), (np.array([2], np.float32), np.array([5], np.float32))
    assert settle(leaves_of(trees), row, box, 0, 100)[0] is Fate.BROKEN
    whole = leaves_of(trees, np.array([True]))
    assert settle(whole, row, box, 0, 100)[0] is Fate.PROVEN
