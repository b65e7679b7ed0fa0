"""Squeeze inputs: round every feature to the fewest bits that cost hardly any accuracy.

Small changes round away; an attacker who knows of the rounding goes through it, and that attack
is what the gain is read from.

Source: Xu, Evans and Qi, NDSS 2018; He et al., WOOT 2017 (broken adaptively).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.assess import Context, space_of
from modelkeep.harden.interface import Defence, Effort
from modelkeep.harden.wrapping import SUFFIX, base_of, why_not_wrappable, wrapped
from modelkeep.models import Model
from modelkeep.models.wrappers import BitDepth

_BITS: Final = range(1, 9)
_COST: Final = 0.01  # accuracy on training rows that rounding may cost
_ROWS: Final = 1000
_CAUTION: Final = "rounding hides gradients; it is measured by an attack that passes through it"


def run(context: Context, _effort: Effort) -> Model:
    """The model behind rounding; eight bits where fewer cost too much.

    Raises:
        InputError: nothing can be drawn around the model.
    """
    base = base_of(context, context.model)
    data = context.train or context.test
    if data is None:
        raise TypeError("rounding needs rows")
    rows = context.sample(data, _ROWS)
    space, truth = space_of(context.train, rows), context.truth(rows)
    image = rows.kind == "image"
    low = (0.0,) if image else tuple(space.floor.astype(float).tolist())
    span = (1.0,) if image else tuple(np.where(space.scale > 0, _range(context), 0).tolist())
    plain = float((context.predict(rows.rows).argmax(axis=1) == truth).mean())
    found = context.model
    for bits in _BITS:
        found = wrapped((base,), BitDepth(bits, low, span))
        if plain - float((found.predict(rows.rows).argmax(axis=1) == truth).mean()) <= _COST:
            break
    return found


def _range(context: Context) -> np.ndarray:
    """Distance from least to greatest training value by column."""
    data = context.train or context.test
    if data is None:
        raise TypeError("rounding needs rows")
    return np.asarray(np.ptp(data.rows.astype(np.float64), axis=0))


DEFENCE: Final = Defence(
    "HRD005",
    "bit-depth",
    "evasion",
    why_not_wrappable,
    run,
    _CAUTION,
    suffix=SUFFIX,
    by_name_only=True,
)
