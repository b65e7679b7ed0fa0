"""Cameras that stand elsewhere: rotation, translation, scale.

Source: Engstrom et al., ICML 2019 (rotations and translations suffice).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import ndimage

from modelkeep.assess.corruption.interface import Corruption


def _rotation(rows: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    angle = 8.0 * severity * rng.choice([-1, 1])
    return np.asarray(
        ndimage.rotate(rows, angle, axes=(3, 2), reshape=False, order=1, mode="nearest")
    )


def _translation(rows: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    step = 0.04 * severity * rows.shape[-1] * rng.choice([-1, 1], 2)
    return np.asarray(ndimage.shift(rows, (0, 0, *step), order=1, mode="nearest"))


def _scale(rows: np.ndarray, severity: int, _rng: np.random.Generator) -> np.ndarray:
    zoom = 1 + 0.12 * severity
    middle = (np.array(rows.shape[2:]) - 1) / 2
    offset = (0, 0, *(middle - middle * zoom))
    return np.asarray(
        ndimage.affine_transform(rows, (1, 1, zoom, zoom), offset, order=1, mode="nearest")
    )


CORRUPTIONS: Final = (
    Corruption("rotation", _rotation),
    Corruption("translation", _translation),
    Corruption("scale", _scale),
)
