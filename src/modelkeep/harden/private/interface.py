"""What the ways to clip gradients row by row share.

A step of private training needs, for each parameter, the sum over rows of gradients that
are scaled down to a common bound *each*. How these are come by is a matter of speed alone:
all ways give the same sums.

Source: Abadi et al., CCS 2016 (DP-SGD).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import torch

TINY: Final = 1e-6  # keeps a norm of zero from dividing


@dataclass(frozen=True, slots=True)
class Clipped:
    """Sums of clipped gradients.

    Attributes:
        sums: by parameter name, each of the parameter's shape.
        norms: of every row's gradient before clipping, shape ``(rows,)``.
    """

    sums: dict[str, torch.Tensor]
    norms: torch.Tensor


Clip = Callable[["torch.Tensor", "torch.Tensor", float], Clipped]  # rows, classes, bound


@dataclass(frozen=True, slots=True)
class Way:
    """A way to clip.

    Attributes:
        name: as the record says it.
        prepare: from a module in evaluation mode to what clips a batch: rows
            ``(n, ...)`` float32, their classes ``(n,)``, the bound. It may change the
            module's hooks and flags, never its weights, and raises ``NotThisWayError`` where
            the module is not of a kind it knows.
    """

    name: str
    prepare: Callable[[torch.nn.Module], Clip]


class NotThisWayError(Exception):
    """The gradients of this module cannot be come by in this way; another may do."""


def factors(norms: torch.Tensor, bound: float) -> torch.Tensor:
    """By how much each row's gradient is scaled down, shape ``(rows,)``, at most 1."""
    return (bound / (norms + TINY)).clamp(max=1.0)
