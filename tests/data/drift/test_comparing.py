"""Drift: what scipy says on raw rows, and no more alarms than stated on clean windows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from check_columns import block_of
from modelkeep.core import UsageError
from modelkeep.data.drift import ALARM, Profile, Profiler, compare_profiles
from modelkeep.data.drift.comparing import _chi_squared_tail, _ks_p


def profile_of(**columns: object) -> Profile:
    profiler = Profiler()
    profiler.add("a", "parquet", block_of(**columns))
    return profiler.profile()


def drawn(rows: int, seed: int, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, scale, rows)


def test_distances_are_those_of_scipy_on_the_rows() -> None:
    old, new = drawn(50_000, 1), drawn(8_000, 2, 0.1, 1.1)
    (found,) = compare_profiles(profile_of(x=old), profile_of(x=new))
    test = stats.ks_2samp(old, new, method="asymp")
    assert found.ks == pytest.approx(test.statistic, abs=0.002)
    assert found.w1 == pytest.approx(stats.wasserstein_distance(old, new), rel=0.02)
    assert found.drifted
    assert "KS" in found.why


@pytest.mark.parametrize("distance", [0.005, 0.02, 0.03, 0.05])
def test_chance_of_a_distance_is_that_of_the_law(distance: float) -> None:
    size = (10_000 * 50_000 / 60_000) ** 0.5
    assert _ks_p(distance, 10_000, 50_000) == pytest.approx(
        stats.kstwobign.sf(distance * size), rel=0.1, abs=1e-12
    )


@pytest.mark.parametrize(("value", "freedom"), [(1, 3), (20, 15), (45, 15), (9, 1)])
def test_tail_of_chi_squared_is_close(value: float, freedom: int) -> None:
    assert _chi_squared_tail(value, freedom) == pytest.approx(
        stats.chi2.sf(value, freedom), rel=0.2
    )


def test_drift_is_seen_in_each_kind_of_column() -> None:
    rows = 20_000
    kinds = np.array(["a", "b", "c"])
    before = profile_of(
        moved=drawn(rows, 1),
        wider=drawn(rows, 2),
        same=drawn(rows, 3),
        kind=kinds[np.random.default_rng(4).integers(0, 3, rows)],
        hole=pa.array(drawn(rows, 5), mask=np.arange(rows) % 50 == 0),
    )
    now = profile_of(
        moved=drawn(rows, 11, 0.1),
        wider=drawn(rows, 12, 0.0, 1.2),
        same=drawn(rows, 13),
        kind=kinds[np.random.default_rng(14).choice(3, rows, p=[0.45, 0.3, 0.25])],
        hole=pa.array(drawn(rows, 15), mask=np.arange(rows) % 10 == 0),
    )
    drifted = {found.column for found in compare_profiles(before, now) if found.drifted}
    assert drifted == {"moved", "wider", "kind", "hole"}


def test_a_trifle_is_no_drift_however_many_rows_show_it() -> None:
    before, now = profile_of(x=drawn(900_000, 1)), profile_of(x=drawn(900_000, 2, 0.02))
    (found,) = compare_profiles(before, now)
    assert found.ks_p < 1e-6
    assert not found.drifted


@pytest.mark.slow
def test_clean_windows_alarm_no_more_often_than_stated() -> None:
    seed = np.random.default_rng(3)
    columns, rows = 6, 2_000

    def window(count: int) -> Profile:
        numbers = {f"x{n}": seed.gamma(2.0, 1.0, count) for n in range(columns - 2)}
        small = seed.poisson(2, count)
        words = np.array(["a", "b", "c", "d"])[seed.choice(4, count, p=[0.6, 0.3, 0.09, 0.01])]
        return profile_of(**numbers, small=small, words=words)

    before = window(40_000)
    alarms = sum(
        any(found.drifted for found in compare_profiles(before, window(rows)))
        for _ in range(1_000)
    )
    # 1,000 windows at the stated level: the count stays below its 99.9 % bound.
    assert alarms <= stats.binom.ppf(0.999, 1_000, ALARM)


def test_levels_out_of_range_are_refused() -> None:
    one = profile_of(x=[1.0])
    with pytest.raises(UsageError):
        compare_profiles(one, one, alarm=0)
