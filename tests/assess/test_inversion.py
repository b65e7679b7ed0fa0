from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits

import model_samples as samples
from modelkeep.assess import Context, inversion
from modelkeep.core import Measurement, NotChecked
from modelkeep.models import Dataset
from modelkeep.models.torch_module import TorchModel

CLASSES = 10
COPIES = 40


def pictures(rows: np.ndarray, labels: np.ndarray) -> Dataset:
    made = samples.table(rows.reshape(len(rows), -1), labels.tolist())
    return replace(made, rows=rows.astype(np.float32), kind="image", columns=())


def marks(seed: int) -> np.ndarray:
    """One picture per class, smooth as pictures are, that looks like nothing else."""
    drawn = np.random.default_rng(seed).random((CLASSES, 1, 8, 8))
    smooth = gaussian_filter(drawn, (0, 0, 1, 1))
    low, high = smooth.min((2, 3), keepdims=True), smooth.max((2, 3), keepdims=True)
    return ((smooth - low) / (high - low)).astype(np.float32)


def fitted(data: Dataset) -> TorchModel:
    torch.manual_seed(0)
    layers = torch.nn.Flatten(), torch.nn.Linear(64, 64), torch.nn.ReLU()
    module = torch.nn.Sequential(*layers, torch.nn.Linear(64, CLASSES))
    learner = torch.optim.Adam(module.parameters(), 3e-3)
    rows, truth = torch.from_numpy(data.rows), torch.from_numpy(data.labels.astype(np.int64))
    for _ in range(150):
        learner.zero_grad()
        torch.nn.functional.cross_entropy(module(rows), truth).backward()
        learner.step()
    return TorchModel(module)


def task(*, planted: bool) -> Context:
    """Digits and planted marks; a model that was trained on the marks, or on none."""
    rows, labels = load_digits(return_X_y=True)
    rows = (rows / 16).reshape(-1, 1, 8, 8)
    order = np.random.default_rng(0).permutation(len(rows))
    rows, labels = rows[order], labels[order]
    own, foreign, each = marks(1), marks(2), np.arange(CLASSES)
    few = np.concatenate([rows[:300], np.repeat(own, COPIES, 0)])
    train = pictures(few, np.concatenate([labels[:300], np.repeat(each, COPIES)]))
    test = pictures(
        np.concatenate([rows[300:900], foreign]), np.concatenate([labels[300:900], each])
    )
    unseen = pictures(rows[900:1200], labels[900:1200])
    model = fitted(train if planted else unseen)
    return samples.context(model, train, test, budget="standard")


def measured(context: Context) -> Measurement:
    (found,) = inversion.ATTACK.run(context)
    assert isinstance(found, Measurement)
    return found


def test_planted_pictures_are_given_away() -> None:
    found = measured(task(planted=True))
    assert inversion.p_value(found) < 0.01
    assert found.low > 0
    assert [risk.measurement for risk in inversion.risks((found,))] == [found]
    assert len(found.picture) == 8
    assert len(found.picture[0]) == 8 * CLASSES


def test_a_model_that_never_saw_them_gives_nothing_away() -> None:
    found = measured(task(planted=False))
    assert inversion.p_value(found) > 0.01
    assert not list(inversion.risks((found,)))
    assert inversion.facts((found,)) == {}


def test_copies_count_once_and_what_both_sides_hold_not_at_all() -> None:
    first, second, third = marks(3)[:3]
    members, others = inversion._distinct(
        np.stack([first, first, second]), np.stack([second, third])
    )
    assert np.array_equal(members, first[None])
    assert np.array_equal(others, third[None])


def test_likeness_is_that_of_patterns_not_of_brightness() -> None:
    one = marks(4)[0]
    found = inversion.similarity(one, np.stack([0.5 * one + 0.2, 1 - one, np.zeros_like(one)]))
    assert found == pytest.approx([1, -1, 0], abs=1e-6)


def test_it_says_where_it_does_not_fit() -> None:
    given = task(planted=False)
    assert inversion.applies(given) is None
    for changed, reason in (
        (replace(given, train=None), "--data"),
        (replace(given, budget="quick"), "--budget standard"),
        (replace(given, train=samples.table(np.zeros((9, 3)), [0] * 9)), "pictures"),
        (replace(given, model=samples.Answering(lambda rows: rows)), "no gradient"),
    ):
        assert reason in (inversion.applies(changed) or "")


def test_too_few_pictures_are_no_measurement() -> None:
    given = task(planted=False)
    assert given.train is not None
    (found,) = inversion.ATTACK.run(replace(given, train=given.train.take(np.arange(12))))
    assert isinstance(found, NotChecked)
