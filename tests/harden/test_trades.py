from __future__ import annotations

import torch

from harden_samples import rows, task
from modelkeep.assess import attacks
from modelkeep.harden import Effort, harden, trades
from modelkeep.harden.adversarial_training import Batch
from modelkeep.harden.neighbourhood import neighbourhood


def test_it_gains_on_a_fragile_network() -> None:
    assert harden(task(), trades.DEFENCE, Effort(epochs=5, rate=1e-2), attacks()).gained


def test_without_room_to_move_the_loss_is_cross_entropy() -> None:
    data = rows(64)
    inputs = torch.from_numpy(data.rows)
    truth = torch.from_numpy(data.labels.astype("int64"))
    batch = Batch(inputs, truth, neighbourhood(data, 0.0), torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    module = torch.nn.Linear(inputs.shape[1], 2)
    plain = torch.nn.functional.cross_entropy(module(inputs), truth)
    torch.testing.assert_close(trades.loss(module, batch, 3), plain)
