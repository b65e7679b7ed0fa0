"""Sketches: exact while small, close when large, the same when merged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.data.drift.quantiles import CAPACITY, QuantileSketch


@settings(deadline=None)
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_small_data_is_kept_as_it_is(values: list[float]) -> None:
    sketch = QuantileSketch()
    sketch.add(np.array(values))
    kept, shares = sketch.spread()
    assert kept.tolist() == sorted(values)
    assert shares[-1] == pytest.approx(1)


def worst(sketch: QuantileSketch, values: np.ndarray) -> float:
    kept, shares = sketch.spread()
    true = np.searchsorted(np.sort(values), kept, "right") / len(values)
    return float(np.abs(true - shares).max())


@pytest.mark.parametrize("order", ["random", "rising", "periodic"])
def test_ranks_of_large_data_are_close(order: str) -> None:
    values = np.random.default_rng(1).normal(size=3_000_000)
    if order == "rising":
        values.sort()
    if order == "periodic":
        values[::2] += 9
    whole = QuantileSketch()
    halves = QuantileSketch(1), QuantileSketch(2)
    for index, part in enumerate(np.array_split(values, 40)):
        whole.add(part)
        halves[index % 2].add(part)
    halves[0].merge(halves[1])
    assert worst(whole, values) < 0.003
    assert worst(halves[0], values) < 0.003
    assert whole.rows == halves[0].rows == len(values)
    assert len(whole.spread()[0]) < 16 * CAPACITY
