"""A mergeable sketch of how one column of numbers is spread.

Up to ``CAPACITY`` values are kept as they are, and then every value counts for itself: small
data is compared exactly. When a level is full it is sorted and every other value, the even
or the odd ones by the toss of a seeded coin, moves one level up and counts double. Once the
levels hold many values, one of each run of neighbouring rows is drawn before anything is
sorted, so that a long column costs little more than reading it. Sketches of the same column
add up, in any order, whoever made them. The error of a rank is about one part in
``CAPACITY``, well below what the comparison of a window can resolve.

Source: Agarwal and others, Mergeable Summaries (2012); Karnin, Lang and Liberty, Optimal
Quantile Approximation in Streams (2016), for the sampler in front.
"""

from __future__ import annotations

from typing import Final

import numpy as np

CAPACITY: Final = 16_384
_SAMPLED: Final = 64  # times the capacity seen before rows are drawn
_SEED: Final = 20_261


class QuantileSketch:
    """Values of one column, or of several parts of it merged."""

    def __init__(self, seed: int = _SEED) -> None:
        self._random = np.random.default_rng(seed)
        self._levels: list[np.ndarray] = [np.zeros(0)]
        self.rows = 0

    def add(self, values: np.ndarray) -> None:
        """Take in finite values, shape ``(rows,)``, float64."""
        level = 0
        while self.rows >> level >= _SAMPLED * CAPACITY:
            level += 1
        self.rows += len(values)
        self._put(self._drawn(values, level) if level else values, level)

    def _drawn(self, values: np.ndarray, level: int) -> np.ndarray:
        """One of each run of ``2 ** level`` rows; the few left over are drawn by lot."""
        step = 1 << level
        whole = len(values) // step
        places = np.arange(whole) * step + self._random.integers(0, step, whole)
        drawn: np.ndarray = values[places]
        rest = values[whole * step :]
        if len(rest) and self._random.random() < len(rest) / step:
            drawn = np.append(drawn, rest[self._random.integers(len(rest))])
        return drawn

    def merge(self, other: QuantileSketch) -> None:
        """Take in what another sketch saw."""
        self.rows += other.rows
        for level, values in enumerate(other._levels):
            self._put(values, level)

    def _put(self, values: np.ndarray, level: int) -> None:
        while len(self._levels) <= level:
            self._levels.append(np.zeros(0))
        self._levels[level] = np.concatenate([self._levels[level], values])
        while len(self._levels[level]) > 2 * CAPACITY:
            ranked = np.sort(self._levels[level])
            keep = len(ranked) % 2  # an odd one out stays
            self._levels[level] = ranked[:keep]
            if level + 1 == len(self._levels):
                self._levels.append(np.zeros(0))
            chosen = ranked[keep + int(self._random.integers(2)) :: 2]
            self._levels[level + 1] = np.concatenate([self._levels[level + 1], chosen])
            level += 1

    def spread(self) -> tuple[np.ndarray, np.ndarray]:
        """Kept values, ascending, and the share of all values up to and with each."""
        values = np.concatenate(self._levels)
        if len(values) == len(self._levels[0]):  # nothing was drawn or halved yet
            return np.sort(values), np.arange(1, len(values) + 1) / max(1, len(values))
        weights = np.concatenate(
            [np.full(len(kept), float(1 << level)) for level, kept in enumerate(self._levels)]
        )
        order = np.argsort(values)
        ranks = np.cumsum(weights[order])
        return values[order], ranks / ranks[-1] if len(ranks) else ranks
