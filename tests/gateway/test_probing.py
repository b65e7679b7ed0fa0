"""Boundary searches are named from their geometry; honest rows and retries are not."""

from __future__ import annotations

import itertools

import pytest

import stream_samples as streams
from modelkeep.gateway.guard_set import close_distance
from modelkeep.gateway.probing import Probing
from modelkeep.gateway.stream import fit_projection


def guard() -> Probing:
    project = fit_projection(streams.digits().calibration)
    return Probing(
        project, close_distance(project(streams.digits().calibration)), streams.alarms()
    )


@pytest.mark.parametrize("attack", [streams.line_search, streams.boundary_walk])
def test_search_is_named_within_twenty_queries(attack: object) -> None:
    found = [streams.queries_until(guard(), attack(seed)) for seed in range(5)]  # type: ignore[operator]
    assert all(count is not None and count <= 20 for count in found), found


def test_honest_rows_and_retries_are_not() -> None:
    for seed in range(5):
        assert streams.queries_until(guard(), streams.honest(seed)) is None
    retried = itertools.chain.from_iterable([row] * 20 for row in streams.honest(9))
    assert streams.queries_until(guard(), retried, most=1000) is None
