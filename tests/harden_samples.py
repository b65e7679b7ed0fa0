"""Two classes of rows and a network that leans on a fragile feature, for tests of harden."""

from __future__ import annotations

import numpy as np
import torch

from model_samples import context, table
from modelkeep.assess import Context
from modelkeep.models import Dataset
from modelkeep.models.torch_module import TorchModel

EPSILON = 0.1
FRAGILE = 8  # columns that together tell the classes apart, each by less than the radius


def rows(n: int = 400, *, seed: int = 0) -> Dataset:
    """One strong noisy column and many weak clean ones.

    The classes lie closer together in the weak columns than the radius of the attack, so a
    model that leans on them breaks; one that uses the strong column stands. The weak columns
    come in larger units, which makes a network look at them.
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    sign = 2.0 * labels - 1
    strong = sign * 0.6 + rng.normal(0, 0.25, n)
    weak = sign[:, None] * 0.05 + rng.normal(0, 0.03, (n, FRAGILE))
    wide = rng.uniform(-1, 1, (n, FRAGILE)) * (rng.random((n, FRAGILE)) < 0.04)  # sets ranges
    return table(np.column_stack([strong, 10 * (weak + wide)]), labels.tolist())


def fragile(data: Dataset, *, seed: int = 0, epochs: int = 40) -> TorchModel:
    """A small network trained plainly, which finds the weak columns."""
    torch.manual_seed(seed)
    module = torch.nn.Sequential(
        torch.nn.Linear(1 + FRAGILE, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2)
    )
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    inputs = torch.from_numpy(data.rows)
    truth = torch.from_numpy(data.labels.astype(np.int64))
    for _ in range(epochs):
        for chosen in torch.randperm(len(inputs)).split(64):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(module(inputs[chosen]), truth[chosen])
            loss.backward()
            optimizer.step()
    return TorchModel(module)


def task(**more: object) -> Context:
    """The fragile network, its rows, and an attacker it falls to."""
    train, test = rows(), rows(seed=1)
    given: dict[str, object] = {"epsilon_linf": EPSILON} | more
    return context(fragile(train), train, test, **given)
