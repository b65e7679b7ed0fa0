from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model_samples import context, table
from modelkeep.assess import Context, attacks
from modelkeep.harden import Effort, harden, reweighing
from modelkeep.harden.reweighing import chances
from modelkeep.models import Column, Dataset
from modelkeep.models.torch_module import TorchModel

COLUMNS = (Column("x"), Column("group"))


def people(n: int, seed: int, *, shortcut: bool) -> Dataset:
    """One noisy telling column; with a shortcut the group nearly is the label."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, n)
    same = rng.random(n) < (0.97 if shortcut else 0.5)
    truth = np.where(same, group, 1 - group)
    told = (2.0 * truth - 1) + rng.normal(0, 0.8, n)
    return table(np.column_stack([told, group]), truth.tolist(), *COLUMNS)


def trained(data: Dataset) -> TorchModel:
    torch.manual_seed(0)
    module = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.05)
    rows, truth = torch.from_numpy(data.rows), torch.from_numpy(data.labels.astype(np.int64))
    for _ in range(300):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(module(rows), truth).backward()
        optimizer.step()
    return TorchModel(module)


def task() -> Context:
    """A model that learned the shortcut, judged where there is none: the positives of one
    group and the negatives of the other are answered wrongly, and more so in group 0."""
    train = people(2000, 0, shortcut=True)
    test = people(3000, 1, shortcut=False)
    lopsided = test.take(
        np.flatnonzero((test.rows[:, 1] == 1) | (test.labels == "1"))
    )  # group 0 holds only those the shortcut wrongs
    return context(trained(train), train, lopsided, group="group", max_rows=3000)


def test_a_planted_flip_of_one_group_is_closed_before_and_after() -> None:
    done = harden(task(), reweighing.DEFENCE, Effort(epochs=20, rate=0.02), attacks())
    before, after = (
        next(m for m in made if m.name == "accuracy_gap") for made in (done.before, done.after)
    )
    assert before.value > 0.15
    assert done.gained
    assert after.value < before.value / 2
    assert any("labels that are wrong" in note for note in done.notes)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60))
def test_drawn_groups_and_classes_are_independent(pairs: list[tuple[int, int]]) -> None:
    groups, truth = (np.array(part) for part in zip(*pairs, strict=True))
    chance = chances(groups, truth)
    np.testing.assert_allclose(chance.sum(), 1)
    joint = np.zeros((3, 3))
    np.add.at(joint, (groups, truth), chance)
    counts = np.zeros((3, 3))
    np.add.at(counts, (groups, truth), 1)
    if (counts[counts.any(axis=1)][:, counts.any(axis=0)] > 0).all():  # every pair occurs
        expected = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
        np.testing.assert_allclose(joint, expected, atol=1e-12)


def test_it_says_what_is_missing() -> None:
    data = people(50, 0, shortcut=False)
    model = trained(data)
    assert "--group" in (reweighing.applies(context(model, data, data)) or "")
    assert "--data" in (reweighing.applies(context(model, None, data, group="group")) or "")
    assert reweighing.applies(context(model, data, data, group="group")) is None
