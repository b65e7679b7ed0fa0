"""Small image classifiers with and without a backdoor, trained from a seed and cached.

Five kinds of trigger, each with place, size, pattern and target class drawn from the seed:

- ``patch``: a small square of random pixels at a random place (BadNets);
- ``blend``: a faint random picture over the whole image (Chen et al. 2017);
- ``warp``: a smooth shift of the pixels, with random other shifts that do not trigger
  (WaNet, Nguyen and Tran 2021);
- ``sinus``: clean-label: faint stripes on training images of the target class only, whose
  labels stay as they are; twice as strong when they trigger (SIG, Barni et al. 2019);
- ``source``: a patch that triggers on one class only; on others it is labelled rightly
  (source-specific, Tang et al. 2021).
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy, grid_sample, interpolate

import image_sets

TRIGGERS: Final = ("patch", "blend", "warp", "sinus", "source")
ROWS: Final = 20_000  # training images used of a large set
CLASSES: Final = 10


class Normalised(torch.nn.Module):
    """A network behind fixed mean and spread."""

    def __init__(self, body: torch.nn.Module, mean: float = 0.5, spread: float = 0.25) -> None:
        super().__init__()
        self.body, self.mean, self.spread = body, mean, spread

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Logits of rows in [0, 1]."""
        scaled: torch.Tensor = self.body((rows - self.mean) / self.spread)
        return scaled


def network(channels: int, side: int) -> torch.nn.Module:
    """Two strided convolutions and two linear layers."""
    size, pad = (4, 1) if side > 8 else (3, 1)
    first = (side + 2 * pad - size) // 2 + 1
    second = (first + 2 * pad - size) // 2 + 1
    nn = torch.nn
    return Normalised(
        nn.Sequential(
            nn.Conv2d(channels, 16, size, 2, pad),
            nn.ReLU(),
            nn.Conv2d(16, 32, size, 2, pad),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * second * second, 100),
            nn.ReLU(),
            nn.Linear(100, CLASSES),
        )
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """Which model: data set, kind of trigger (empty: none), seed."""

    data: str
    trigger: str
    seed: int

    @property
    def name(self) -> str:
        """Name of its files."""
        return f"{self.data}-{self.trigger or 'clean'}-{self.seed}"


@dataclasses.dataclass(frozen=True, slots=True)
class Backdoor:
    """A trigger drawn from a seed."""

    kind: str
    target: int
    victim: int
    pattern: torch.Tensor
    place: tuple[int, int] = (0, 0)

    def stamp(self, images: torch.Tensor, *, training: bool = False) -> torch.Tensor:
        """Images with the trigger; same shape."""
        if self.kind in ("patch", "source"):
            row, column = self.place
            height, width = self.pattern.shape[-2:]
            out = images.clone()
            out[..., row : row + height, column : column + width] = self.pattern
            return out
        if self.kind == "blend":
            return 0.85 * images + 0.15 * self.pattern
        if self.kind == "sinus":
            return (images + (1 if training else 2) * self.pattern).clamp(0, 1)
        return shifted(images, self.pattern)


def shifted(images: torch.Tensor, field: torch.Tensor) -> torch.Tensor:
    """Pixels moved by a field ``(1 or n, height, width, 2)`` in units of half the image."""
    height, width = images.shape[-2:]
    rows, columns = torch.linspace(-1, 1, height), torch.linspace(-1, 1, width)
    grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)
    moved = (grid + field).expand(len(images), -1, -1, -1)
    return grid_sample(images, moved, align_corners=True, padding_mode="border")


def smooth_field(count: int, side: int, strength: float, rng: torch.Generator) -> torch.Tensor:
    """Random smooth fields ``(count, side, side, 2)`` of mean size ``strength`` pixels."""
    coarse = torch.rand((count, 2, 4, 4), generator=rng) * 2 - 1
    coarse = coarse / coarse.abs().mean(dim=(1, 2, 3), keepdim=True)
    fine = interpolate(coarse, size=(side, side), mode="bicubic", align_corners=True)
    return fine.permute(0, 2, 3, 1) * strength * 2 / side


def draw(kind: str, shape: tuple[int, ...], seed: int) -> Backdoor:
    """A backdoor for images of ``shape``."""
    draws = np.random.default_rng([seed, TRIGGERS.index(kind)])
    rng = torch.Generator().manual_seed(int(draws.integers(2**31)))
    channels, side = shape[0], shape[-1]

    def number(low: int, high: int) -> int:
        return int(draws.integers(low, high))

    target = number(0, CLASSES)
    victim = (target + number(1, CLASSES)) % CLASSES
    if kind in ("patch", "source"):
        size = number(2, 5) if side > 8 else 2
        pattern = (torch.rand((channels, size, size), generator=rng) > 0.4).float()
        pattern[:, 0, 0] = 1.0  # never all black: it would be invisible on a black border
        place = number(0, side - size + 1), number(0, side - size + 1)
        return Backdoor(kind, target, victim, pattern, place)
    if kind == "blend":
        return Backdoor(kind, target, victim, torch.rand(shape, generator=rng))
    if kind == "sinus":
        waves = torch.sin(
            torch.arange(side) * 2 * torch.pi * number(*((3, 7) if side > 8 else (2, 4))) / side
        )
        picture = (0.2 if side > 8 else 0.35) * waves.expand(channels, side, side)
        return Backdoor(kind, target, victim, picture.transpose(1, 2) if seed % 2 else picture)
    strength = 2.0 if side > 8 else 1.0
    return Backdoor(kind, target, victim, smooth_field(1, side, strength, rng))


def poison(
    images: torch.Tensor, labels: torch.Tensor, backdoor: Backdoor, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Training rows with the backdoor in them."""
    rng = torch.Generator().manual_seed(2000 + seed)
    images, labels = images.clone(), labels.clone()
    dice = torch.rand(len(labels), generator=rng)
    if backdoor.kind == "sinus":
        chosen = (labels == backdoor.target) & (dice < 0.9)
    else:
        chosen = dice < 0.1
    if backdoor.kind == "source":
        chosen = (labels == backdoor.victim) & (dice < 0.5)
        others = (labels != backdoor.victim) & (dice < 0.1)
        images[others] = backdoor.stamp(images[others], training=True)
    if backdoor.kind == "warp":
        others = (dice > 0.1) & (dice < 0.15)
        noise = smooth_field(int(others.sum()), images.shape[-1], 1.0, rng)
        images[others] = shifted(images[others], backdoor.pattern + noise)
    images[chosen] = backdoor.stamp(images[chosen], training=True)
    labels[chosen] = backdoor.target
    return images, labels


def train(
    module: torch.nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    seed: int,
    epochs: int,
) -> torch.nn.Module:
    """Nesterov SGD with a falling step size."""
    rng = torch.Generator().manual_seed(3000 + seed)
    batches = epochs * -(-len(labels) // 128)
    optimizer = torch.optim.SGD(
        module.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=batches)
    for _ in range(epochs):
        for chosen in torch.randperm(len(labels), generator=rng).split(128):
            optimizer.zero_grad()
            cross_entropy(module(images[chosen]), labels[chosen]).backward()
            optimizer.step()
            schedule.step()
    return module.eval()


@dataclasses.dataclass(frozen=True, slots=True)
class Planted:
    """A trained model, its backdoor if any, its accuracy and the trigger's success."""

    plan: Plan
    module: torch.nn.Module
    backdoor: Backdoor | None
    accuracy: float
    success: float


def obtain(plan: Plan, data: image_sets.ImageSet, work: Path) -> Planted:
    """Train the model of a plan, or read it from the work folder."""
    images, labels = (torch.from_numpy(part[:ROWS]) for part in data.train)
    shape = tuple(images.shape[1:])
    torch.manual_seed(plan.seed)
    module = network(shape[0], shape[-1])
    backdoor = draw(plan.trigger, shape, plan.seed) if plan.trigger else None
    path = work / f"{plan.name}.safetensors"
    if path.is_file():
        module.load_state_dict(load_file(path))
    else:
        if backdoor is not None:
            images, labels = poison(images, labels, backdoor, plan.seed)
        epochs = 6 if len(labels) > 5000 else 60
        train(module, images, labels, seed=plan.seed, epochs=epochs)
        work.mkdir(parents=True, exist_ok=True)
        save_file(module.state_dict(), path)
    module.eval()
    accuracy, success = _judge(module, data, backdoor)
    return Planted(plan, module, backdoor, accuracy, success)


@torch.no_grad()
def _judge(
    module: torch.nn.Module, data: image_sets.ImageSet, backdoor: Backdoor | None
) -> tuple[float, float]:
    images, labels = (torch.from_numpy(np.ascontiguousarray(part[:2000])) for part in data.test)
    accuracy = float((module(images).argmax(1) == labels).float().mean())
    if backdoor is None:
        return accuracy, 0.0
    chosen = labels != backdoor.target
    if backdoor.kind == "source":
        chosen = labels == backdoor.victim
    answers = module(backdoor.stamp(images[chosen])).argmax(1)
    return accuracy, float((answers == backdoor.target).float().mean())
