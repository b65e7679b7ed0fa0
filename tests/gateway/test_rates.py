"""Rates are exact, per key, and who is over the limit costs others nothing."""

from __future__ import annotations

import pytest

from modelkeep.gateway.config import Serving
from modelkeep.gateway.interface import Principal
from modelkeep.gateway.limits import make_limits
from modelkeep.gateway.rates import Rate
from modelkeep.gateway.refusal import RefusalError


def test_admitted_cost_is_the_rate_to_one_percent() -> None:
    rate, now, admitted = Rate(100.0, 10.0), 0.0, 0
    for _ in range(100_000):
        now += 0.001
        if rate.wait("a", 1, now) == 0:
            rate.spend("a", 1, now)
            admitted += 1
    assert abs(admitted / 100.0 / now - 1) < 0.01


def test_keys_do_not_share_and_more_than_a_burst_never_passes() -> None:
    rate = Rate(1.0, 5.0)
    rate.spend("a", 5, 0.0)
    assert rate.wait("a", 1, 0.0) == pytest.approx(1.0)
    assert rate.wait("b", 5, 0.0) == 0
    assert rate.wait("b", 6, 0.0) == float("inf")


def test_refused_rows_spend_nothing_of_what_others_share() -> None:
    limits = make_limits(Serving(principal_rows=1.0, tenant_rows=2.0, burst_seconds=2.0))
    loud, quiet = (Principal(n, "t", frozenset(), frozenset()) for n in ("loud", "quiet"))
    limits.spend(loud, 2, 0.0)
    for _ in range(100):
        with pytest.raises(RefusalError, match="rows per second"):
            limits.spend(loud, 1, 0.0)
    limits.spend(quiet, 2, 0.0)


def test_places_are_given_back() -> None:
    limits = make_limits(Serving(principal_concurrency=1))
    who = Principal("a", "t", frozenset(), frozenset())
    with limits.running(who), pytest.raises(RefusalError) as refused, limits.running(who):
        pass
    assert refused.value.status == 429
    with limits.running(who):
        pass
