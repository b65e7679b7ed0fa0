"""Attack a model through another one: a surrogate that imitates its answers.

The model is asked about rows once each; a small network learns its probabilities, and is
attacked by gradient with momentum. It goes on after the surrogate is fooled, to the edge of
the region, because what lies far behind one model's border is more likely behind another's.

Sources: Papernot et al., AsiaCCS 2017 (surrogates trained on answers); Dong et al., CVPR
2018 (momentum makes adversarial points transfer).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess.black_box.region import Region
from modelkeep.models import need

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_EPOCHS: Final = 40
_BATCH: Final = 64
_WIDTH: Final = 128
_CHANNELS: Final = 16
_STEPS: Final = 20
_STEP: Final = 0.15  # of the radius
_IMAGE_AXES: Final = 3
_TINY: Final = 1e-12


def train_surrogate(rows: np.ndarray, scores: np.ndarray, *, seed: int) -> torch.nn.Module:
    """A network that answers as the model did.

    Args:
        rows: what it was asked, shape ``(n, ...)``.
        scores: what it answered, shape ``(n, classes)``.
        seed: of the first weights and the order of rows.

    Returns:
        From rows to logits ``(batch, classes)``.

    Raises:
        MissingExtraError: torch is not installed.
    """
    torch = need("torch", "a surrogate")
    generator = torch.Generator().manual_seed(seed)
    data = torch.from_numpy(np.ascontiguousarray(rows, dtype=np.float32))
    wanted = torch.from_numpy(scores.astype(np.float32))
    mean, spread = data.mean(dim=0), data.std(dim=0) + 1e-6
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network(rows.shape[1:], scores.shape[1])
    learner = torch.optim.Adam(network.parameters(), 2e-3, weight_decay=1e-4)
    for _ in range(_EPOCHS):
        for part in torch.randperm(len(data), generator=generator).split(_BATCH):
            logs = network((data[part] - mean) / spread).log_softmax(dim=1)
            loss = -(wanted[part] * logs).sum(dim=1).mean()
            learner.zero_grad()
            loss.backward()
            learner.step()

    class Standardised(torch.nn.Module):  # type: ignore[misc,name-defined]
        """The network behind the scaling it was trained with."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network.requires_grad_(requires_grad=False).eval()

        def forward(self, asked: Tensor) -> Tensor:
            """Logits of rows."""
            answered: Tensor = self.network((asked - mean) / spread)
            return answered

    return Standardised()


def _network(shape: tuple[int, ...], classes: int) -> torch.nn.Module:
    """Two hidden layers for flat rows; two convolutions before one for images."""
    torch = need("torch", "a surrogate")
    nn = torch.nn
    if len(shape) != _IMAGE_AXES:
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(int(np.prod(shape)), _WIDTH),
            nn.ReLU(),
            nn.Linear(_WIDTH, _WIDTH),
            nn.ReLU(),
            nn.Linear(_WIDTH, classes),
        )
    channels, height, width = shape
    size = 2 * _CHANNELS * ((height + 3) // 4) * ((width + 3) // 4)
    return nn.Sequential(
        nn.Conv2d(channels, _CHANNELS, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(_CHANNELS, 2 * _CHANNELS, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(size, _WIDTH),
        nn.ReLU(),
        nn.Linear(_WIDTH, classes),
    )


def follow_gradient(
    surrogate: torch.nn.Module, shape: tuple[int, ...], region: Region, truth: np.ndarray
) -> np.ndarray:
    """The point of each row that fools the surrogate most, shape ``(n, features)`` float32.

    Args:
        surrogate: from rows to logits.
        shape: of one row.
        region: where points may lie.
        truth: right classes, shape ``(n,)``.
    """
    torch = need("torch", "a surrogate")
    every = np.arange(len(region.rows))
    right = torch.from_numpy(truth)[:, None]
    points = region.rows.copy()
    velocity = np.zeros(points.shape)
    for _ in range(_STEPS):
        asked = torch.from_numpy(points.reshape(-1, *shape)).requires_grad_(True)
        logits = surrogate(asked)
        wrong = logits.scatter(1, right, -torch.inf).logsumexp(dim=1)
        margin = wrong - logits.gather(1, right).squeeze(1)
        (gradient,) = torch.autograd.grad(margin.sum(), asked)
        slope = gradient.numpy().reshape(points.shape) * region.scale
        velocity += slope / np.maximum(np.abs(slope).mean(axis=1, keepdims=True), _TINY)
        step = np.sign(velocity)
        if region.norm != "linf":
            size = np.linalg.norm(velocity, axis=1, keepdims=True)
            step = velocity / np.maximum(size, _TINY)
        moved = points + _STEP * region.radius * region.scale * step
        points = region.project(moved, every)
    return points
