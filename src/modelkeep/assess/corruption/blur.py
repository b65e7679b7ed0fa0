"""Blur of lenses and movement: gaussian, motion along a line, defocus over a disc.

Source: Hendrycks and Dietterich, ICLR 2019 (kinds of corruption; strengths are ours,
in shares of the picture's side).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import ndimage

from modelkeep.assess.corruption.interface import Corruption


def _gaussian(rows: np.ndarray, severity: int, _rng: np.random.Generator) -> np.ndarray:
    spread = 0.012 * severity * rows.shape[-1]
    return np.asarray(ndimage.gaussian_filter(rows, (0, 0, spread, spread), mode="nearest"))


def _motion(rows: np.ndarray, severity: int, _rng: np.random.Generator) -> np.ndarray:
    length = 1 + round(0.05 * severity * rows.shape[-1])
    return np.asarray(ndimage.uniform_filter1d(rows, length, axis=-1, mode="nearest"))


def _defocus(rows: np.ndarray, severity: int, _rng: np.random.Generator) -> np.ndarray:
    radius = 0.5 + 0.016 * severity * rows.shape[-1]
    reach = np.arange(-int(radius), int(radius) + 1)
    disc = (reach[:, None] ** 2 + reach[None] ** 2 <= radius**2).astype(float)
    return np.asarray(ndimage.convolve(rows, disc[None, None] / disc.sum(), mode="nearest"))


CORRUPTIONS: Final = (
    Corruption("gaussian_blur", _gaussian),
    Corruption("motion_blur", _motion),
    Corruption("defocus_blur", _defocus),
)
