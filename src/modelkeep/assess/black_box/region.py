"""Where a point may be moved: a ball around each row, cut by what the data allow.

Distances are in units of each feature's scale. A feature of scale 0 is fixed. In L-infinity
the ball is a box and points are clipped to it. In L2 and L1 a point outside is drawn back
along its own direction, which in L2 is the projection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.assess.robust_accuracy import Problem
from modelkeep.assess.threat import Norm

_ROUNDING: Final = 1e-6  # a point drawn back to a ball ends this much inside of it
_SLACK: Final = 1e-5  # float32 rounding, as a share of the radius
_ORDER: Final[dict[Norm, float]] = {"linf": np.inf, "l2": 2, "l1": 1}

Repair = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From points ``(m, features)`` and the rows they belong to ``(m,)`` to points that the data's
constraints allow."""


def _as_they_are(points: np.ndarray, _which: np.ndarray) -> np.ndarray:
    return points


def _inverse(scale: np.ndarray) -> np.ndarray:
    """One over the scale; 0 where a feature is fixed."""
    return np.where(scale > 0, 1.0 / np.where(scale > 0, scale, 1.0), 0.0)


@dataclass(frozen=True, slots=True)
class Region:
    """Balls of one radius around rows.

    Attributes:
        norm: of the ball.
        radius: of the ball, in units of ``scale``.
        rows: their centres, flat, shape ``(n, features)`` float32.
        scale: shape ``(features,)``; 0 where fixed.
        floor: least values the data allow, shape ``(n, features)``.
        ceiling: greatest values, same shape.
        repair: draws a point to one that the data's constraints allow.
    """

    norm: Norm
    radius: float
    rows: np.ndarray
    scale: np.ndarray
    floor: np.ndarray
    ceiling: np.ndarray
    repair: Repair = _as_they_are

    @property
    def free(self) -> np.ndarray:
        """Places of the features that can be moved in some row."""
        movable = (self.scale > 0) & (self.ceiling > self.floor).any(axis=0)
        return np.flatnonzero(movable)

    def units(self, points: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Differences from the rows in units of the scale, shape ``(m, features)``."""
        moved = points.astype(np.float64) - self.rows[which]
        return np.asarray(moved * _inverse(self.scale))

    def distance(self, points: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Distance of each point from its row in the ball's norm, shape ``(m,)``."""
        return np.asarray(
            np.linalg.norm(self.units(points, which), ord=_ORDER[self.norm], axis=1)
        )

    def within(self, points: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Points inside what the data allow, at any distance; float32."""
        fixed = np.where(self.scale > 0, points, self.rows[which])
        cut = np.clip(fixed, self.floor[which], self.ceiling[which]).astype(np.float32)
        return np.asarray(self.repair(cut, which), dtype=np.float32)

    def project(self, points: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Points inside the ball and what the data allow, shape ``(m, features)`` float32."""
        rows = self.rows[which].astype(np.float64)
        units = self.units(points, which)
        if self.norm == "linf":
            drawn = np.clip(units, -self.radius, self.radius)
        else:
            size = np.linalg.norm(units, ord=_ORDER[self.norm], axis=1, keepdims=True)
            reach = self.radius * (1 - _ROUNDING)
            drawn = units * np.minimum(1.0, reach / np.maximum(size, 1e-12))
        points = self.within(rows + drawn * self.scale, which)
        kept = self.contains(points, which)  # a repair may have moved linked features
        return np.where(kept[:, None], points, self.rows[which])

    def towards(self, directions: np.ndarray, which: np.ndarray) -> np.ndarray:
        """The point a radius away along each direction, components in [-1, 1]."""
        return self.project(self.rows[which] + self.radius * self.scale * directions, which)

    def contains(self, points: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Whether each point lies in the ball, but for float32 rounding; shape ``(m,)``."""
        rows = np.abs(self.rows[which])
        rounding = (1e-6 * rows * _inverse(self.scale)).max(axis=1, initial=0.0)
        near = self.distance(points, which) <= self.radius * (1 + _SLACK) + rounding
        still = np.where(self.scale > 0, True, points == self.rows[which]).all(axis=1)
        return np.asarray(near & still)


def region_of(problem: Problem, repair: Repair = _as_they_are) -> Region:
    """The region of a problem.

    Args:
        problem: rows of any shape, their boxes, norm and radius.
        repair: draws a point to one that the data's constraints allow.
    """
    n = len(problem.rows)
    rows, low, high = (p.reshape(n, -1) for p in (problem.rows, problem.low, problem.high))
    flat = rows.astype(np.float32)
    if problem.threat.norm == "linf":  # the box says it all; it is the unit
        scale = np.maximum(rows - low, high - rows).max(axis=0, initial=0.0)
        return Region("linf", 1.0, flat, scale, low, high, repair)
    scale = np.broadcast_to(problem.scale, problem.rows.shape[1:]).reshape(-1)
    threat = problem.threat
    return Region(threat.norm, threat.radius, flat, scale, low, high, repair)
