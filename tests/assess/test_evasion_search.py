"""Evasion without gradients: inside the box, better than noise on trees, repeatable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import model_samples as samples
from modelkeep.assess import Adversarial, Context
from modelkeep.assess.evasion_search import ATTACK, search
from modelkeep.assess.robust_accuracy import Problem
from modelkeep.assess.tabular import ColumnRule, Constraints
from modelkeep.core import Measurement
from modelkeep.models import Model
from modelkeep.models.torch_module import TorchModel
from modelkeep.models.xgboost_trees import load

WIDTH = 64
ROWS = samples.normal(100, WIDTH)
TRUTH = (ROWS @ np.linspace(-1, 1, WIDTH) > 0).astype(int)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Boosted trees, flat almost everywhere."""
    path: Path = tmp_path_factory.mktemp("trees") / "model.json"
    booster = samples.boosted(ROWS, TRUTH, "binary:logistic", rounds=50)
    path.write_bytes(bytes(booster.save_raw("json")))
    return load(samples.scanned(path, model__json="json")).model


def context(model: object, **more: object) -> Context:
    data = samples.table(ROWS, TRUTH)
    return samples.context(model, data, data, **more)


def problem(step: float = 0.3, seed: int = 0) -> Problem:
    return Problem(ROWS, TRUTH, ROWS - np.float32(step), ROWS + np.float32(step), seed)


def broken(model: Model, points: np.ndarray) -> np.ndarray:
    return np.asarray(model.predict(points).argmax(axis=1) != TRUTH)


def test_trees_are_broken_inside_the_box_and_more_than_by_noise(trees: Model) -> None:
    given = problem()
    found, work = search(context(trees), given)
    assert ((found >= given.low) & (found <= given.high)).all()
    rng = np.random.default_rng(0)
    noise = np.zeros(len(ROWS), dtype=bool)
    for _ in range(work["queries"]):  # noise gets as many tries
        noise |= broken(trees, rng.uniform(given.low, given.high).astype(np.float32))
    assert broken(trees, found).sum() > 1.5 * noise.sum() > 0


def test_the_same_seed_finds_the_same_points(trees: Model) -> None:
    once, _ = search(context(trees), problem())
    again, _ = search(context(trees), problem())
    other, _ = search(context(trees), problem(seed=1))
    assert (once == again).all()
    assert (once != other).any()


def test_fixed_features_are_left_alone(trees: Model) -> None:
    given = problem()
    given.low[:, 3:], given.high[:, 3:] = ROWS[:, 3:], ROWS[:, 3:]
    found, _ = search(context(trees), given)
    assert (found[:, 3:] == ROWS[:, 3:]).all()
    assert (found[:, :3] != ROWS[:, :3]).any()


def test_it_works_on_images() -> None:
    rows = samples.normal(6, 1, 2, 2)
    model = samples.Answering(
        lambda rows: samples.two_classes(1 / (1 + np.exp(-rows.sum(axis=(1, 2, 3)))))
    )
    given = Problem(rows, np.zeros(6, int), rows - 9, rows + 9, 0)
    found, work = search(context(model), given)
    assert (model.predict(found)[:, 1] > 0.5).all()
    assert work["queries"] < 200, "it stops when everything is broken"


def test_it_measures_what_it_says_and_attacks_from_outside(trees: Model) -> None:
    clean, robust = ATTACK.run(context(trees, max_rows=40))
    assert isinstance(clean, Measurement)
    assert isinstance(robust, Measurement)
    assert (robust.n, robust.attacker.knowledge) == (40, "black box")
    assert robust.budget["queries"] <= 200
    assert robust.value < clean.value


def test_it_attacks_where_no_gradient_can_be_followed(trees: Model) -> None:
    masked = torch.nn.Linear(WIDTH, 2)
    masked.forward = lambda rows: torch.nn.Linear.forward(masked, rows.round())
    assert ATTACK.applies(context(trees)) is None
    assert ATTACK.applies(context(TorchModel(masked))) is None


def test_it_leaves_a_gradient_to_the_stronger_attack_and_needs_test_rows(trees: Model) -> None:
    honest = samples.linear([1.0] * WIDTH)
    assert "the gradient attack is stronger" in (ATTACK.applies(context(honest)) or "")
    data = samples.table(ROWS, TRUTH)
    assert "--test" in (ATTACK.applies(samples.context(trees, data, None)) or "")


def test_points_of_a_table_keep_to_rules_drafted_or_given() -> None:
    rows = np.round(samples.normal(60, 4) * 5)
    data = samples.table(rows, (rows.sum(axis=1) > 0).astype(int))
    model = samples.Answering(
        lambda asked: samples.two_classes(1 / (1 + np.exp(-asked.sum(axis=1))))
    )
    found: list[Adversarial] = []
    drafted = samples.context(model, data, data, epsilon_linf=0.1, collect=found.append)
    _, robust = ATTACK.run(drafted)
    assert "drafted from the data: 4 integer" in robust.note
    assert len(found[0].changed)
    assert (found[0].changed == np.round(found[0].changed)).all()
    names = tuple(column.name for column in data.columns)
    still = Constraints({name: ColumnRule(immutable=True) for name in names})
    clean, robust = ATTACK.run(
        samples.context(model, data, data, epsilon_linf=0.1, constraints=still)
    )
    assert robust.value == clean.value
    assert "as given: 4 immutable" in robust.note
