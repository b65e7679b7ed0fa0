"""One picture added to every row: the universal perturbation of a class.

Blended pictures and stripes over the whole image are of this kind. Size is the root
mean square of the picture. Sources: Moosavi-Dezfooli et al., CVPR 2017 (universal
perturbations); Chen et al. 2017 (blended triggers).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelkeep.assess.backdoor.interface import Family, Parameters
from modelkeep.models import need

if TYPE_CHECKING:
    import torch

_SCALE: Final = 0.1  # one step of the optimiser changes a pixel by a tenth of its step


def start(classes: int, shape: tuple[int, ...]) -> Parameters:
    """Nothing added yet."""
    torch = need("torch", "a backdoor test")
    return (torch.full((classes, 1, *shape), 1e-3),)


def stamp(parameters: Parameters, rows: torch.Tensor) -> torch.Tensor:
    """Rows with the picture added, kept in [0, 1]; shape ``(classes, n, ...)``."""
    return (rows + _SCALE * parameters[0]).clamp(0, 1)


def size(parameters: Parameters) -> torch.Tensor:
    """Root mean square of the picture."""
    return _SCALE * parameters[0].flatten(1).square().mean(1).sqrt()


FAMILY: Final = Family("overlay", start, stamp, size, 2.0)
