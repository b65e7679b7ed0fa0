"""Attack on labels alone, for many rows at once, towards the nearest wrong answer.

Each row starts from another row that the model answers as another class, so nothing is
spent on finding a start. The first queries are cheap guesses inside the radius: the edge
of the ball towards the nearest such rows. What still stands walks along the decision
boundary: bisect to it, ask about small steps in random directions, average those that are
answered wrongly into a direction, and step along it. All rows take each stage together, so
that a stage is one call.

Sources: Chen, Jordan and Wainwright, IEEE S&P 2020 (HopSkipJump: the direction's estimate
and step sizes). Starts, guesses, batching and the stop inside the radius are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.assess.black_box.oracle import Found, Oracle
from modelkeep.assess.black_box.region import Region

_GUESSES: Final = 10  # neighbours of another class whose direction is tried
_TRIES: Final = 16  # random starts for a row that has no such neighbour
_PROBES: Final = 12  # directions asked about at the first step; grows with the root of steps
_MOST_PROBES: Final = 200
_HALVINGS: Final = 12  # of a step that is answered rightly again
_BISECTIONS: Final = 10
_STEPS: Final = 64
_TINY: Final = 1e-12


@dataclass(slots=True)
class _Walk:
    """Where each row's nearest wrongly answered point lies; infinitely far while unknown."""

    oracle: Oracle
    region: Region
    rng: np.random.Generator
    points: np.ndarray
    distance: np.ndarray

    def offer(self, points: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Ask about one point for each row; keep what is wrong and nearer. Who was wrong."""
        wrong = self.oracle.wrong(points, which)
        away = self.region.distance(points, which)
        nearer = wrong & (away < self.distance[which])
        self.points[which[nearer]] = points[nearer]
        self.distance[which[nearer]] = away[nearer]
        return wrong

    def blend(self, points: np.ndarray, which: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Points drawn towards their rows: a share of the way, or of the distance in L-inf."""
        units = self.region.units(points, which)
        if self.region.norm == "linf":
            limit = (share * np.abs(units).max(axis=1))[:, None]
            drawn = np.clip(units, -limit, limit)
        else:
            drawn = units * share[:, None]
        moved = self.region.rows[which] + drawn * self.region.scale
        return self.region.within(moved, which)

    def bisect(self, which: np.ndarray) -> None:
        """Draw each row's point to the boundary."""
        low, high = np.zeros(len(which)), np.ones(len(which))
        start = self.points[which].copy()
        for _ in range(_BISECTIONS):
            able = self.oracle.left(which) > 0
            if not able.any():
                return
            middle = (low + high)[able] / 2
            wrong = self.offer(self.blend(start[able], which[able], middle), which[able])
            places = np.flatnonzero(able)
            high[places[wrong]] = middle[wrong]
            low[places[~wrong]] = middle[~wrong]

    def directions(self, which: np.ndarray, count: int) -> np.ndarray:
        """Estimated direction into the wrong class at each row's point, ``(m, features)``."""
        width = self.region.rows.shape[1]
        noise = self.rng.normal(size=(len(which), count, width)) * (self.region.scale > 0)
        noise /= np.maximum(np.linalg.norm(noise, axis=2, keepdims=True), _TINY)
        reach = self.distance[which] / (1 if self.region.norm == "linf" else np.sqrt(width))
        asked = np.repeat(which, count)
        moved = (noise * reach[:, None, None]).reshape(-1, width) * self.region.scale
        points = self.region.within(self.points[asked] + moved, asked)
        sign = 2.0 * self.oracle.wrong(points, asked).reshape(len(which), count) - 1
        mean = sign.mean(axis=1, keepdims=True)
        weight = np.where(np.abs(mean) < 1, sign - mean, sign)  # a baseline, unless all agree
        step = np.einsum("mc,mcf->mf", weight, noise)
        if self.region.norm == "linf":
            return np.asarray(np.sign(step))
        return np.asarray(step / np.maximum(np.linalg.norm(step, axis=1)[:, None], _TINY))

    def step(self, which: np.ndarray, number: int) -> None:
        """Move each row's point along its direction, as far as it stays wrong, and bisect."""
        count = min(_MOST_PROBES, int(_PROBES * np.sqrt(number)))
        which = self.oracle.affordable(which, count + 2)
        if not len(which):
            return
        towards = self.directions(which, count) * self.region.scale
        size = self.distance[which] / np.sqrt(number)
        start = self.points[which].copy()
        pending = np.arange(len(which))
        for _ in range(_HALVINGS):
            pending = pending[self.oracle.left(which[pending]) > 0]
            if not len(pending):
                break
            rows = which[pending]
            moved = self.region.within(
                start[pending] + size[pending, None] * towards[pending], rows
            )
            wrong = self.oracle.wrong(moved, rows)
            self.points[rows[wrong]] = moved[wrong]
            self.distance[rows[wrong]] = self.region.distance(moved[wrong], rows[wrong])
            pending, size = pending[~wrong], size / 2
        nearest = start, self.region.distance(start, which)
        self.bisect(which)
        worse = self.distance[which] > nearest[1]
        self.points[which[worse]] = nearest[0][worse]
        self.distance[which[worse]] = nearest[1][worse]


def decision_search(
    oracle: Oracle, region: Region, *, seed: int, to_the_end: bool = False
) -> Found:
    """Look for the nearest point of each row that is answered wrongly, by labels alone.

    Args:
        oracle: the model; only which class scores highest is looked at.
        region: where points may lie; its radius is where a row may stop.
        seed: of every random choice.
        to_the_end: whether to spend the whole budget on the least distance, instead of
            leaving a row alone once it is broken inside the radius.

    Returns:
        The nearest wrongly answered point of each row, at whatever distance; ``broken``
        says which lie inside the radius. The row itself where none was found.
    """
    n = len(region.rows)
    walk = _Walk(
        oracle,
        region,
        np.random.default_rng(seed),
        points=region.rows.astype(np.float32).copy(),
        distance=np.full(n, np.inf),
    )
    if len(region.free):
        _guess(walk)
        _start(walk)
        walk.bisect(_open(walk, to_the_end=to_the_end))
        for number in range(1, _STEPS + 1):
            which = _open(walk, to_the_end=to_the_end)
            if not len(which):
                break
            walk.step(which, number)
    known = np.isfinite(walk.distance)
    broken = known & region.contains(walk.points, np.arange(n))
    return Found(walk.points, broken, np.where(broken, 0.0, -1.0))


def _open(walk: _Walk, *, to_the_end: bool) -> np.ndarray:
    """Rows that have a start, queries left, and something to gain."""
    gains = (
        walk.distance > 0
        if to_the_end
        else ~walk.region.contains(walk.points, np.arange(len(walk.points)))
    )
    known = np.flatnonzero(np.isfinite(walk.distance) & gains)
    return walk.oracle.affordable(known)


def _neighbours(walk: _Walk) -> np.ndarray:
    """For each row the nearest rows of other classes, nearest first; -1 where there are none.

    Every row under attack is answered rightly, so its class is known without a query.
    """
    rows, truth = walk.region.rows, walk.oracle.truth
    count = min(_GUESSES, len(rows))
    found = np.full((len(rows), count), -1)
    for row in range(len(rows)):
        others = np.flatnonzero(truth != truth[row])
        away = walk.region.distance(rows[others], np.full(len(others), row))
        nearest = others[np.argsort(away, kind="stable")[:count]]
        found[row, : len(nearest)] = nearest
    return found


def _guess(walk: _Walk) -> None:
    """Try the edge of the ball towards each neighbour, and remember the nearest as a start."""
    region, neighbours = walk.region, _neighbours(walk)
    for column in neighbours.T:
        standing = np.flatnonzero((column >= 0) & ~(walk.distance <= region.radius))
        which = walk.oracle.affordable(standing)
        if not len(which):
            continue
        other = region.rows[column[which]]
        towards = np.sign(region.units(other, which))
        walk.offer(region.towards(towards, which), which)


def _start(walk: _Walk) -> None:
    """A wrongly answered point for every row that has none yet."""
    region, rng = walk.region, walk.rng
    nearest = _neighbours(walk)[:, 0]
    which = np.flatnonzero(~np.isfinite(walk.distance) & (nearest >= 0))
    which = walk.oracle.affordable(which)
    walk.offer(region.within(region.rows[nearest[which]], which), which)
    for _ in range(_TRIES):
        which = walk.oracle.affordable(np.flatnonzero(~np.isfinite(walk.distance)))
        if not len(which):
            return
        noise = rng.random((len(which), region.rows.shape[1]))
        low, high = region.floor[which], region.ceiling[which]
        walk.offer(region.within(low + noise * (high - low), which), which)
