"""What an L-infinity radius means on this data, and which points lie inside it.

``linf:0.03`` is a fraction of each feature's training 1-99 % range; of [0, 1] for
images. Categorical columns are not touched. Points also stay within the values seen in
training, so that no attack wins by leaving the data's world.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelkeep.core import InputError
from modelkeep.models import Dataset

_TOLERANCE = 1e-5  # float32 rounding, as a share of a feature's scale


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

    def contains(self, rows: np.ndarray, changed: np.ndarray, radius: float) -> np.ndarray:
        """Whether each changed row lies within ``radius`` of its own, shape ``(n,)``."""
        low, high = self.box(rows, radius)
        slack = _TOLERANCE * np.maximum(self.scale, 1e-12) + 1e-6 * np.abs(rows)
        inside = (changed >= low - slack) & (changed <= high + slack)
        return np.asarray(inside.reshape(len(rows), -1).all(axis=1))


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
