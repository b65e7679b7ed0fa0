"""Squeeze inputs: replace every pixel by the median of its 3 x 3 neighbours.

Source: Xu, Evans and Qi, NDSS 2018; He et al., WOOT 2017 (broken adaptively).
"""

from __future__ import annotations

from typing import Final

from modelkeep.assess import Context
from modelkeep.harden.interface import Defence, Effort
from modelkeep.harden.wrapping import SUFFIX, base_of, why_not_wrappable, wrapped
from modelkeep.models import Model
from modelkeep.models.wrappers import Median

_CAUTION: Final = "medians remove lone pixels; changes spread over a picture pass through them"


def applies(context: Context) -> str | None:
    """It needs pictures."""
    if context.test is not None and context.test.kind != "image":
        return "medians are taken of pictures"
    return why_not_wrappable(context)


def run(context: Context, _effort: Effort) -> Model:
    """The model behind a median filter.

    Raises:
        InputError: nothing can be drawn around the model.
    """
    return wrapped((base_of(context, context.model),), Median())


DEFENCE: Final = Defence(
    "HRD006", "median", "evasion", applies, run, _CAUTION, suffix=SUFFIX, by_name_only=True
)
