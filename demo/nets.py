"""The demo's own code: an architecture and a training recipe, as a user would bring them.

modelkeep check weights.safetensors --code demo --factory nets:build --train nets:fit ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from modelkeep.models import Dataset

CLASSES = 10
PIXELS = 64
HIDDEN = 512
EPOCHS = 120


def build() -> torch.nn.Module:
    """The architecture: 8x8 images to logits of ten digits."""
    return torch.nn.Sequential(
        torch.nn.Flatten(),
        torch.nn.Linear(PIXELS, HIDDEN),
        torch.nn.ReLU(),
        torch.nn.Linear(HIDDEN, CLASSES),
    )


def train(
    rows: np.ndarray, labels: np.ndarray, seed: int, epochs: int = EPOCHS
) -> torch.nn.Module:
    """Train until the labels are learned by heart.

    Args:
        rows: images, shape ``(n, 1, 8, 8)`` in [0, 1].
        labels: digits, shape ``(n,)``.
        seed: of the weights and the order of rows.
        epochs: passes over the rows.
    """
    torch.manual_seed(seed)
    module = build()
    optimizer = torch.optim.Adam(module.parameters(), lr=2e-3)
    inputs = torch.from_numpy(rows.astype(np.float32))
    targets = torch.from_numpy(labels.astype(np.int64))
    for _ in range(epochs):
        for batch in torch.randperm(len(inputs)).split(64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(module(inputs[batch]), targets[batch]).backward()
            optimizer.step()
    return module.eval()


class Fitted:
    """A trained module that answers probabilities."""

    def __init__(self, module: torch.nn.Module) -> None:
        self._module = module

    def predict_proba(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities, shape ``(n, 10)``."""
        with torch.no_grad():
            logits = self._module(torch.from_numpy(rows.astype(np.float32)))
            return np.asarray(torch.softmax(logits, dim=1))


def fit(data: Dataset, seed: int) -> Any:  # noqa: ANN401 - anything with predict_proba
    """The recipe that reference models are trained by."""
    return Fitted(train(data.rows, data.labels.astype(np.int64), seed))
