"""A short search without gradients on the points that came closest.

Honest networks lose nothing to it. Where it breaks points that gradients did not, the
gradients are not to be believed, so it is kept although it costs passes.

Source: Andriushchenko et al., ECCV 2020 (square windows on images); on other rows the window
is a random set of features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelkeep.assess.white_box.target import Target
from modelkeep.models import need

if TYPE_CHECKING:
    from torch import Generator, Tensor

_SHARE: Final = 0.3  # of the features a first window covers
_IMAGE: Final = 3  # dimensions of one image


def probe(target: Target, points: Tensor, queries: int, generator: Generator) -> None:
    """Try random windows on points, one look per query; what is found is remembered."""
    torch = need("torch", "a gradient attack")
    with torch.no_grad():
        for at in range(queries):
            left = points[~target.broken[points]]
            if not len(left):
                return
            window = _window(target, _SHARE * (1 - at / queries) ** 2, generator)
            signs = torch.rand((len(left), 1), generator=generator).round() * 2 - 1
            moved = target.best[left] + 2 * signs * window
            box = target.place.box.take(left)
            for part, trial in zip(
                left.split(target.chunk),
                target.place.geometry.project(moved, box).split(target.chunk),
                strict=True,
            ):
                target.margins(part, trial)


def _window(target: Target, share: float, generator: Generator) -> Tensor:
    """Which features a query moves, shape ``(features,)``, 0 or 1."""
    torch = need("torch", "a gradient attack")
    shape = target.place.shape
    if len(shape) != _IMAGE:
        chosen = torch.rand(target.place.scale.shape, generator=generator) < share
        return chosen.float()
    _, height, width = shape
    side = max(1, round((share * height * width) ** 0.5))
    top, left = (
        int(torch.randint(0, max(1, edge - side + 1), (), generator=generator))
        for edge in (height, width)
    )
    window = torch.zeros(shape)
    window[:, top : top + side, left : left + side] = 1.0
    return window.flatten()
