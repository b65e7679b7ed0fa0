from __future__ import annotations

import torch

from harden_samples import rows
from modelkeep.harden.adversarial_training import Batch
from modelkeep.harden.crafted_loss import crafted_loss
from modelkeep.harden.neighbourhood import neighbourhood


def test_it_is_at_least_the_plain_loss_and_trains_the_weights() -> None:
    data = rows(64)
    inputs = torch.from_numpy(data.rows)
    truth = torch.from_numpy(data.labels.astype("int64"))
    batch = Batch(inputs, truth, neighbourhood(data, 0.1), torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    module = torch.nn.Linear(inputs.shape[1], 2)
    loss = crafted_loss(module, batch, 5)
    plain = torch.nn.functional.cross_entropy(module(inputs), truth)
    assert loss.item() > plain.item()
    loss.backward()
    assert module.weight.grad is not None
    assert float(module.weight.grad.abs().sum()) > 0
