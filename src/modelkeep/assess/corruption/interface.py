"""What a corruption is: a change that weather, cameras and clerks make, at five severities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

SEVERITIES: Final = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Corruption:
    """One kind of change.

    Attributes:
        name: such as ``gaussian_noise``.
        change: rows, severity 1 to 5 and a generator to changed rows of the same shape.
            Pictures are ``(n, channels, height, width)`` in [0, 1]; tables are in units
            of each column's spread around its mean.
    """

    name: str
    change: Callable[[np.ndarray, int, np.random.Generator], np.ndarray]
