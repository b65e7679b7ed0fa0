"""What comparing a window with a reference costs beside scipy on the raw rows.

Run it: ``python benchmarks/data_drift.py``. Reference of 200,000 rows and window of 10,000, 50
columns, three of which drifted (mean by a tenth, spread by a tenth, a tenth of the rows by
one). CPU seconds of one thread; both decide at the same level, shared out over the columns.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from scipy import stats

from modelkeep.data.drift import ALARM, Profile, compare_profiles, profile_rows

COLUMNS, OLD, NEW = 50, 200_000, 10_000
TARGET = 100


def profiled(rows: np.ndarray) -> Profile:
    """Profile of rows, shape ``(rows, columns)``."""
    return profile_rows(rows, tuple(f"c{place:02}" for place in range(rows.shape[1])))


def main() -> int:
    """Print the figures; returns 1 if a verdict differs or the target is missed."""
    seed = np.random.default_rng(0)
    old = seed.gamma(2.0, 1.0, (OLD, COLUMNS))
    new = seed.gamma(2.0, 1.0, (NEW, COLUMNS))
    new[:, 3] += 0.1 * old[:, 3].std()
    new[:, 17] = (new[:, 17] - 2) * 1.1 + 2
    new[: NEW // 10, 31] += 1
    before = time.process_time()
    reference = profiled(old)
    built = time.process_time() - before

    before = time.process_time()
    found = compare_profiles(reference, profiled(new))
    ours = time.process_time() - before
    drifted = [place for place, column in enumerate(found) if column.drifted]

    before = time.process_time()
    tests = [
        stats.ks_2samp(old[:, place], new[:, place], method="asymp") for place in range(COLUMNS)
    ]
    moved = [
        stats.wasserstein_distance(old[:, place], new[:, place]) for place in range(COLUMNS)
    ]
    theirs = time.process_time() - before
    raw = [place for place, test in enumerate(tests) if test.pvalue < ALARM / COLUMNS]
    apart = max(abs(found[place].w1 / moved[place] - 1) for place in raw)
    print(
        f"{OLD:,} rows against {NEW:,}, {COLUMNS} columns; profile built in {built:.2f} CPU s"
    )
    print(f"scipy KS and W1 on raw rows  {theirs * 1e3:>8.0f} ms, drifted {raw}")
    print(f"profile: KS, PSI and W1      {ours * 1e3:>8.1f} ms, drifted {drifted}")
    print(f"W1 of the drifted columns differs from scipy's by at most {apart:.1%}")
    print(f"target: {TARGET} x less CPU at the same verdicts: {theirs / ours:.0f} x")
    return 0 if drifted == raw and theirs / ours >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
