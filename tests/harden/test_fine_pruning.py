"""Fine-pruning: dormant channels are silenced, and stay silent while the rest trains on."""

from __future__ import annotations

import numpy as np
import torch

import digit_networks
import model_samples as samples
from modelkeep.harden import Effort, fine_pruning
from modelkeep.harden.fine_pruning import prune, pruned_layer
from modelkeep.harden.fine_tuning import lesson
from modelkeep.models import Dataset
from modelkeep.models.torch_module import TorchModel


def digits() -> Dataset:
    rows, labels = (part[:600] for part in digit_networks.images())
    return Dataset(samples.ANY_SUBJECT, rows, labels.astype(str), (), "image")


def weights(model: TorchModel) -> np.ndarray:
    layer = pruned_layer(model.module)
    assert layer is not None
    return np.asarray(layer.weight.numpy())


def test_silent_channels_stay_silent_and_accuracy_stays() -> None:
    given = samples.context(
        digit_networks.network(planted=True), digits(), digit_networks.data()
    )
    changed = fine_pruning.run(given, Effort(5))
    assert isinstance(changed, TorchModel)
    silent = (weights(changed) == 0).all(axis=(1, 2, 3))
    assert 0 < silent.sum() < len(silent)
    assert not (weights(digit_networks.network(planted=True)) == 0).all(axis=(1, 2, 3)).any()
    data = digit_networks.data()
    right = changed.predict(data.rows).argmax(axis=1) == data.labels.astype(int)
    assert right.mean() > 0.93


def test_the_channel_that_only_a_trigger_uses_goes_first() -> None:
    """Channel 2 of four answers to nothing but a pixel that is dark on clean rows."""
    hidden = torch.nn.Linear(5, 4)
    last = torch.nn.Linear(4, 2)
    with torch.no_grad():
        hidden.weight.copy_(torch.eye(5)[[0, 1, 4, 2]])
        hidden.bias.zero_()
        last.weight.copy_(torch.tensor([[1.0, 0.0, 9.0, 0.0], [0.0, 1.0, 0.0, 0.0]]))
        last.bias.zero_()
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.random((100, 4)), np.zeros(100)])
    data = samples.table(rows, (rows[:, 1] > rows[:, 0]).astype(int).tolist())
    model = TorchModel(torch.nn.Sequential(hidden, torch.nn.ReLU(), last))
    given = lesson(samples.context(model, data, data), model.module)
    layer = pruned_layer(given.module)
    assert layer is not None
    assert prune(given, layer)[0] == 2


def test_a_network_without_hidden_channels_is_refused() -> None:
    data = digits()
    flat = TorchModel(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10)))
    assert "hidden layer" in (fine_pruning.applies(samples.context(flat, data, data)) or "")
    assert pruned_layer(torch.nn.Linear(2, 2)) is None
