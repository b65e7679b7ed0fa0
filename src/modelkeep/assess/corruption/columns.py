"""What happens to tables: noise, values missing and filled with the mean, wrong units.

Values come as deviations from each column's mean, in spreads. Source: Breck et al.,
SysML 2019 (data errors seen in production pipelines).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.assess.corruption.interface import Corruption


def _noise(rows: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(rows + rng.normal(0, 0.1 * severity, rows.shape))


def _missing(rows: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    return np.where(rng.random(rows.shape) < 0.08 * severity, 0.0, rows)


def _unit(rows: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    """One column of every row is read in a wrong unit: too large by a factor."""
    column = rng.integers(0, rows.shape[1], len(rows))
    factor = np.ones(rows.shape)
    factor[np.arange(len(rows)), column] = 1.0 + severity
    return np.asarray(rows * factor)


CORRUPTIONS: Final = (
    Corruption("column_noise", _noise),
    Corruption("missing_values", _missing),
    Corruption("unit_shift", _unit),
)
