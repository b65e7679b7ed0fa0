"""Distillation: it makes logits steep, keeps accuracy, and earns nothing for it."""

from __future__ import annotations

import torch

from harden_samples import rows, task
from modelkeep.assess import attacks
from modelkeep.harden import Effort, distillation, harden
from modelkeep.models.torch_module import TorchModel


def test_logits_grow_and_no_gain_is_claimed() -> None:
    given = task()
    done = harden(given, distillation.DEFENCE, Effort(40, rate=2e-2), attacks())
    assert isinstance(given.model, TorchModel)
    assert isinstance(done.model, TorchModel)
    data = torch.from_numpy(rows(seed=2).rows)
    old, new = (model.module(data).abs().mean() for model in (given.model, done.model))
    assert new > 2 * old
    assert not done.gained
    assert any("logit margin" in note for note in done.notes)
    agree = given.model.module(data).argmax(1) == done.model.module(data).argmax(1)
    assert agree.float().mean() > 0.9
