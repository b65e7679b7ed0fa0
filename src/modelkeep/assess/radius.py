"""What a radius means on this data, and which points lie inside it.

``linf:0.03`` is a fraction of each feature's training 1-99 % range; of [0, 1] for
images. Categorical columns are not touched. Points also stay within the values seen in
training, so that no attack wins by leaving the data's world.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.assess.threat import Norm, Threat
from modelkeep.core import InputError
from modelkeep.models import Dataset

_TOLERANCE: Final = 1e-5  # float32 rounding, as a share of a feature's scale
_ORDER: Final[dict[Norm, float]] = {"linf": np.inf, "l2": 2, "l1": 1}


@dataclass(frozen=True, slots=True)
class Space:
    """Units and limits of the features.

    Attributes:
        scale: size of one unit of radius, shape of one row; 0 where fixed.
        floor: least value, shape of one row.
        ceiling: greatest value, shape of one row.
        unit: in words.
    """

    scale: np.ndarray
    floor: np.ndarray
    ceiling: np.ndarray
    unit: str

    def box(self, rows: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest allowed values around ``rows``; same shape as ``rows``."""
        step = radius * self.scale
        low = np.maximum(rows - step, np.minimum(self.floor, rows))
        high = np.minimum(rows + step, np.maximum(self.ceiling, rows))
        return low.astype(np.float32), high.astype(np.float32)

    def contains(
        self, rows: np.ndarray, changed: np.ndarray, threat: Threat | float
    ) -> np.ndarray:
        """Whether each changed row lies within the threat of its own, shape ``(n,)``.

        A number stands for an L-infinity radius.
        """
        if not isinstance(threat, Threat):
            threat = Threat("linf", threat)
        low, high = self.box(rows, threat.radius)  # no norm lets one feature move further
        slack = _TOLERANCE * np.maximum(self.scale, 1e-12) + 1e-6 * np.abs(rows)
        inside = (changed >= low - slack) & (changed <= high + slack)
        boxed = np.asarray(inside.all(axis=tuple(range(1, inside.ndim))))
        if threat.norm == "linf":
            return boxed
        near = self.distance(rows, changed, threat.norm) <= threat.radius * (1 + _TOLERANCE)
        return np.asarray(boxed & near)

    def distance(self, rows: np.ndarray, changed: np.ndarray, norm: Norm) -> np.ndarray:
        """Length of each change in units of the scale, shape ``(n,)`` float64.

        A change of a feature that is fixed is infinitely long.
        """
        change = np.abs(changed.astype(np.float64) - rows.astype(np.float64))
        safe = np.where(self.scale > 0, self.scale, 1.0)
        units = np.where(self.scale > 0, change / safe, np.where(change > 0, np.inf, 0.0))
        flat = units.reshape(len(rows), math.prod(rows.shape[1:]))
        return np.asarray(np.linalg.norm(flat, _ORDER[norm], axis=1))


def space_of(train: Dataset | None, test: Dataset) -> Space:
    """The space of a data set.

    Raises:
        InputError: a table without training rows to take the ranges from.
    """
    shape = test.rows.shape[1:]
    if test.kind == "image":
        return Space(
            np.ones(shape), np.zeros(shape), np.ones(shape), "of the pixel range [0, 1]"
        )
    if train is None:
        raise InputError(
            "a radius on a table needs the training rows, whose ranges are its unit",
            "Add --data TRAIN.",
        )
    low, high = np.percentile(train.rows, [1, 99], axis=0)
    scale = np.where(train.numeric, high - low, 0.0)
    return Space(
        scale,
        train.rows.min(axis=0),
        train.rows.max(axis=0),
        "of each numeric feature's training 1-99 % range",
    )
