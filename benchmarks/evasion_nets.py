"""Networks of the evasion benchmark: architectures, training, weights on disk.

Standard training is Nesterov SGD with a falling step; adversarial training goes on from
those weights with projected gradient descent inside the loop (Madry et al., ICLR 2018).
Nothing but torch is imported, so that a peer's environment builds the same networks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

BATCH: Final = 128


class Normalise(nn.Module):
    """Centre and scale pixels in [0, 1]."""

    def __init__(self, mean: float, spread: float) -> None:
        super().__init__()
        self.mean, self.spread = mean, spread

    def forward(self, images: Tensor) -> Tensor:
        """Images of any shape, scaled."""
        return (images - self.mean) / self.spread


class Residual(nn.Module):
    """Two convolutions with batch normalisation, and the input added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(2))

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of the same shape."""
        inner = nn.functional.silu(self.norms[0](self.first(maps)))
        return nn.functional.silu(maps + self.norms[1](self.second(inner)))


def small() -> nn.Module:
    """Two strided convolutions and two linear layers for 28x28 grey images."""
    return nn.Sequential(
        Normalise(0.286, 0.353),
        *(nn.Conv2d(1, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(1568, 100), nn.ReLU(), nn.Linear(100, 10)),
    )


def residual() -> nn.Module:
    """Two residual blocks, smooth activations, averaged maps, for 28x28 grey images."""
    return nn.Sequential(
        Normalise(0.286, 0.353),
        *(nn.Conv2d(1, 16, 3, 2, 1), nn.SiLU(), Residual(16)),
        *(nn.Conv2d(16, 32, 3, 2, 1), nn.SiLU(), Residual(32)),
        *(nn.AvgPool2d(7), nn.Flatten(), nn.Linear(32, 10)),
    )


def coloured() -> nn.Module:
    """Two strided convolutions and two linear layers for 32x32 colour images."""
    return nn.Sequential(
        Normalise(0.473, 0.251),
        *(nn.Conv2d(3, 24, 4, 2, 1), nn.ReLU(), nn.Conv2d(24, 48, 4, 2, 1), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(3072, 100), nn.ReLU(), nn.Linear(100, 10)),
    )


ARCHITECTURES: Final = {"small": small, "residual": residual, "coloured": coloured}


def train(
    module: nn.Module, images: Tensor, labels: Tensor, *, epochs: int, seed: int
) -> nn.Module:
    """Standard training, in place."""
    return _fit(module, images, labels, (epochs, BATCH, seed), None)


def train_adversarially(  # noqa: PLR0913 - keyword-only figures of one recipe
    module: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    norm: str,
    radius: float,
    steps: int,
    epochs: int,
    seed: int,
) -> nn.Module:
    """Train on points moved ``steps`` times within ``radius``, in place."""
    recipe = (epochs, 2 * BATCH, seed)
    return _fit(module, images, labels, recipe, (norm, radius, steps))


def _fit(
    module: nn.Module,
    images: Tensor,
    labels: Tensor,
    recipe: tuple[int, int, int],
    threat: tuple[str, float, int] | None,
) -> nn.Module:
    epochs, size, seed = recipe
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(
        module.parameters(), 0.05, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    total = epochs * (len(images) // size + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda at: max(0, 1 - at / total))
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(size):
            points = images[batch]
            if threat is not None:
                module.eval()
                points = _moved(module, points, labels[batch], threat)
            module.train()
            optimizer.zero_grad()
            cross_entropy(module(points), labels[batch]).backward()
            optimizer.step()
            schedule.step()
    return module.eval()


def _moved(
    module: nn.Module, images: Tensor, labels: Tensor, threat: tuple[str, float, int]
) -> Tensor:
    """Projected gradient ascent on the loss from a random start; steps of radius / 4."""
    norm, radius, steps = threat
    start = (torch.rand_like(images) * 2 - 1) * (radius if norm == "linf" else radius / 50)
    points = (images + start).clamp(0, 1)
    for _ in range(steps):
        points.requires_grad_(True)
        loss = cross_entropy(module(points), labels)
        (slope,) = torch.autograd.grad(loss, points)
        points = points.detach()
        if norm == "linf":
            points = points + radius / 4 * slope.sign()
            points = torch.minimum(torch.maximum(points, images - radius), images + radius)
        else:
            points = points + radius / 4 * slope / _length(slope)
            away = points - images
            points = images + away * (radius / _length(away)).clamp_max(1)
        points = points.clamp(0, 1)
    return points.detach()


def _length(points: Tensor) -> Tensor:
    """Euclidean length of each point, shape ``(n, 1, 1, 1)``."""
    return points.flatten(1).norm(dim=1).clamp_min(1e-12).view(-1, 1, 1, 1)


def load(architecture: str, weights: Path) -> nn.Module:
    """A network with weights that this benchmark wrote."""
    from safetensors.torch import load_file  # noqa: PLC0415 - beside torch in both places

    module = ARCHITECTURES[architecture]()
    module.load_state_dict(load_file(weights))
    module.requires_grad_(False)
    return module.eval()
