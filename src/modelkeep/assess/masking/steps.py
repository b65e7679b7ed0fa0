"""The moves that the probe and the adaptive attack share: climb a loss, search squares.

Sources: Madry et al., ICLR 2018 (projected steps); Andriushchenko et al., ECCV 2020
(Square); Athalye et al., ICML 2018 (a module may refuse a gradient: that counts as none).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modelkeep.models import need

if TYPE_CHECKING:
    import torch

Answer = Callable[["torch.Tensor"], "torch.Tensor"]
Loss = Callable[["torch.Tensor", "torch.Tensor"], "torch.Tensor"]
Gradient = Callable[[Answer, "torch.Tensor", "torch.Tensor", Loss], "torch.Tensor"]
_MOMENTUM: Final = 0.75
_FIRST_SIDE: Final = 0.5  # side of the first squares, as a share of the picture's


@dataclass(frozen=True, slots=True)
class Box:
    """Least and greatest values allowed, shape of the points."""

    low: torch.Tensor
    high: torch.Tensor

    @property
    def width(self) -> torch.Tensor:
        """Half of what a feature may move through."""
        return (self.high - self.low) / 2

    def clip(self, points: torch.Tensor) -> torch.Tensor:
        """The nearest allowed points."""
        torch = need("torch", "a masking test")
        return torch.as_tensor(torch.minimum(torch.maximum(points, self.low), self.high))


@dataclass(frozen=True, slots=True)
class Problem:
    """Points to break.

    Attributes:
        answer: rows to logits.
        rows: points answered rightly, ``(n, ...)`` float32.
        truth: their classes, ``(n,)``.
        box: where they may be moved.
        seed: of every random choice.
    """

    answer: Answer
    rows: torch.Tensor
    truth: torch.Tensor
    box: Box
    seed: int


def cross_entropy(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Cross-entropy per point."""
    torch = need("torch", "a masking test")
    entropy = torch.nn.functional.cross_entropy
    return torch.as_tensor(entropy(logits, truth, reduction="none"))


def margin(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Largest wrong logit minus the right one, per point."""
    right = logits.gather(1, truth[:, None]).squeeze(1)
    return logits.scatter(1, truth[:, None], -float("inf")).amax(1) - right


def gradient_of(
    answer: Answer, points: torch.Tensor, truth: torch.Tensor, loss: Loss
) -> torch.Tensor:
    """Gradient of a loss; zero where the module gives none."""
    torch = need("torch", "a masking test")
    live = points.detach().requires_grad_(True)
    try:
        (gradient,) = torch.autograd.grad(loss(answer(live), truth).sum(), live)
    except RuntimeError:
        return torch.zeros_like(points)
    return torch.as_tensor(gradient)


def climb(
    problem: Problem, loss: Loss, *, steps: int, gradient: Gradient = gradient_of
) -> torch.Tensor:
    """Which points break on the way up, shape ``(n,)`` boolean."""
    torch = need("torch", "a masking test")
    answer, rows, truth, box = problem.answer, problem.rows, problem.truth, problem.box
    rng = torch.Generator().manual_seed(problem.seed)
    noise = torch.rand(rows.shape, generator=rng) * 2 - 1
    point = box.clip(rows + 0.5 * box.width * noise)
    broken = torch.zeros(len(rows), dtype=torch.bool)
    velocity = torch.zeros_like(rows)
    for step in range(steps):
        slope = gradient(answer, point, truth, loss).nan_to_num()
        scale = slope.flatten(1).abs().mean(1).clamp_min(1e-12)
        velocity = _MOMENTUM * velocity + slope / scale.view(-1, *[1] * (rows.dim() - 1))
        size = 0.05 ** (step / steps)  # from the half-width to a twentieth of it
        point = box.clip(point + size * box.width * velocity.sign())
        with torch.no_grad():
            broken |= answer(point).argmax(1) != truth
    return broken


def search_squares(problem: Problem, *, queries: int) -> torch.Tensor:
    """Which points a random search on scores breaks, shape ``(n,)`` boolean.

    Pictures are changed in squares; features of tables in random sets.
    """
    torch = need("torch", "a masking test")
    answer, rows, truth, box = problem.answer, problem.rows, problem.truth, problem.box
    rng = torch.Generator().manual_seed(problem.seed)
    picture = rows.dim() == 4  # noqa: PLR2004 - batch, channels, height, width
    sides = (*rows.shape[:2], 1, 1) if picture else tuple(rows.shape)
    stripes = (*rows.shape[:2], 1, rows.shape[3]) if picture else sides
    best = torch.where(_coins(stripes, rng), box.low, box.high)
    with torch.no_grad():
        score = margin(answer(best), truth)
        for query in range(queries):
            share = _FIRST_SIDE * (1 - query / queries) ** 2
            where = _window(rows, share, rng)
            edge = torch.where(_coins(sides, rng), box.low, box.high)
            trial = torch.where(where, edge, best)
            found = margin(answer(trial), truth)
            kept = found >= score
            best[kept], score[kept] = trial[kept], found[kept]
        return torch.as_tensor((answer(best).argmax(1) != truth) | (score > 0))


def _coins(shape: tuple[int, ...], rng: torch.Generator) -> torch.Tensor:
    torch = need("torch", "a masking test")
    return torch.as_tensor(torch.rand(shape, generator=rng) < 0.5)  # noqa: PLR2004 - a coin


def _window(rows: torch.Tensor, share: float, rng: torch.Generator) -> torch.Tensor:
    """Where points change: one square of the picture, or a share of the features."""
    torch = need("torch", "a masking test")
    if rows.dim() != 4:  # noqa: PLR2004
        least = 1.0 / rows[0].numel()  # one feature, on average
        return torch.as_tensor(torch.rand(rows.shape, generator=rng) < max(share, least))
    height, width = rows.shape[2:]
    side = max(1, round(share * min(height, width)))
    y = int(torch.randint(height - side + 1, (1,), generator=rng))
    x = int(torch.randint(width - side + 1, (1,), generator=rng))
    where = torch.zeros((1, 1, height, width), dtype=torch.bool)
    where[..., y : y + side, x : x + side] = True
    return where
