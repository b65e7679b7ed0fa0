from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from harden_samples import rows, task
from modelkeep.core import InputError
from modelkeep.harden import Effort, PrivacyTarget, private_training
from modelkeep.harden.private import Plan
from modelkeep.models.torch_module import TorchModel


def test_it_is_charged_first_and_learns_from_fresh_weights() -> None:
    plans: list[Plan] = []
    given = task()
    effort = Effort(epochs=4, privacy=PrivacyTarget(8.0, 1e-4, plans.append))
    model = private_training.run(given, effort)
    (plan,) = plans
    assert plan.spent.epsilon <= 8.0
    assert isinstance(given.model, TorchModel)
    assert isinstance(model, TorchModel)
    for old, new in zip(
        given.model.module.parameters(), model.module.parameters(), strict=True
    ):
        assert not torch.equal(old, new)
    assert not any(layer._forward_hooks for layer in model.module.modules())
    test = rows(seed=1)
    right = model.predict(test.rows).argmax(1) == given.truth(test)
    assert np.mean(right) > 0.8


def test_a_refused_charge_leaves_the_rows_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def touched(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(private_training, "descend", touched)
    with pytest.raises(InputError, match="needs a ledger"):
        private_training.run(task(), Effort(epochs=1))


def test_it_says_where_it_does_not_fit() -> None:
    given = task()
    assert private_training.why_not_private(given) is None
    missing = private_training.why_not_private(replace(given, train=None))
    assert missing is not None
    assert "--data" in missing
    few = private_training.why_not_private(replace(given, train=rows(30)))
    assert few == "fewer than 100 training rows"
    mixing = torch.nn.Sequential(torch.nn.BatchNorm1d(9), torch.nn.Linear(9, 2))
    reason = private_training.why_not_private(replace(given, model=TorchModel(mixing)))
    assert reason is not None
    assert "GroupNorm" in reason
