"""Fusing tests: a class that stands out in all tests, scale, and honest spread."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.assess.backdoor.suspicion import SPREAD, fuse

HONEST = {name: np.exp(np.linspace(-0.1, 0.1, 10)) for name in SPREAD}


def test_a_class_far_below_the_others_is_suspected() -> None:
    sizes = {name: np.where(np.arange(10) == 3, 0.1, found) for name, found in HONEST.items()}
    found = fuse(sizes, 0)
    assert found.place == 3
    assert found.suspected
    assert found.low <= found.value <= found.high
    assert set(found.by_test) == set(SPREAD)


def test_classes_like_each_other_are_not() -> None:
    assert not fuse(HONEST, 0).suspected


def test_a_large_index_alone_accuses_nobody() -> None:
    """Nearly equal classes make every difference stand apart."""
    sizes = {name: np.array([0.9] + [1.0] * 9) for name in SPREAD}
    found = fuse(sizes, 0)
    assert found.apart > 100
    assert not found.suspected


@settings(deadline=None, max_examples=15)
@given(st.floats(1e-3, 1e3), st.permutations(range(10)))
def test_units_and_order_of_classes_do_not_matter(scale: float, order: list[int]) -> None:
    sizes = {name: np.where(np.arange(10) == 3, 0.3, found) for name, found in HONEST.items()}
    moved = {name: scale * found[order] for name, found in sizes.items()}
    once, again = fuse(sizes, 0), fuse(moved, 0)
    assert order[again.place] == once.place
    assert abs(once.value - again.value) < 1e-6
