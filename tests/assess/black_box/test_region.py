"""Points stay in the ball, within the data, and where they are fixed."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.assess.black_box import Region, region_of
from modelkeep.assess.robust_accuracy import Problem
from modelkeep.assess.threat import Threat

RNG = np.random.default_rng(0)
ROWS = RNG.random((4, 5)).astype(np.float32)
SCALE = np.array([1.0, 0.5, 100.0, 0.0, 2.0])
WHICH = np.array([0, 1, 2, 3, 0])
Norm = Literal["linf", "l2", "l1"]


def region(norm: Norm, radius: float = 0.1) -> Region:
    floor, ceiling = np.full(ROWS.shape, -50.0), np.full(ROWS.shape, 50.0)
    return Region(norm, radius, ROWS, SCALE, floor, ceiling)


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
@given(seed=st.integers(0, 1000), size=st.floats(0, 1e4), radius=st.floats(1e-3, 10))
def test_every_projected_point_is_inside_and_projecting_again_changes_nothing(
    norm: Norm, seed: int, size: float, radius: float
) -> None:
    there = region(norm, radius)
    points = ROWS[WHICH] + size * np.random.default_rng(seed).normal(size=(5, 5))
    drawn = there.project(points, WHICH)
    assert there.contains(drawn, WHICH).all()
    assert (drawn[:, 3] == ROWS[WHICH, 3]).all(), "a feature of scale 0 is fixed"
    assert (np.abs(drawn) <= 50).all()
    assert there.project(drawn, WHICH) == pytest.approx(drawn, rel=1e-5, abs=1e-6)


def problem(low: np.ndarray, high: np.ndarray, **more: object) -> Problem:
    return Problem(ROWS, np.zeros(4, dtype=int), low, high, 0, **more)


def test_a_problem_in_l2_keeps_its_radius_and_scale() -> None:
    there = region_of(problem(ROWS - 1, ROWS + 1, threat=Threat("l2", 0.5), scale=SCALE))
    assert (there.norm, there.radius) == ("l2", 0.5)
    assert (there.scale == SCALE).all()


def test_a_repair_that_leaves_the_ball_sends_the_point_home() -> None:
    there = region_of(problem(ROWS - 1, ROWS + 1), lambda points, _: points + 5)
    assert (there.towards(np.ones((4, 5)), np.arange(4)) == ROWS).all()


def test_distances_are_in_units_of_the_scale() -> None:
    moved = ROWS[:1] + np.array([[0.3, 0.2, 0, 0, 0]])
    at = np.array([0])
    assert region("linf").distance(moved, at) == pytest.approx([0.4])
    assert region("l2").distance(moved, at) == pytest.approx([0.5])
    assert region("l1").distance(moved, at) == pytest.approx([0.7])
    assert not region("linf").contains(moved, at).any()
    assert region("l2", 0.5).contains(moved, at).all()


def test_a_fixed_feature_that_moved_is_outside() -> None:
    moved = ROWS[:1].copy()
    moved[0, 3] += 0.5
    assert not region("linf").contains(moved, np.array([0])).any()


def test_a_box_is_a_region_of_radius_one() -> None:
    low, high = ROWS - np.float32(0.1), ROWS + np.float32(0.1)
    high[0, 0] = ROWS[0, 0]  # cut by what the data allow
    low[:, 1] = high[:, 1] = ROWS[:, 1]
    there = region_of(problem(low, high))
    assert there.free.tolist() == [0, 2, 3, 4]
    corner = there.towards(np.ones((4, 5)), np.arange(4))
    assert corner == pytest.approx(high)
    assert there.contains(corner, np.arange(4)).all()


def test_a_repair_has_the_last_word() -> None:
    there = region_of(
        problem(ROWS - 3, ROWS + 3),
        lambda points, which: ROWS[which] + np.round(points - ROWS[which]),
    )
    moved = there.towards(np.full((4, 5), 0.5), np.arange(4)) - ROWS
    assert moved == pytest.approx(np.round(moved), abs=1e-6)
