from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from model_samples import ANY_SUBJECT, Answering, context, table, two_classes
from modelkeep.assess import Context, fairness, performance
from modelkeep.core import InputError, Measurement
from modelkeep.harden import Defence, Effort, Hardened, harden, reweighing, threshold_repair
from modelkeep.harden.threshold_repair import cuts_of, thresholds_of
from modelkeep.models import Column, Dataset, OnnxModel
from modelkeep.models.torch_module import TorchModel
from modelkeep.models.wrappers import GroupThresholds

COLUMNS = (Column("told"), Column("group"))
EFFORT = Effort(epochs=10, rate=0.02)
ATTACKS = (performance.ATTACK, fairness.ATTACK)
FLIPPED = 0.75  # of the positives of group 1, in training


def people(n: int, seed: int, *, flipped: float = 0.0) -> Dataset:
    """One telling column and a group; some positives of group 1 are labelled negative."""
    rng = np.random.default_rng(seed)
    truth, group = rng.integers(0, 2, n), rng.integers(0, 2, n)
    told = (2.0 * truth - 1) + rng.normal(0, 0.7, n)
    wrong = (truth == 1) & (group == 1) & (rng.random(n) < flipped)
    labels = np.where(wrong, 0, truth)
    return table(np.column_stack([told, group]), labels.tolist(), *COLUMNS)


def trained(data: Dataset) -> TorchModel:
    torch.manual_seed(0)
    module = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.05)
    rows, truth = torch.from_numpy(data.rows), torch.from_numpy(data.labels.astype(np.int64))
    for _ in range(200):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(module(rows), truth).backward()
        optimizer.step()
    return TorchModel(module)


def task(flipped: float = FLIPPED) -> Context:
    """A model of flipped labels, judged by right ones."""
    train, test = people(2000, 0, flipped=flipped), people(3000, 1)
    return context(trained(train), train, test, group="group", max_rows=3000)


def gaps(done: Hardened, name: str) -> tuple[Measurement, Measurement]:
    before, after = (
        next(m for m in made if m.name == name) for made in (done.before, done.after)
    )
    return before, after


def repaired(given: Context, defence: Defence = threshold_repair.DEFENCE) -> Hardened:
    return harden(given, defence, EFFORT, ATTACKS)


def test_a_planted_flip_of_one_group_is_found_and_closed_before_and_after() -> None:
    given = task()
    done = repaired(given)
    before, after = gaps(done, "accuracy_gap")
    assert before.low > 0.1, "the fairness table finds it"
    assert "group=1" in before.method
    assert done.gained
    assert after.high < before.low
    assert after.value < before.value / 3
    missed, mended = gaps(done, "true_positive_rate_gap")
    assert mended.value < missed.value / 3
    assert any("only as right as the labels" in note for note in done.notes)
    accuracy = gaps(done, "test_accuracy")
    assert accuracy[1].value > accuracy[0].value + 0.05
    beside = gaps(repaired(given, reweighing.DEFENCE), "accuracy_gap")[1]
    assert after.value < beside.value, "numbers of rows are not what was wrong"


def test_where_nothing_was_planted_no_gain_is_claimed() -> None:
    done = repaired(task(flipped=0.0))
    assert not done.gained
    assert any("no gain is shown" in note for note in done.notes)
    accuracy = gaps(done, "test_accuracy")
    assert accuracy[1].value > accuracy[0].value - 0.02


def test_it_is_one_file_fitted_on_rows_that_nothing_is_measured_on() -> None:
    given = task()
    assert given.test is not None
    done = repaired(given)
    assert isinstance(done.model, OnnxModel)
    assert done.model.wrapped is not None
    wrapper = done.model.wrapped.wrapper
    assert isinstance(wrapper, GroupThresholds)
    assert (wrapper.column, wrapper.cuts) == (1, (0.5,))
    assert wrapper.thresholds[1] < wrapper.thresholds[0]
    rest = len(given.test) - len(given.test) // 3
    assert {m.n for m in done.after if m.name == "test_accuracy"} == {rest}


def test_each_group_reaches_the_same_share_and_the_most_are_right() -> None:
    scores = np.concatenate([np.linspace(0, 1, 100), np.linspace(0, 0.5, 100)])
    groups = [np.arange(100), np.arange(100, 200)]
    truth = np.concatenate([np.arange(100) >= 40, np.arange(100) >= 40]).astype(int)
    first, second = thresholds_of(scores, truth, groups)
    assert first == pytest.approx(0.4, abs=0.02)
    assert second == pytest.approx(0.2, abs=0.02)
    reached = [
        (scores[rows[truth[rows] == 1]] >= limit).mean()
        for rows, limit in zip(groups, (first, second), strict=True)
    ]
    assert reached[0] == reached[1]


def test_groups_are_cut_between_values_and_quarters() -> None:
    rows = np.column_stack([np.zeros(40), np.repeat([1.0, 2.0, 5.0, 9.0], 10)])
    assert cuts_of(table(rows, [0, 1] * 20, *COLUMNS), "group") == (1.5, 3.5, 7.0)
    wide = table(np.column_stack([np.zeros(100), np.arange(100.0)]), [0, 1] * 50, *COLUMNS)
    values = wide.rows[:, 1]
    later = fairness.groups_of(wide, "group")[1:]
    for cut, group in zip(cuts_of(wide, "group"), later, strict=True):
        assert values[values >= cut].min() == values[group.rows].min()
    with pytest.raises(InputError, match="'told' has one group only"):
        cuts_of(table(rows, [0, 1] * 20, *COLUMNS), "told")


def test_a_group_with_few_positives_is_refused_with_its_name() -> None:
    given = task()
    assert given.test is not None
    rare = (given.test.rows[:, 1] == 1) & (given.test.labels == "1")
    keep = np.flatnonzero(~rare | (np.cumsum(rare) <= 10))
    with pytest.raises(InputError, match=r"group=1 has \d+ rows of class '1' to fit") as caught:
        repaired(replace(given, test=given.test.take(keep)))
    assert "fewer groups" in caught.value.hint


def test_where_it_cannot_be_written_it_says_why() -> None:
    given = task()
    applies = threshold_repair.applies
    assert applies(given) is None
    assert "--group" in (applies(replace(given, group="")) or "")
    assert "--test" in (applies(replace(given, test=None)) or "")
    black_box = Answering(lambda rows: two_classes(np.full(len(rows), 0.4)))
    assert "ONNX graph or a torch module" in (applies(replace(given, model=black_box)) or "")
    three = TorchModel(torch.nn.Linear(2, 3))
    assert "the model knows 3" in (applies(replace(given, model=three)) or "")
    pictures = Dataset(ANY_SUBJECT, np.zeros((4, 1, 2, 2), np.float32), np.array(["0"] * 4))
    shown = replace(pictures, kind="image")
    assert "table" in (applies(replace(given, test=shown)) or "")
