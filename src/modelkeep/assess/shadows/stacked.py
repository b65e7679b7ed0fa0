"""Many small networks trained as one: their weights are stacked along a first axis.

Shadow models differ only in their rows. Trained one after the other they spend most of
their time between operations; stacked, a linear layer of all of them is one batched matrix
product, and a convolution of all of them is one grouped convolution (which pays on an
accelerator; on a CPU networks with convolutions are stacked one at a time). Each network still
sees only its own rows and has its own first weights and its own order of rows.

Sources: Kingma and Ba, ICLR 2015 (Adam); Glorot and Bengio, AISTATS 2010 (first weights).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.core import InputError
from modelkeep.models import need

if TYPE_CHECKING:
    from torch import Tensor

_ANSWERED: Final = 512  # rows of one call
_KERNEL: Final = 3
_IMAGE_AXES: Final = 3


@dataclass(frozen=True, slots=True)
class Layout:
    """What each network is and how it is trained.

    Attributes:
        hidden: width of the one hidden layer.
        channels: of each convolution in front of it (3 x 3, halved by max pooling after
            each); empty for none.
        epochs: passes over the rows.
        batch: rows per step.
        rate: learning rate of Adam.
    """

    hidden: int = 64
    channels: tuple[int, ...] = ()
    epochs: int = 60
    batch: int = 200
    rate: float = 1e-3


def train_stack(
    rows: np.ndarray,
    truth: np.ndarray,
    included: np.ndarray,
    layout: Layout,
    *,
    seed: int,
    classes: int,
) -> Callable[[np.ndarray], np.ndarray]:
    """Train one network on each row of ``included``.

    Args:
        rows: shape ``(n, ...)`` of numbers.
        truth: classes, shape ``(n,)``, each below ``classes``.
        included: which network sees which row, shape ``(networks, n)`` boolean.
        layout: of each network.
        seed: of first weights and of the order of rows.
        classes: how many there are, also where some are absent here.

    Returns:
        From rows to probabilities, shape ``(networks, batch, classes)``.

    Raises:
        InputError: convolutions were asked for on rows that are no images, a network has no
            rows, or a class is out of range.
        MissingExtraError: torch is not installed.
    """
    torch = need("torch", "stacked shadow models")
    if layout.channels and rows.ndim != 1 + _IMAGE_AXES:
        raise InputError("convolutions need images (channels, height, width)")
    if not included.any(axis=1).all() or truth.min() < 0 or truth.max() >= classes:
        raise InputError("a shadow model without rows, or a class out of range")
    count = len(included)
    axes = (0, 2, 3) if rows.ndim == 1 + _IMAGE_AXES else 0
    mean = rows.mean(axis=axes, keepdims=True)  # of all rows: the same for every network
    spread = rows.std(axis=axes, keepdims=True) + 1e-6
    shape = rows.shape[1:] if layout.channels else (int(np.prod(rows.shape[1:])),)

    def ready(some: np.ndarray) -> Tensor:
        scaled = ((some - mean) / spread).astype(np.float32)
        return torch.from_numpy(scaled.reshape(len(some), *shape))

    generator = torch.Generator().manual_seed(seed)
    weights = _first_weights(count, shape, classes, layout, generator)
    data, answers = ready(rows), torch.from_numpy(truth.astype(np.int64))
    learner = torch.optim.Adam(weights, layout.rate)
    own = [torch.from_numpy(np.flatnonzero(mask)) for mask in included]
    for _ in range(layout.epochs):
        for chosen in _order(own, generator).split(layout.batch, dim=1):
            logits = _forward(weights, data[chosen], layout)
            wanted = answers[chosen]
            losses = torch.nn.functional.cross_entropy(
                logits.reshape(-1, classes), wanted.reshape(-1), reduction="sum"
            )
            learner.zero_grad()
            (losses / chosen.shape[1]).backward()  # the mean of each network, summed
            learner.step()

    def predict(asked: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            parts = [
                _forward(weights, part[None].expand(count, *part.shape), layout).softmax(dim=2)
                for part in ready(asked).split(_ANSWERED)
            ]
        return np.asarray(torch.cat(parts, dim=1).double().numpy())

    return predict


def _order(own: list[Tensor], generator: object) -> Tensor:
    """Each network's rows in an order of its own, shape ``(networks, most)``.

    A network with fewer rows than another meets some of them twice in a pass.
    """
    torch = need("torch", "stacked shadow models")
    most = max(len(rows) for rows in own)
    orders = []
    for rows in own:
        order = rows[torch.randperm(len(rows), generator=generator)]
        again = rows[torch.randint(len(rows), (most - len(rows),), generator=generator)]
        orders.append(torch.cat([order, again]))
    return torch.as_tensor(torch.stack(orders))


def _first_weights(
    count: int, shape: tuple[int, ...], classes: int, layout: Layout, generator: object
) -> list[Tensor]:
    """Weights and biases of the layers in turn, each with the networks as first axis."""
    torch = need("torch", "stacked shadow models")

    def drawn(*size: int, fan: int) -> Tensor:
        bound = (6.0 / fan) ** 0.5
        start = torch.rand(count, *size, generator=generator) * 2 - 1
        return torch.as_tensor(start * bound).requires_grad_(True)

    weights: list[Tensor] = []
    flat = shape[0]
    if layout.channels:
        before, height, width = shape
        for after in layout.channels:
            fan = (before + after) * _KERNEL**2
            weights += [drawn(after, before, _KERNEL, _KERNEL, fan=fan)]
            weights += [torch.zeros(count, after, requires_grad=True)]
            before, height, width = after, height // 2, width // 2
        flat = before * height * width
    if flat == 0:
        raise InputError("images are too small for that many convolutions")
    for inputs, outputs in ((flat, layout.hidden), (layout.hidden, classes)):
        weights += [drawn(inputs, outputs, fan=inputs + outputs)]
        weights += [torch.zeros(count, 1, outputs, requires_grad=True)]
    return weights


def _forward(weights: list[Tensor], rows: Tensor, layout: Layout) -> Tensor:
    """Logits ``(networks, batch, classes)`` of rows ``(networks, batch, ...)``."""
    torch = need("torch", "stacked shadow models")
    functional = torch.nn.functional
    count, batch = rows.shape[:2]
    at = 0
    if layout.channels:
        images = rows.transpose(0, 1).reshape(batch, -1, *rows.shape[3:])
        for _ in layout.channels:
            kernel, bias = weights[at], weights[at + 1]
            images = functional.conv2d(
                images, kernel.flatten(0, 1), bias.flatten(), padding=1, groups=count
            )
            images = functional.max_pool2d(images.relu(), 2)
            at += 2
        rows = images.reshape(batch, count, -1).transpose(0, 1)
    hidden = torch.baddbmm(weights[at + 1], rows, weights[at]).relu()
    return torch.as_tensor(torch.baddbmm(weights[at + 3], hidden, weights[at + 2]))
