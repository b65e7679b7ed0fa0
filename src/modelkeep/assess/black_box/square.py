"""Search on scores for images: random squares, one place for all images of a step.

Convolutional networks are sensitive to squares of one sign. In L-infinity each query
repaints one square window at the edge of the ball; in L2 it moves the energy of one
window into another, where it forms a peak. The change is kept where the margin grows, and an
image that is answered wrongly leaves. The window shrinks as queries are spent.

Source: Andriushchenko et al., ECCV 2020 (Square attack; its schedule of window sizes).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.assess.black_box.oracle import Found, Oracle
from modelkeep.assess.black_box.region import Region

_FIRST: Final = 0.8  # share of the picture that the first window covers
_HALVED: Final = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)  # of 10,000 queries
_TINY: Final = 1e-12


def square_search(oracle: Oracle, region: Region, *, seed: int) -> Found:
    """Look for a point of each image that is answered wrongly.

    Args:
        oracle: the model; the shape of its rows is ``(channels, height, width)``.
        region: where points may lie; L1 is searched as L2 and drawn back.
        seed: of every random choice.
    """
    rng = np.random.default_rng(seed)
    n = len(region.rows)
    every = np.arange(n)
    best = region.rows.astype(np.float32).copy()
    margin = oracle.margins(best, every) if oracle.each else np.full(n, -np.inf)
    change = _repaint if region.norm == "linf" else _move_energy
    for step in range(oracle.each - 1):
        alive = oracle.affordable(np.flatnonzero(margin < 0))
        if not len(alive):
            break
        side = _side(step / oracle.each, oracle.shape)
        if step == 0:
            trial = _first(region, alive, oracle.shape, rng)
        else:
            units = region.units(best[alive], alive).reshape(len(alive), *oracle.shape)
            moved = change(units, region.radius, side, rng).reshape(len(alive), -1)
            trial = region.project(region.rows[alive] + moved * region.scale, alive)
        found = oracle.margins(trial, alive)
        kept = (found > margin[alive]) | (step == 0)
        best[alive[kept]], margin[alive[kept]] = trial[kept], found[kept]
    return Found(best, margin >= 0, margin)


def _side(spent: float, shape: tuple[int, ...]) -> int:
    """Side of the window in pixels after a share of the queries."""
    halved = sum(spent * 10_000 > at for at in _HALVED)
    _, height, width = shape
    side = round(float(np.sqrt(_FIRST / 2**halved * height * width)))
    return int(np.clip(side, 1, min(height, width)))


def _signs(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return np.where(rng.random(shape) < 0.5, -1.0, 1.0)  # noqa: PLR2004 - a coin


def _first(
    region: Region, alive: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    """Vertical stripes, one sign for each channel and column."""
    channels, height, width = shape
    stripes = np.repeat(_signs(rng, len(alive), channels, 1, width), height, axis=2)
    return region.towards(stripes.reshape(len(alive), -1), alive)


def _place(rng: np.random.Generator, side: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """A window of that side, as rows and columns of an image."""
    top = int(rng.integers(0, shape[-2] - side + 1))
    left = int(rng.integers(0, shape[-1] - side + 1))
    return slice(top, top + side), slice(left, left + side)


def _repaint(
    units: np.ndarray, radius: float, side: int, rng: np.random.Generator
) -> np.ndarray:
    """One window, painted at the edge of the box: one sign for each image and channel."""
    high, wide = _place(rng, side, units.shape)
    units[:, :, high, wide] = radius * _signs(rng, len(units), units.shape[1], 1, 1)
    return units


def _move_energy(
    units: np.ndarray, radius: float, side: int, rng: np.random.Generator
) -> np.ndarray:
    """Empty one window and put its energy, and what was left over, into another.

    Args:
        units: differences from the images, shape ``(m, channels, height, width)``.
        radius: of the L2 ball.
        side: of both windows.
        rng: for places and signs.
    """
    to, source = _place(rng, side, units.shape), _place(rng, side, units.shape)
    into = units[:, :, to[0], to[1]].copy()
    units[:, :, source[0], source[1]] = 0.0
    units[:, :, to[0], to[1]] = 0.0
    left = np.sqrt(np.maximum(radius**2 - (units**2).sum(axis=(1, 2, 3)), 0.0))
    old = into / np.maximum(np.linalg.norm(into, axis=(2, 3), keepdims=True), _TINY)
    peak = _peak(side) * _signs(rng, len(units), units.shape[1], 1, 1)
    fresh = peak + old
    fresh /= np.maximum(np.sqrt((fresh**2).sum(axis=(1, 2, 3), keepdims=True)), _TINY)
    units[:, :, to[0], to[1]] = fresh * left[:, None, None, None]
    return units


def _peak(side: int) -> np.ndarray:
    """A square pyramid of norm 1, shape ``(side, side)``."""
    ramp = np.minimum(np.arange(1, side + 1), np.arange(side, 0, -1)).astype(float)
    pyramid = np.minimum.outer(ramp, ramp)
    return np.asarray(pyramid / np.linalg.norm(pyramid))
