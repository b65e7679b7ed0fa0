from __future__ import annotations

import numpy as np
import pytest
import torch

import digit_networks
from model_samples import Answering, context, linear, normal, table, two_classes
from modelkeep.assess.explanation.attribution import EXPLAINER, classes_of, explain
from modelkeep.core import InputError
from modelkeep.models.torch_module import TorchModel

ROWS = normal(200, 3)
DATA = table(ROWS, (ROWS[:, 0] > 0).astype(int).tolist())


def test_shares_of_a_linear_model_follow_weight_times_range() -> None:
    found = explain(context(linear([2.0, 0.0, 1.0]), DATA, DATA))
    assert found.effects == ("column x0", "column x1", "column x2")
    shares = found.values.mean(axis=1)
    assert shares.sum() == pytest.approx(1)
    assert shares[1] == 0
    assert 1.5 < shares[0] / shares[2] < 4


def test_louder_logits_are_no_other_explanation() -> None:
    data = table(ROWS[:, :2], DATA.labels.tolist())
    quiet, loud = (explain(context(linear([w, w]), data, data)) for w in (1.0, 50.0))
    np.testing.assert_allclose(quiet.values, loud.values, rtol=1e-4)


def test_pictures_are_explained_by_class_and_region() -> None:
    given = context(digit_networks.network(planted=False), None, digit_networks.data())
    found = explain(given)
    assert found.grid == (10, 8, 8)
    assert len(found.effects) == 640
    assert found.effects[70] == "rows 0, columns 6 (class 1)"
    assert found.values.sum(axis=0).mean() == pytest.approx(1)


def test_of_many_classes_those_that_occur_most_are_explained() -> None:
    labels = np.repeat(np.arange(30), np.arange(1, 31))
    data = table(normal(len(labels), 2), labels.tolist())
    torch.manual_seed(0)
    chosen = classes_of(context(TorchModel(torch.nn.Linear(2, 30)), data, data), data)
    assert chosen.tolist() == list(range(10, 30))


def test_it_says_why_it_cannot() -> None:
    black_box = context(Answering(lambda rows: two_classes(rows[:, 0] > 0)), DATA, DATA)
    assert EXPLAINER.applies(black_box) == "the model gives no gradient"
    with pytest.raises(InputError, match="gives no gradient"):
        explain(black_box)
    with pytest.raises(InputError, match="nothing can be attributed"):
        explain(context(linear([0.0, 0.0, 0.0]), DATA, DATA))
