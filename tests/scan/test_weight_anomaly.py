"""Weights that are not finite or all zero are said; honest weights are silent."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save

from modelkeep.core import Severity
from modelkeep.scan.weight_anomaly import DETECTOR
from samples import found_by, npy_of

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, -1])
def test_one_value_that_is_not_finite_is_said(dtype: str, bad: float, place: int) -> None:
    weights = RANDOM.normal(size=100_000).astype(dtype)
    assert found_by(DETECTOR, save({"w": weights})) == []
    weights[place] = bad
    (finding,) = found_by(DETECTOR, save({"w": weights}))
    assert (finding.severity, "'w'" in finding.message) == (Severity.MEDIUM, True)


def test_large_tensors_of_zeros_are_said_and_small_ones_are_not() -> None:
    data = save({"bias": np.zeros(64, "float32"), "w": np.zeros(9000, "float32")})
    (finding,) = found_by(DETECTOR, data)
    assert (finding.severity, "'w'" in finding.message) == (Severity.INFO, True)
    assert "bias" not in finding.message


def test_huge_values_are_said() -> None:
    weights = RANDOM.normal(size=1000).astype("float32")
    weights[5] = -3e38
    (finding,) = found_by(DETECTOR, save({"mask": weights}))
    assert (finding.severity, "larger" in finding.message) == (Severity.LOW, True)


def test_the_byte_order_of_an_array_is_kept() -> None:
    weights = RANDOM.normal(size=1000).astype(">f4")
    assert found_by(DETECTOR, npy_of(weights)) == []
    weights[3] = np.nan
    assert len(found_by(DETECTOR, npy_of(weights))) == 1
