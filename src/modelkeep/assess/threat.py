"""A norm and a radius: how far an attacker may move an input.

Written ``linf:8/255``, ``l2:0.5`` or ``l1:12``. The radius is in units of each feature's
scale (``radius.space_of``): the pixel range of images, a column's training 1-99 % range.

Source: the threat models of RobustBench (Croce et al., NeurIPS 2021).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from modelkeep.core import UsageError

Norm = Literal["linf", "l2", "l1"]
NORMS: Final[tuple[Norm, ...]] = get_args(Norm)
_NUMBER: Final = r"\d{1,9}(?:\.\d{1,9})?(?:[eE]-?\d{1,2})?"
_FORM: Final = re.compile(rf"(\w+):({_NUMBER})(?:/({_NUMBER}))?")


@dataclass(frozen=True, slots=True)
class Threat:
    """How far an input may be moved.

    Attributes:
        norm: how the distance is measured.
        radius: the greatest distance, in units of each feature's scale.
    """

    norm: Norm
    radius: float

    def __str__(self) -> str:
        return f"{self.norm}:{self.radius:.6g}"


def parse_threat(text: str) -> Threat:
    """Read ``norm:radius``, where the radius may be a fraction such as ``8/255``.

    Raises:
        UsageError: another form, an unknown norm, or a radius that is not above 0.
    """
    found = _FORM.fullmatch(text.strip().lower())
    norm = next((known for known in NORMS if found and found[1] == known), None)
    if found is None or norm is None:
        raise UsageError(
            f"{text!r} is no threat", "Write norm:radius, such as linf:8/255, l2:0.5 or l1:12."
        )
    divisor = float(found[3] or 1)
    radius = float(found[2]) / divisor if divisor else math.inf
    if not 0 < radius < math.inf or (norm == "linf" and radius > 1):
        raise UsageError(
            f"{text!r}: the radius must be above 0, and of linf at most 1",
            "Radii are in units of the pixel range, or of each column's training range.",
        )
    return Threat(norm, radius)
