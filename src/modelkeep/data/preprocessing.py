"""Fit a preprocessing profile: centre, scale and range of every column of numbers.

The robust method takes median and quartile span, which a few planted outliers cannot move;
its range is that of the data less the outermost thousandth at either end, with a tenth of
that span as leeway, for the same reason. Fitted on sealed data, it names digest and root of
what it was fitted on.

Source: Huber, Robust Statistics (1981), for median and quartile span.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from modelkeep.core import InputError
from modelkeep.models.preprocessing import VERSION, PreprocessingProfile, Scaler

Method = Literal["standard", "robust", "minmax"]
_OUTERMOST: Final = 0.001
_LEEWAY: Final = 0.1


def fit_preprocessing(
    rows: np.ndarray,
    names: tuple[str, ...],
    *,
    sealed: tuple[str, str],
    method: Method = "robust",
) -> PreprocessingProfile:
    """Fit a profile.

    Args:
        rows: shape ``(rows, columns)``, finite numbers in the units of the data.
        names: of the columns.
        sealed: sha256 of the data and root of its seal.
        method: ``standard``, ``robust`` or ``minmax``.

    Raises:
        InputError: no rows, other shapes, or a value that is no number.
    """
    if rows.ndim != 2 or rows.shape[1] != len(names) or not rows.size:  # noqa: PLR2004
        raise InputError(f"rows of shape {rows.shape} for {len(names)} columns")
    values = rows.astype(np.float64)
    if not np.isfinite(values).all():
        place = int(np.argwhere(~np.isfinite(values))[0][1])
        raise InputError(
            f"column {names[place]!r} holds NaN or infinity", "Fill or drop those rows."
        )
    columns = tuple(_fit(name, values[:, place], method) for place, name in enumerate(names))
    return PreprocessingProfile(VERSION, method, sealed[0], sealed[1], columns)


def _fit(name: str, values: np.ndarray, method: Method) -> Scaler:
    low, first, middle, third, high = np.quantile(
        values, [_OUTERMOST, 0.25, 0.5, 0.75, 1 - _OUTERMOST]
    )
    if method == "robust":
        centre, scale = middle, third - first
        leeway = (high - low) * _LEEWAY
        low, high = low - leeway, high + leeway
    else:
        low, high = values.min(), values.max()
        centre, scale = (
            (low, high - low) if method == "minmax" else (values.mean(), values.std())
        )
    if scale == 0:  # a column of one value, or nearly so
        scale = values.std() or 1.0
    return Scaler(name, float(centre), float(scale), float(low), float(high))
