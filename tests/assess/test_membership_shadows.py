"""Shadow models find what was learned by heart, accuse nobody else, and train nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

import model_samples as samples
from modelkeep.assess import Recipe, built_in
from modelkeep.assess.interface import by_name
from modelkeep.assess.membership_shadows import ATTACK
from modelkeep.core import InputError, Measurement, NotChecked
from modelkeep.models import Dataset


def drawn(seed: int, n: int = 200) -> Dataset:
    rows = samples.normal(n, 6, seed=seed)
    noisy = rows[:, 0] + np.random.default_rng(seed).normal(0, 1.5, n) > 0
    return samples.table(rows, noisy.astype(int))


MEMBERS, OTHERS = drawn(1), drawn(2)


def grown(data: Dataset, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    tree = DecisionTreeClassifier(min_samples_leaf=3, random_state=seed)
    tree.fit(data.rows, data.labels.astype(int))
    return lambda rows: np.asarray(tree.predict_proba(rows))


TREES = Recipe("trees", grown)


class Notebook:
    def __init__(self) -> None:
        self.steps: dict[str, Mapping[str, np.ndarray]] = {}

    def read(self, step: str) -> Mapping[str, np.ndarray] | None:
        return self.steps.get(step)

    def write(self, step: str, arrays: Mapping[str, np.ndarray]) -> None:
        self.steps[step] = arrays


def ran(
    fitted: Dataset, recipe: Recipe = TREES, **more: object
) -> tuple[tuple[Measurement, ...], tuple[NotChecked, ...]]:
    model = samples.Answering(grown(fitted, 0))
    fields: dict[str, object] = {"budget": "standard", "recipe": recipe} | more
    found = tuple(ATTACK.run(samples.context(model, MEMBERS, OTHERS, **fields)))
    numbers = tuple(f for f in found if isinstance(f, Measurement))
    return numbers, tuple(f for f in found if isinstance(f, NotChecked))


def test_a_tree_that_learned_its_rows_by_heart_gives_them_away() -> None:
    measured, missed = ran(MEMBERS)
    found = by_name(measured, "membership_auc_fusion")
    assert found is not None
    assert found.low > 0.6
    assert ATTACK.facts(measured)["membership_auc_low_ppm"] > 600_000
    assert len(list(ATTACK.risks(measured))) == 1
    assert [m.what for m in missed] == ["membership_fusion_tpr_at_0.1pct_fpr"]
    assert "200 non-members" in missed[0].why


def test_a_tree_that_never_saw_the_rows_gives_nobody_away() -> None:
    measured, _ = ran(drawn(3))
    found = by_name(measured, "membership_auc_fusion")
    assert found is not None
    assert found.low < 0.5 < found.high
    assert list(ATTACK.risks(measured)) == []
    bound = by_name(measured, "membership_epsilon_dp_low")
    assert bound is not None
    assert bound.low < 0.3


def test_the_built_in_networks_are_stacked_and_find_it_too() -> None:
    recipe = built_in(lambda: ("0", "1"))
    assert recipe.fit_many is not None
    measured, _ = ran(MEMBERS, recipe)
    found = by_name(measured, "membership_auc_fusion")
    assert found is not None
    assert found.low > 0.55
    assert "built-in MLP" in found.method
    assert found.budget["shadow_models"] == 8


def test_what_the_journal_holds_is_not_trained_again() -> None:
    notebook = Notebook()
    first, _ = ran(MEMBERS, journal=notebook)

    def never(_data: Dataset, _seed: int) -> Callable[[np.ndarray], np.ndarray]:
        raise AssertionError

    again, _ = ran(MEMBERS, Recipe("trees", never), journal=notebook)
    assert first == again


def test_precision_states_its_prior_and_rates_their_floor() -> None:
    measured, _ = ran(MEMBERS)
    precision = by_name(measured, "membership_fusion_precision")
    rate = by_name(measured, "membership_fusion_tpr_at_1pct_fpr")
    assert precision is not None
    assert rate is not None
    assert "10%" in precision.note
    assert "0.50%" in rate.note
    assert rate.low <= rate.value <= rate.high


def test_small_images_get_convolutions() -> None:
    images = samples.normal(40, 1, 8, 8)
    labels = np.array([str(i % 2) for i in range(40)])
    halves = [
        Dataset(samples.ANY_SUBJECT, images[a:b], labels[a:b], kind="image")
        for a, b in ((0, 20), (20, 40))
    ]
    model = samples.Answering(lambda rows: np.full((len(rows), 2), 0.5))
    recipe = built_in(lambda: ("0", "1"))
    context = samples.context(model, *halves, recipe=recipe, budget="standard")
    first = next(ATTACK.run(context))
    assert isinstance(first, Measurement)
    assert "built-in CNN" in first.method


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda rows: np.full((len(rows), 2), 3.0), "no probabilities"),
        (lambda rows: np.full((len(rows), 2), np.nan), "not finite"),
        (lambda rows: np.ones((len(rows), 1)), "answers"),
    ],
)
def test_a_recipe_that_answers_logits_or_no_numbers_is_refused(
    answer: Callable[[np.ndarray], np.ndarray], why: str
) -> None:
    with pytest.raises(InputError, match=why):
        ran(MEMBERS, Recipe("sample", lambda _data, _seed: answer))


def test_it_leaves_quick_checks_alone() -> None:
    model = samples.Answering(grown(MEMBERS, 0))
    for budget, says in (("quick", True), ("standard", False)):
        context = samples.context(model, MEMBERS, OTHERS, budget=budget)
        assert (ATTACK.applies(context) is not None) == says
    assert "members" in (ATTACK.applies(samples.context(model, None, OTHERS)) or "")
