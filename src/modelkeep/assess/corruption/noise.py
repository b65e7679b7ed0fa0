"""Noise of sensors: gaussian, shot (counted photons), impulse (dead and hot pixels).

Source: Hendrycks and Dietterich, ICLR 2019 (kinds of corruption; strengths are ours).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.assess.corruption.interface import Corruption


def _gaussian(rows: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(rows + rng.normal(0, 0.05 * severity, rows.shape))


def _shot(rows: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    photons = 120 / 2**severity
    return np.asarray(rng.poisson(rows * photons) / photons)


def _impulse(rows: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    struck = rng.random(rows.shape) < 0.03 * severity
    return np.where(struck, rng.integers(0, 2, rows.shape), rows)


CORRUPTIONS: Final = (
    Corruption("gaussian_noise", _gaussian),
    Corruption("shot_noise", _shot),
    Corruption("impulse_noise", _impulse),
)
