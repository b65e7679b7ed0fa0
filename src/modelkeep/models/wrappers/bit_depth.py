"""Fewer levels per feature: small changes round away, larger ones do not.

The gradient of rounding is zero, so an attack that follows it stands still; the stand-in
passes the gradient of rounding as the identity.

Sources: Xu, Evans and Qi, NDSS 2018 (feature squeezing); Athalye et al., ICML 2018 (BPDA).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from modelkeep.core import InputError
from modelkeep.models.extras import need
from modelkeep.models.wrappers.graph import Draft

if TYPE_CHECKING:
    from torch import Tensor, nn


class BitDepth(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="bit-depth"):
    """Rounding to ``2**bits`` levels between ``low`` and ``low + span``.

    Attributes:
        bits: 1 to 16.
        low: lowest level; one number, or one per column.
        span: distance of the highest level from it; 0 where a column is left alone.
    """

    bits: int
    low: tuple[float, ...]
    span: tuple[float, ...]

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Lowest level, distance of two levels, and 1 where values are rounded, else 0."""
        span = np.array(self.span)
        rounded = (span > 0).astype(np.float64)
        step = np.where(span > 0, span, 1.0) / (2**self.bits - 1)
        return np.array(self.low), np.where(span > 0, step, 1.0), rounded


def draw(draft: Draft, wrapper: BitDepth) -> None:
    """Round, then ask.

    Raises:
        InputError: bits or columns that do not fit.
    """
    columns = len(wrapper.low)
    if not 1 <= wrapper.bits <= 16 or len(wrapper.span) != columns:  # noqa: PLR2004
        raise InputError(f"rounding to {wrapper.bits} bits; 1 to 16 are possible")
    if columns not in (1, draft.row[-1]):
        raise InputError(f"levels for {columns} columns, rows have {draft.row[-1]}")
    low, step, rounded = (draft.constant(values) for values in wrapper.arrays())
    moved = draft.add("Div", draft.add("Sub", draft.source, low), step)
    level = draft.add("Add", draft.add("Mul", draft.add("Round", moved), step), low)
    change = draft.add("Mul", draft.add("Sub", level, draft.source), rounded)
    draft.finish(draft.ask(0, draft.add("Add", draft.source, change)))


def stand_in(wrapper: BitDepth, inside: Sequence[nn.Module], _truth: int) -> nn.Module:
    """The rounded forward pass with the gradient of no rounding."""
    torch = need("torch", "an attack through rounding")
    low, step, rounded = (torch.from_numpy(v.astype(np.float32)) for v in wrapper.arrays())

    class Rounding(torch.nn.Module):  # type: ignore[name-defined, misc]  # torch is untyped
        def __init__(self) -> None:
            super().__init__()
            self.inner = inside[0]

        def forward(self, rows: Tensor) -> Tensor:
            level = ((rows - low) / step).round() * step + low
            return self.inner(rows + (rounded * (level - rows)).detach())

    return Rounding()
