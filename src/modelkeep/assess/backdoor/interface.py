"""What kinds of trigger share: parameters per class, a way to stamp, a size to keep small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch

Parameters = tuple["torch.Tensor", ...]
Answer = Callable[["torch.Tensor"], "torch.Tensor"]  # rows in [0, 1] to logits


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of trigger, for all classes at once.

    Attributes:
        name: what findings call it.
        start: parameters for ``classes`` triggers on rows of a shape; first axis classes.
        stamp: parameters and rows ``(n, ...)`` to triggered rows ``(classes, n, ...)``.
        size: parameters to one size per class, shape ``(classes,)``; as a share of the
            largest trigger there is, so that one price fits all families.
        price: first price of a unit of size, in nats of cross-entropy.
    """

    name: str
    start: Callable[[int, tuple[int, ...]], Parameters]
    stamp: Callable[[Parameters, torch.Tensor], torch.Tensor]
    size: Callable[[Parameters], torch.Tensor]
    price: float


@dataclass(frozen=True, slots=True)
class Triggers:
    """The smallest trigger found for every class.

    Attributes:
        family: kind of trigger.
        sizes: shape ``(classes,)``, as a share of the largest there is.
        success: share of rows of other classes each sends to its class.
        parameters: of the triggers; first axis classes.
        passes: forward and backward passes spent.
    """

    family: Family
    sizes: np.ndarray
    success: np.ndarray
    parameters: Parameters
    passes: int
