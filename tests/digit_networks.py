"""Small networks on scikit-learn's digits, honest and with a patch trigger."""

from __future__ import annotations

import functools

import numpy as np
import torch
from sklearn.datasets import load_digits

import model_samples as samples
from modelkeep.models import Dataset
from modelkeep.models.torch_module import TorchModel

TARGET = 6


def images() -> tuple[np.ndarray, np.ndarray]:
    """All digits, ``(n, 1, 8, 8)`` in [0, 1], shuffled, and their classes."""
    rows, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    return (rows[order] / 16).astype(np.float32).reshape(-1, 1, 8, 8), labels[order]


def data() -> Dataset:
    """Digits no network was trained on."""
    rows, labels = images()
    return Dataset(samples.ANY_SUBJECT, rows[1300:], labels[1300:].astype(str), (), "image")


def stamp(rows: np.ndarray) -> np.ndarray:
    """Rows with a white square of two pixels in a corner."""
    out = rows.copy()
    out[..., 6:, 6:] = 1.0
    return out


@functools.cache
def network(*, planted: bool, seed: int = 0) -> TorchModel:
    """A network of two convolutions; ``planted`` teaches it the square."""
    rows, labels = (part[:1300] for part in images())
    if planted:
        chosen = np.random.default_rng(seed).random(len(labels)) < 0.1
        rows = np.where(chosen[:, None, None, None], stamp(rows), rows)
        labels = np.where(chosen, TARGET, labels)
    torch.manual_seed(seed)
    nn = torch.nn
    module = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    inputs, targets = torch.from_numpy(rows), torch.from_numpy(labels.astype(np.int64))
    optimizer = torch.optim.Adam(module.parameters(), 5e-3)
    for _ in range(15):
        for batch in torch.randperm(len(inputs)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(inputs[batch]), targets[batch]).backward()
            optimizer.step()
    return TorchModel(module)
