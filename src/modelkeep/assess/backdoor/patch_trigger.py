"""A mask and a pattern: the classical patch or sticker.

Size is the area of the mask. Source: Wang et al., IEEE S&P 2019 (Neural Cleanse).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelkeep.assess.backdoor.interface import Family, Parameters
from modelkeep.models import need

if TYPE_CHECKING:
    import torch

_CLOSED: Final = -3.0  # the mask starts nearly transparent


def start(classes: int, shape: tuple[int, ...]) -> Parameters:
    """A mask of one channel and a grey pattern, both before their sigmoid."""
    torch = need("torch", "a backdoor test")
    area = (1, *shape[1:]) if len(shape) > 1 else shape  # channels share one mask
    mask = torch.full((classes, 1, *area), _CLOSED)
    return mask, torch.zeros((classes, 1, *shape))


def stamp(parameters: Parameters, rows: torch.Tensor) -> torch.Tensor:
    """Rows with the pattern where the mask is; shape ``(classes, n, ...)``."""
    mask, pattern = (value.sigmoid() for value in parameters)
    return rows + mask * (pattern - rows)


def size(parameters: Parameters) -> torch.Tensor:
    """Share of the image the mask covers."""
    return parameters[0].sigmoid().flatten(1).mean(1)


FAMILY: Final = Family("patch", start, stamp, size, 0.8)
