"""Light and weather: fog that grows smoothly over the picture, brightness, contrast.

Source: Hendrycks and Dietterich, ICLR 2019 (kinds of corruption; strengths are ours).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import ndimage

from modelkeep.assess.corruption.interface import Corruption


def _fog(rows: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    side = rows.shape[-1]
    clouds = rng.random((len(rows), 1, *rows.shape[2:]))
    clouds = ndimage.gaussian_filter(clouds, (0, 0, side / 6, side / 6), mode="wrap")
    clouds -= clouds.min(axis=(2, 3), keepdims=True)
    clouds /= np.maximum(clouds.max(axis=(2, 3), keepdims=True), 1e-9)
    thick = 0.13 * severity * (0.5 + 0.5 * clouds)
    return np.asarray(rows * (1 - thick) + thick)


def _brightness(rows: np.ndarray, severity: int, _rng: np.random.Generator) -> np.ndarray:
    return np.asarray(rows + 0.1 * severity)


def _contrast(rows: np.ndarray, severity: int, _rng: np.random.Generator) -> np.ndarray:
    middle = rows.mean(axis=(1, 2, 3), keepdims=True)
    return np.asarray(middle + (rows - middle) * (1 - 0.16 * severity))


CORRUPTIONS: Final = (
    Corruption("fog", _fog),
    Corruption("brightness", _brightness),
    Corruption("contrast", _contrast),
)
