"""How a sticker meets a picture: anywhere, turned, nearer or farther, in other light.

One affine map per picture carries place, turn and size, so the gradient reaches the
sticker's own pixels. A detector would be shown the same pictures: only the loss that is
climbed knows that the model is a classifier.

Sources: Brown et al. 2017 (adversarial patch); Athalye et al., ICML 2018 (expectation
over transformations); Sharif et al., CCS 2016 (printable colours).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from modelkeep.models import need

if TYPE_CHECKING:
    import torch

PRINTED: Final = (0.1, 0.9)  # darkest and brightest a printer and a camera give
_TURN: Final = math.radians(25)
_SIZES: Final = (0.85, 1.15)
_LIGHT: Final = 0.1


def printable(raw: torch.Tensor) -> torch.Tensor:
    """Free numbers as colours a printer can make; same shape."""
    dark, bright = PRINTED
    return dark + (bright - dark) * raw.sigmoid()


def place(
    sticker: torch.Tensor, rows: torch.Tensor, share: float, rng: torch.Generator
) -> torch.Tensor:
    """Rows with the sticker at a random place each.

    Args:
        sticker: colours ``(channels, side, side)`` in [0, 1].
        rows: pictures ``(n, channels, height, width)`` in [0, 1].
        share: of the picture's area the sticker covers.
        rng: of places, turns, sizes and light.
    """
    torch = need("torch", "a patch attack")
    n = len(rows)
    side = math.sqrt(share)  # of the picture's side
    size = side * _uniform(n, _SIZES, rng)
    turn = _uniform(n, (-_TURN, _TURN), rng)
    x, y = (_uniform(n, (-1, 1), rng) * (1 - side) for _ in range(2))
    cosine, sine = turn.cos() / size, turn.sin() / size
    first = torch.stack([cosine, sine, -cosine * x - sine * y], 1)
    second = torch.stack([-sine, cosine, sine * x - cosine * y], 1)
    functional = torch.nn.functional
    grid = functional.affine_grid(
        torch.stack([first, second], 1), list(rows.shape), align_corners=False
    )
    spread = sticker.expand(n, -1, -1, -1)
    pasted = functional.grid_sample(spread, grid, align_corners=False, padding_mode="border")
    inside = (grid.abs() <= 1).all(-1)[:, None]
    light = _uniform(n, (-_LIGHT, _LIGHT), rng).view(-1, 1, 1, 1)
    return torch.where(inside, (pasted + light).clamp(0, 1), rows)


def _uniform(n: int, ends: tuple[float, float], rng: torch.Generator) -> torch.Tensor:
    torch = need("torch", "a patch attack")
    low, high = ends
    return torch.as_tensor(low + (high - low) * torch.rand(n, generator=rng))
