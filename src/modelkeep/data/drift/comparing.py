"""Compare how columns are spread now with how they were: KS, PSI and W1 together.

The verdict rests on tests with a stated chance of a false alarm, shared out over all columns
and both tests (Bonferroni): the two-sample Kolmogorov-Smirnov distance for numbers, and the
population stability index, which under no drift follows a chi-squared law with a scale set
by both sample sizes. A large sample makes every trifle significant: a column drifts only if
its distance also reaches ``least``. The Wasserstein distance says how far, in the column's
unit and in quartile spans.

Sources: Massey, The Kolmogorov-Smirnov Test for Goodness of Fit (1951); Yurdakul and
Naranjo, Statistical Properties of the Population Stability Index (2020).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import msgspec
import numpy as np

from modelkeep.core import UsageError
from modelkeep.data.drift.profile import EDGES, ColumnProfile, Profile

ALARM: Final = 0.01  # chance of any false alarm in a comparison of two data sets
LEAST: Final = 0.02  # KS distance below which nothing is called drift
_BINS: Final = 16
_FEW: Final = 5.0  # cells expected in a bin, at least


class ColumnDrift(msgspec.Struct, frozen=True):
    """One column then and now.

    Attributes:
        column: its name.
        drifted: whether it is not spread as before, at the level of the comparison.
        ks: greatest distance of the two distributions, in [0, 1]; of categories half the
            sum of the distances of their shares.
        ks_p: chance of such a distance without drift; 1 for categories.
        psi: population stability index.
        psi_p: chance of such an index without drift.
        w1: how far values moved on average, in the column's unit; 0 for categories.
        w1_spans: the same in spans from first to third quartile of before.
        why: what shows it, one phrase; empty if nothing drifted.
    """

    column: str
    drifted: bool
    ks: float
    ks_p: float
    psi: float
    psi_p: float
    w1: float
    w1_spans: float
    why: str = ""


def compare_profiles(
    before: Profile, now: Profile, *, alarm: float = ALARM, least: float = LEAST
) -> list[ColumnDrift]:
    """Compare all columns both profiles have.

    Args:
        before: the reference.
        now: what is compared with it.
        alarm: chance of calling anything drift where nothing drifted.
        least: smallest KS distance that is called drift.

    Raises:
        UsageError: a level or a distance out of its range.
    """
    if not 0 < alarm < 1 or not 0 <= least < 1:
        raise UsageError(f"alarm {alarm} and least distance {least} must lie between 0 and 1")
    names = [name for name in before.columns if name in now.columns]
    level = alarm / (3 * len(names) or 1)
    found = []
    for name in names:
        old, new = before.columns[name], now.columns[name]
        drift = _numbers(old, new) if old.edges and new.edges else _categories(old, new)
        found.append(_judged(name, drift, _missing_p(old, new), (level, least)))
    return found


def _judged(
    name: str, drift: tuple[float, ...], missing: tuple[float, float], bar: tuple[float, float]
) -> ColumnDrift:
    ks, ks_p, psi, psi_p, w1, w1_spans = drift
    level, least = bar
    shown = []
    if ks >= least and ks_p < level:
        shown.append(f"KS distance {ks:.3f}")
    if ks >= least and psi_p < level:
        shown.append(f"PSI {psi:.3f}")
    if missing[0] >= least and missing[1] < level:
        shown.append(f"the share of missing cells moved by {missing[0]:.3f}")
    return ColumnDrift(name, bool(shown), ks, ks_p, psi, psi_p, w1, w1_spans, ", ".join(shown))


def _numbers(old: ColumnProfile, new: ColumnProfile) -> tuple[float, ...]:
    edges, shares = np.array(old.edges), np.array(old.shares)
    own, theirs = np.array(new.edges), np.array(new.shares)
    points = np.union1d(edges, own)
    left, right = _share_at(edges, shares, points), _share_at(own, theirs, points)
    gaps = np.abs(left - right)
    # Between two edges a share is known to one part in their number only.
    ks = max(0.0, float(gaps.max(initial=0.0)) - 1 / EDGES)
    w1 = float(np.abs(_quantiles(edges, shares) - _quantiles(own, theirs)).mean())
    psi, psi_p = _psi(*_bins(edges, shares, own, theirs), old.rows, new.rows)
    return ks, _ks_p(ks, old.rows, new.rows), psi, psi_p, w1, w1 / old.span if old.span else 0.0


def _quantiles(edges: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Values at equal steps of probability; both sides are rounded up alike."""
    wanted = (np.arange(EDGES) + 0.5) / EDGES
    found: np.ndarray = edges[np.minimum(np.searchsorted(shares, wanted), len(edges) - 1)]
    return found


def _share_at(edges: np.ndarray, shares: np.ndarray, points: np.ndarray) -> np.ndarray:
    places = np.searchsorted(edges, points, "right")
    found: np.ndarray = np.concatenate([[0.0], shares])[places]
    return found


def _ks_p(distance: float, old: int, new: int) -> float:
    """Chance of such a distance or a greater one, if both are drawn alike (asymptotic)."""
    size = math.sqrt(old * new / (old + new)) if old and new else 0.0
    scaled = (size + 0.12 + 0.11 / size) * distance if size else 0.0
    if scaled < 0.2:  # noqa: PLR2004 - the series has not begun to fall
        return 1.0
    terms = [math.exp(-2 * k * k * scaled * scaled) for k in range(1, 101)]
    return min(1.0, max(0.0, 2 * (sum(terms[::2]) - sum(terms[1::2]))))


def _bins(
    edges: np.ndarray, shares: np.ndarray, own: np.ndarray, theirs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    wanted = np.arange(1, _BINS) / _BINS
    cuts = np.unique(edges[np.minimum(np.searchsorted(shares, wanted), len(edges) - 1)])
    parts = []
    for at, share in ((edges, shares), (own, theirs)):
        ends = np.concatenate([[0.0], _share_at(at, share, cuts), [1.0]])
        parts.append(np.diff(ends))
    return parts[0], parts[1]


def _categories(old: ColumnProfile, new: ColumnProfile) -> tuple[float, ...]:
    names = sorted({*old.counts, *new.counts})
    if not names or not old.rows or not new.rows:
        return 0.0, 1.0, 0.0, 1.0, 0.0, 0.0
    left = np.array([old.counts.get(name, 0) for name in names]) / old.rows
    right = np.array([new.counts.get(name, 0) for name in names]) / new.rows
    psi, psi_p = _psi(left, right, old.rows, new.rows)
    return float(np.abs(left - right).sum() / 2), 1.0, psi, psi_p, 0.0, 0.0


def _psi(left: np.ndarray, right: np.ndarray, old: int, new: int) -> tuple[float, float]:
    """The index over shares of bins, and its chance without drift.

    Bins in which few cells are expected are joined, or the law would not hold.
    """
    if not old or not new:
        return 0.0, 1.0
    pooled = (left * old + right * new) / (old + new)
    order = np.argsort(pooled)
    small = np.cumsum(pooled[order]) * min(old, new) < _FEW
    joined = order[: int(small.sum()) + 1] if small.any() else order[:0]
    kept = np.setdiff1d(np.arange(len(left)), joined)
    first, second = left[kept], right[kept]
    if len(joined):
        first = np.append(first, left[joined].sum())
        second = np.append(second, right[joined].sum())
    first = np.maximum(first, 0.5 / old)  # an empty bin counts half a cell
    second = np.maximum(second, 0.5 / new)
    index = float(((first - second) * np.log(first / second)).sum())
    return index, _chi_squared_tail(index / (1 / old + 1 / new), len(first) - 1)


def _chi_squared_tail(value: float, freedom: int) -> float:
    """Chance beyond ``value``; Wilson and Hilferty's cube root, close in the tail."""
    if freedom < 1 or value <= 0:
        return 1.0
    spread = 2 / (9 * freedom)
    score = ((value / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    return 1 - NormalDist().cdf(score)


def _missing_p(old: ColumnProfile, new: ColumnProfile) -> tuple[float, float]:
    """How much the share of missing cells moved, and the chance of that without drift."""
    sizes = old.rows + old.missing, new.rows + new.missing
    if not all(sizes):
        return 0.0, 1.0
    shares = old.missing / sizes[0], new.missing / sizes[1]
    pooled = (old.missing + new.missing) / sum(sizes)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / sizes[0] + 1 / sizes[1]))
    moved = abs(shares[0] - shares[1])
    return moved, 2 * (1 - NormalDist().cdf(moved / spread)) if spread else 1.0
