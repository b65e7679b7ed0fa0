"""Ordered enums: the order written is the order compared."""

from __future__ import annotations

import itertools

import pytest

from modelkeep.core import Confidence, Severity
from modelkeep.core.ordered import OrderedEnum


@pytest.mark.parametrize("kind", [Severity, Confidence])
def test_members_compare_in_the_order_they_are_written(kind: type[OrderedEnum]) -> None:
    for (low, a), (high, b) in itertools.product(enumerate(kind), repeat=2):
        assert (a < b, a <= b, a > b, a >= b) == (
            low < high,
            low <= high,
            low > high,
            low >= high,
        )


def test_the_maximum_is_the_worst() -> None:
    assert max([Severity.LOW, Severity.CRITICAL, Severity.INFO]) is Severity.CRITICAL
    assert [str(s) for s in sorted(Severity, reverse=True)] == [
        "critical",
        "high",
        "medium",
        "low",
        "info",
    ]


def test_rank_counts_from_zero() -> None:
    assert [member.rank for member in Confidence] == [0, 1, 2]


def test_members_stay_usable_as_keys() -> None:
    assert {Severity.HIGH: 1}[Severity("high")] == 1
