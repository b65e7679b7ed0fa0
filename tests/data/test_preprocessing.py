"""Fitting a preprocessing profile, with and without planted outliers."""

from __future__ import annotations

import numpy as np
import pytest

from modelkeep.core import InputError
from modelkeep.data.preprocessing import Method, fit_preprocessing

SEALED = ("0" * 64, "1" * 64)
ROWS = np.random.default_rng(5).normal([40, 0], [10, 2], (5_000, 2))


@pytest.mark.parametrize(
    ("method", "centre", "scale"), [("standard", 40, 10), ("robust", 40, 13.5)]
)
def test_centre_and_scale_are_those_of_the_law(
    method: Method, centre: float, scale: float
) -> None:
    found = fit_preprocessing(ROWS, ("a", "b"), sealed=SEALED, method=method)
    assert found.columns[0].centre == pytest.approx(centre, rel=0.02)
    assert found.columns[0].scale == pytest.approx(scale, rel=0.03)
    assert (found.data_sha256, found.data_root) == SEALED


def test_rows_are_scaled_to_one_by_minmax_and_what_was_fitted_passes() -> None:
    found = fit_preprocessing(ROWS, ("a", "b"), sealed=SEALED, method="minmax")
    scaled = found.apply(ROWS)
    assert (scaled.min(), scaled.max()) == (0, 1)
    with pytest.raises(InputError):
        found.apply(ROWS[:1] + 100)


def test_planted_outliers_move_the_robust_profile_little_and_are_refused_by_it() -> None:
    planted = ROWS.copy()
    planted[:3, 0] = [1e6, -1e6, 1e6]
    clean, robust = (
        fit_preprocessing(rows, ("a", "b"), sealed=SEALED) for rows in (ROWS, planted)
    )
    assert robust.columns[0].scale == pytest.approx(clean.columns[0].scale, rel=0.01)
    for row in range(3):
        with pytest.raises(InputError, match="a is"):
            robust.apply(planted[row : row + 1])
    standard = fit_preprocessing(planted, ("a", "b"), sealed=SEALED, method="standard")
    assert standard.columns[0].scale > 100 * clean.columns[0].scale


def test_a_column_of_one_value_is_centred() -> None:
    found = fit_preprocessing(np.full((9, 1), 3.0), ("a",), sealed=SEALED)
    assert found.apply(np.full((1, 1), 3.0)).tolist() == [[0.0]]


@pytest.mark.parametrize("rows", [np.zeros((0, 2)), np.zeros((3, 1)), np.full((2, 2), np.nan)])
def test_what_cannot_be_fitted_is_refused(rows: np.ndarray) -> None:
    with pytest.raises(InputError):
        fit_preprocessing(rows, ("a", "b"), sealed=SEALED)
